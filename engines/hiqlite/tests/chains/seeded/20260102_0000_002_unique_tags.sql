-- Make the names of tags unique. On a cluster, this rebuild would delete all notes.
-- @revises 001
-- @assumes tags(name) unique The program has always checked this.

-- @upgrade
CREATE TABLE tags_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO tags_new SELECT id, name FROM tags;
DROP TABLE tags;
ALTER TABLE tags_new RENAME TO tags;

-- @downgrade
CREATE TABLE tags_old (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO tags_old SELECT id, name FROM tags;
DROP TABLE tags;
ALTER TABLE tags_old RENAME TO tags;
