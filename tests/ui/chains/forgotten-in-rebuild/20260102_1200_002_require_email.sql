-- Every user has an email address.
-- @revises 001

-- @upgrade
CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL);
INSERT INTO users_new (id, email) SELECT id, coalesce(email, '') FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;

-- @downgrade
CREATE TABLE users_old (id INTEGER PRIMARY KEY, email TEXT);
INSERT INTO users_old (id, email) SELECT id, email FROM users;
DROP TABLE users;
ALTER TABLE users_old RENAME TO users;
CREATE INDEX users_by_email ON users (email);
