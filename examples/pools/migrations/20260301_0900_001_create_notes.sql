-- Create notes.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);

-- @downgrade
DROP TABLE notes;
