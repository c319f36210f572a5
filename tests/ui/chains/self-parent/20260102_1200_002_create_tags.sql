-- Create the tags.
-- @revises 002

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
