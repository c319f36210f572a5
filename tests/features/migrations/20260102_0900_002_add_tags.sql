-- Add tags of notes.
-- @revises 001

-- @upgrade
CREATE TABLE tags (note INTEGER NOT NULL REFERENCES notes (id), tag TEXT NOT NULL, PRIMARY KEY (note, tag));

-- @downgrade
DROP TABLE tags;
