-- Notes need no colour.
-- @revises 005

-- @upgrade
ALTER TABLE notes DROP COLUMN colour;

-- @downgrade
ALTER TABLE notes ADD COLUMN colour TEXT;
