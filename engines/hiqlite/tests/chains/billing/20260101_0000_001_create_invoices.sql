-- Create invoices, in the database of another chain.
-- @revises base

-- @upgrade
CREATE TABLE invoices (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL);

-- @downgrade
DROP TABLE invoices;
