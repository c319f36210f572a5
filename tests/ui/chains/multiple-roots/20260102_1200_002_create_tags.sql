-- Create the tags.
-- @revises base

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
