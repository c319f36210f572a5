-- Create numbers.
-- @revises base

-- @upgrade
CREATE TABLE numbers (n INTEGER PRIMARY KEY, square INTEGER NOT NULL);

-- @downgrade
DROP TABLE numbers;
