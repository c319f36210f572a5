-- Create the tags.
-- @revises 001
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @upgrade
CREATE INDEX idx_tags ON tags (id);

-- @downgrade
DROP TABLE tags;
