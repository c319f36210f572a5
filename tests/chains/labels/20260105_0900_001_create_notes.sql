-- Create notes, each of a colour.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL, pinned INTEGER, colour TEXT);

-- @downgrade
DROP TABLE notes;
