-- Let accounts share an address.
-- @revises 001
-- @irreversible accounts may share an address now
-- @loosens users.email unique two accounts may share an address
-- @loosens users.nmae unique two accounts may share a name

-- @upgrade
CREATE TABLE users_new (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT);
INSERT INTO users_new SELECT id, email, name FROM users;
DROP TABLE users;
ALTER TABLE users_new RENAME TO users;
