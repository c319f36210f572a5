-- Drop the colours.
-- @revises 002
-- @destroys notes.colour a label says it better

-- @upgrade
ALTER TABLE notes DROP COLUMN colour;

-- @downgrade
ALTER TABLE notes ADD COLUMN colour TEXT;
