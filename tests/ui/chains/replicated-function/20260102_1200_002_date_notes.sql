-- Date the notes.
-- @revises 001

-- @upgrade
ALTER TABLE notes ADD COLUMN created_at TEXT;
UPDATE notes SET created_at = datetime('now');

-- @downgrade
ALTER TABLE notes DROP COLUMN created_at;
