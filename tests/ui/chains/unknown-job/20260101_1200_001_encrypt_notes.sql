-- Add the encrypted text of the notes.
-- @revises base
-- @job encrypt_notes

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT, encrypted BLOB);

-- @downgrade
DROP TABLE notes;
