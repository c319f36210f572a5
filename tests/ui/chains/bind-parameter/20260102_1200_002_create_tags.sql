-- Add a first note.
-- @revises 001

-- @upgrade
INSERT INTO notes (id, body) VALUES (1, :body);

-- @downgrade
DELETE FROM notes WHERE id = 1;
