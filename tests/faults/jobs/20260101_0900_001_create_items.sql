-- Create the items.
-- @revises base
-- @job raise

-- @upgrade
CREATE TABLE items (id INTEGER PRIMARY KEY, done INTEGER NOT NULL);

-- @downgrade
DROP TABLE items;
