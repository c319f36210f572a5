-- Create the notes.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, colour TEXT);

-- @downgrade
DROP TABLE notes;
