-- Create tags.
-- @revises 001

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);
PRAGMA optimize;

-- @downgrade
DROP TABLE tags;
