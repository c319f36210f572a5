-- Create the tags.
-- @revises 003

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
