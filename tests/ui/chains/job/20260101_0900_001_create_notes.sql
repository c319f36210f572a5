-- Create the notes.
-- @revises base
-- @job shout

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);

-- @downgrade
DROP TABLE notes;
