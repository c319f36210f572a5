-- Create notes and tags.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, tag TEXT NOT NULL);
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

-- @downgrade
DROP TABLE tags;
DROP TABLE notes;
