-- Add owners.
-- @revises 001

-- @upgrade
CREATE TABLE owners (id INTEGER PRIMARY KEY, item INTEGER NOT NULL REFERENCES items (id));

-- @downgrade
DROP TABLE owners;
