-- Create the tags.
-- @revises 001

-- @upgarde
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
