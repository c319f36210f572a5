-- Create the tags.
-- @revises 01

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
