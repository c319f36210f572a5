-- Create the tags.
-- @revises 001

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @upgrade
CREATE INDEX idx_notes_body ON notes (body);

-- @downgrade
DROP INDEX idx_notes_body;
DROP TABLE tags;
