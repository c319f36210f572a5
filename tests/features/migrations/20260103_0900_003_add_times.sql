-- Add the time of each note.
-- @revises 002

-- @upgrade
ALTER TABLE notes ADD COLUMN made INTEGER;

-- @downgrade
ALTER TABLE notes DROP COLUMN made;
