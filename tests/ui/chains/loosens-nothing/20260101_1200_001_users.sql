-- Create the users.
-- @revises base

-- @upgrade
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT);

-- @downgrade
DROP TABLE users;
