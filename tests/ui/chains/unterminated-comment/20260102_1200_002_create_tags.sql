-- Add a title.
-- @revises 001

-- @upgrade
/* The old notes have none.
ALTER TABLE notes ADD COLUMN title TEXT;

-- @downgrade
ALTER TABLE notes DROP COLUMN title;
