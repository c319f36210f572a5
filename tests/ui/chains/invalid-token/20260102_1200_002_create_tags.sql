-- Add a rank.
-- @revises 001

-- @upgrade
ALTER TABLE notes ADD COLUMN rank INTEGER DEFAULT 1st;

-- @downgrade
ALTER TABLE notes DROP COLUMN rank;
