-- Create the notes.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);

-- @downgrade
DROP TABLE notes;
