-- Let tags have a parent.
-- @revises 001

-- @upgrade
PRAGMA foreign_keys = OFF;
ALTER TABLE notes ADD COLUMN parent INTEGER REFERENCES notes (id);

-- @downgrade
ALTER TABLE notes DROP COLUMN parent;
