-- Add notes and their tags.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, colour TEXT);
CREATE TABLE tags (note_id INTEGER NOT NULL REFERENCES notes (id), tag TEXT NOT NULL);

-- @downgrade
DROP TABLE tags;
DROP TABLE notes;
