-- Create notes, with a full-text index.
-- @revises base

-- @upgrade
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE VIRTUAL TABLE found USING fts5 (body, content = 'notes', content_rowid = 'id');

-- @downgrade
DROP TABLE found;
DROP TABLE notes;
