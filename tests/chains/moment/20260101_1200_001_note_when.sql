-- Note when the database was made, which is another time for each.
-- @revises base

-- @upgrade
CREATE TABLE made (at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, note TEXT);
INSERT INTO made (note) VALUES ('first');

-- @downgrade
DROP TABLE made;
