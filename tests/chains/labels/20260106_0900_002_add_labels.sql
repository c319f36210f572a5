-- Add labels.
-- @revises 001
-- @compatible

-- @upgrade
CREATE TABLE labels (note INTEGER REFERENCES notes (id), label TEXT);

-- @downgrade
DROP TABLE labels;
