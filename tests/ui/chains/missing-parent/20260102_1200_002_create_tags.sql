-- Create the tags.

-- @upgrade
CREATE TABLE tags (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE tags;
