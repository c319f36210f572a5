-- Create the tags.
-- @revises 001

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL colour TEXT);
CREATE INDEX tags_by_name ON tags (name);

-- @downgrade
DROP TABLE tags;
