-- Create the notes.
-- @revises base
-- @job shout

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
-- @code welcome on rows

-- @downgrade
DROP TABLE notes;
