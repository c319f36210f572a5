-- Drop what nobody uses: colours and tags.
-- @revises 001
-- @destroys notes.colour nobody could see it
-- @destroys tags search has replaced them

-- @upgrade
ALTER TABLE notes DROP COLUMN colour;
DROP TABLE tags;

-- @downgrade
ALTER TABLE notes ADD COLUMN colour TEXT;
CREATE TABLE tags (note_id INTEGER NOT NULL REFERENCES notes (id), tag TEXT NOT NULL);
