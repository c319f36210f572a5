-- Fill numbers with 300,000 rows.
-- @revises 001

-- @upgrade
WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 300000)
INSERT INTO numbers (n, square) SELECT n, n * n FROM count;

-- @downgrade
DELETE FROM numbers;
