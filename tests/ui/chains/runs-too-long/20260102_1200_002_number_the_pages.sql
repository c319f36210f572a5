-- Number the pages.
-- @revises 001

-- @upgrade
CREATE TABLE pages (number INTEGER PRIMARY KEY);
WITH RECURSIVE page (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM page)
INSERT INTO pages SELECT number FROM page;

-- @downgrade
DROP TABLE pages;
