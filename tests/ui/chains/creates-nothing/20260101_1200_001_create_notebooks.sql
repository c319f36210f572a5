-- Create the notebooks.
-- @revises base

-- @upgrade
CREATE TABLE notebooks (id INTEGER PRIMARY KEY, name TEXT NOT NULL);

-- @downgrade
DROP TABLE notebooks;
