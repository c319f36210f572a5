-- Create users and posts.
-- @revises base

-- @upgrade
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT,
    age INTEGER
) STRICT;

CREATE TABLE posts (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id),
    title TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE search USING fts5(title, content = 'posts', content_rowid = 'id');

-- @downgrade
DROP TABLE search;
DROP TABLE posts;
DROP TABLE users;
