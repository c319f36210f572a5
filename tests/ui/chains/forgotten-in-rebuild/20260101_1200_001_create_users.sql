-- Add users.
-- @revises base

-- @upgrade
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);
CREATE INDEX users_by_email ON users (email);

-- @downgrade
DROP TABLE users;
