-- Insert the first item.
-- @revises 001
-- @was hiqlite:2

-- @upgrade
INSERT INTO items (name) VALUES ('first');

-- @downgrade
DELETE FROM items WHERE name = 'first';
