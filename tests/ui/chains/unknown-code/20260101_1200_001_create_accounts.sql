-- Create the accounts.
-- @revises base

-- @upgrade
CREATE TABLE accounts (id INTEGER PRIMARY KEY, token TEXT NOT NULL);

-- @downgrade
DROP TABLE accounts;
