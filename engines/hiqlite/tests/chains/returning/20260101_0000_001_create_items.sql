-- Create items with statements that return rows.
-- @revises base

-- @upgrade
CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO items (name) VALUES ('a'), ('b') RETURNING id, name, x'ff';
SELECT id, name FROM items ORDER BY id;
UPDATE items SET name = upper(name) WHERE id = 1 RETURNING name;

-- @downgrade
DROP TABLE items;
