-- Create the links.
-- @revises 001

-- @upgrade
CREATE TABLE links (id INTEGER PRIMARY KEY);

-- @downgrade
DROP TABLE links;
