-- Add a rank.
-- @revises 003

-- @upgrade
VACUUM;
ALTER TABLE notes ADD COLUMN rank INTEGER;

-- @downgrade
ALTER TABLE notes DROP COLUMN rank;
