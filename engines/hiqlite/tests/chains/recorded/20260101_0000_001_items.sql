-- Create items.
-- @revises base
-- @was hiqlite:1

-- @upgrade
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

-- @downgrade
DROP TABLE items;
