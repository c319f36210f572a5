-- Reject empty names.
-- @revises 001
-- @irreversible the old table accepts empty names
-- @assumes users(name) check the program rejects empty names

-- @upgrade
CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT CHECK (name <> ''));
INSERT INTO users_new SELECT id, email, name FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
