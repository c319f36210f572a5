-- Tags need no colour.
-- @revises 002
-- @destroys tags.colour nobody has ever seen it
-- @destroys notes.colour nobody has ever seen it

-- @upgrade
ALTER TABLE tags DROP COLUMN colour;

-- @downgrade
ALTER TABLE tags ADD COLUMN colour TEXT;
