-- Add a title.
-- @revises 001

-- @upgrade
ALTER TABLE notes ADD COLUMN title TEXT NOT NULL DEFAULT 'untitled;

-- @downgrade
ALTER TABLE notes DROP COLUMN title;
