-- Drop the plain text of the notes.
-- @revises 001
-- @requires encrypt_note
-- @destroys notes.body each note has its encrypted text

-- @upgrade
ALTER TABLE notes DROP COLUMN body;

-- @downgrade
ALTER TABLE notes ADD COLUMN body TEXT;
