-- Add prices.
-- @revises 001

-- @upgrade
ALTER TABLE items ADD COLUMN price INTEGER NOT NULL DEFAULT 0;

-- @downgrade
ALTER TABLE items DROP COLUMN price;
