-- Encrypt the titles of the notes.
-- @revises 001
-- @job encrypt_notes

-- @upgrade
ALTER TABLE notes ADD COLUMN title BLOB;

-- @downgrade
ALTER TABLE notes DROP COLUMN title;
