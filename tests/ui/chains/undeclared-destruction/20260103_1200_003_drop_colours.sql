-- Tags need no colour.
-- @revises 002

-- @upgrade
ALTER TABLE tags DROP COLUMN colour;

-- @downgrade
ALTER TABLE tags ADD COLUMN colour TEXT;
