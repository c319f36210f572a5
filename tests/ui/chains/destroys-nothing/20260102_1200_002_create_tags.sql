-- Create the tags.
-- @revises 001

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, colour TEXT);

-- @downgrade
DROP TABLE tags;
