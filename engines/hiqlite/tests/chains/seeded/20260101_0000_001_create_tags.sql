-- Create tags and notes, and the first of both.
-- @revises base

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE
);
INSERT INTO tags VALUES (1, 'first');
INSERT INTO notes VALUES (1, 1);

-- @downgrade
DROP TABLE notes;
DROP TABLE tags;
