-- @revises 003

-- @upgrade
CREATE TABLE links (id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES notes (id), url TEXT NOT NULL);

-- @downgrade
DROP TABLE links;
