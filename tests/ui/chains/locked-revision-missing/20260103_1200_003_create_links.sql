-- Create the links.
-- @revises 002

-- @upgrade
CREATE TABLE links (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE links;
