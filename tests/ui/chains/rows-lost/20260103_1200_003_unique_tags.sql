-- No two tags have the same name.
-- @revises 002
-- @assumes tags(name) unique the program has always checked it

-- @upgrade
CREATE TABLE tags_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, colour TEXT);
INSERT INTO tags_new (id, name) SELECT id, name FROM tags;
DROP TABLE tags;
ALTER TABLE tags_new RENAME TO tags;

-- @downgrade
CREATE TABLE tags_old (id INTEGER PRIMARY KEY, name TEXT NOT NULL, colour TEXT);
INSERT INTO tags_old (id, name, colour) SELECT id, name, colour FROM tags;
DROP TABLE tags;
ALTER TABLE tags_old RENAME TO tags;
