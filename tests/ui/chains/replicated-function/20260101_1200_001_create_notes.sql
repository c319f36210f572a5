-- Create notes.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, title TEXT NOT NULL);

-- @downgrade
DROP TABLE notes;
