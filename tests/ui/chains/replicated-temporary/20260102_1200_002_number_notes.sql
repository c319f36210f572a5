-- Number the notes.
-- @revises 001

-- @upgrade
CREATE TEMP TABLE numbers AS SELECT id, row_number() OVER (ORDER BY id) AS number FROM notes;
ALTER TABLE notes ADD COLUMN number INTEGER;
UPDATE notes SET number = (SELECT number FROM numbers WHERE numbers.id = notes.id);
DROP TABLE numbers;

-- @downgrade
ALTER TABLE notes DROP COLUMN number;
