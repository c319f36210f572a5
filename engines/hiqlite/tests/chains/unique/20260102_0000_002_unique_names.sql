-- Make names unique.
-- @revises 001
-- @assumes items(name) unique The program has always checked this.

-- @upgrade
ALTER TABLE items ADD COLUMN price INTEGER NOT NULL DEFAULT 0;
CREATE INDEX items_price ON items (price);
CREATE UNIQUE INDEX items_name ON items (name);

-- @downgrade
DROP INDEX items_name;
DROP INDEX items_price;
ALTER TABLE items DROP COLUMN price;
