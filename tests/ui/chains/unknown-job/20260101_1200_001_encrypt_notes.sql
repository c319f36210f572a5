-- Add the encrypted text of the notes.
-- @revises base
-- @job encrypt_notes

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, encrypted BLOB, body TEXT);

-- @downgrade
DROP TABLE notes;
