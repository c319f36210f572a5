-- Add a color.
-- @revises 002

-- @upgrade
ALTER TABLE tags ADD COLUMN color TEXT;

-- @downgrade
ALTER TABLE tags DROP COLUMN color;
