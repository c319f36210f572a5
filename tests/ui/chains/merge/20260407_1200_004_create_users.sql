-- Create the users.
-- @revises base

-- @upgrade
CREATE TABLE users (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE users;
