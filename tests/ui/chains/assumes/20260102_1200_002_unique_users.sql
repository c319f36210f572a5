-- Make the email unique with the name.
-- @revises 001
-- @assumes users(email, "name") unique the program has always checked it

-- @upgrade
CREATE UNIQUE INDEX users_by_email ON users (email, name);

-- @downgrade
DROP INDEX users_by_email;
