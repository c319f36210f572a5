-- Create tags and notes.
-- @revises base

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE
);

-- @downgrade
DROP TABLE notes;
DROP TABLE tags;
