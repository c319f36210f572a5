-- Create the accounts and their roles.
-- @revises base

-- @upgrade
CREATE TABLE roles (name TEXT PRIMARY KEY);
CREATE TABLE accounts (id INTEGER PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL REFERENCES roles (name));
INSERT INTO roles (name) VALUES ('admin'), ('reader');

-- @downgrade
DROP TABLE accounts;
DROP TABLE roles;
