-- Rename the name.
-- @revises 002

-- @upgrade
ALTER TABLE items RENAME COLUMN name TO title;

-- @downgrade
ALTER TABLE items RENAME COLUMN title TO name;
