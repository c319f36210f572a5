-- Create items.
-- @revises base

-- @upgrade
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

-- @downgrade
DROP TABLE items;
