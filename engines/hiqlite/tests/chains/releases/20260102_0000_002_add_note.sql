-- Add a note, which older programs leave empty.
-- @revises 001
-- @compatible

-- @upgrade
ALTER TABLE items ADD COLUMN note TEXT;

-- @downgrade
ALTER TABLE items DROP COLUMN note;
