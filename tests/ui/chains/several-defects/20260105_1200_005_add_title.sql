-- Add a title.
-- @revises 004

-- @upgrade
ALTER TABLE notes ADD COLUMN title TEXT DEFAULT ?;

-- @downgrade
ALTER TABLE notes DROP COLUMN title;
