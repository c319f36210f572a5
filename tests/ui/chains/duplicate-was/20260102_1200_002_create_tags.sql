-- Create the tags.
-- @revises 001
-- @was sqlx:20240101000001

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
