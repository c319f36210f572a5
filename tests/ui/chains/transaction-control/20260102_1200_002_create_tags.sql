-- Create the tags.
-- @revises 001

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);
COMMIT;

-- @downgrade
DROP TABLE tags;
