-- Create the notes.
-- @revises base
-- @was sqlx:20240101000001

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);

-- @downgrade
DROP TABLE notes;
