-- A calendar that fills itself, and statistics that are made of it.
-- @revises 011

-- @upgrade
CREATE TABLE days (
    day TEXT PRIMARY KEY CHECK (day IS date(day)),
    weekday INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),
    opens TEXT DEFAULT '09:00',
    visitors INTEGER
) STRICT, WITHOUT ROWID;

-- 2025 has 365 days; 2^9 would be too many, so it is cut off.
WITH RECURSIVE
    doubled (n, height) AS (
        VALUES (0, 0)
        UNION ALL
        SELECT n * 2 + bit.value, height + 1 FROM doubled, (SELECT 0 AS value UNION SELECT 1) AS bit WHERE height < 9
    ),
    dates (day) AS (SELECT date('2025-01-01', format('+%d days', n)) FROM doubled WHERE height = 9 ORDER BY n LIMIT 365)
INSERT INTO days (day, weekday, opens, visitors)
SELECT
    day,
    1 + (strftime('%w', day) + 6) % 7,
    CASE strftime('%w', day) WHEN '0' THEN NULL WHEN '6' THEN '10:00' ELSE '09:00' END,
    iif(strftime('%w', day) = '0', NULL, 40 + (unixepoch(day) / 86400 * 2654435761 >> 7 & 0x3f))
FROM dates;

-- A table that is made of a query has its types from there, and no constraints.
CREATE TABLE months AS
SELECT
    substr(day, 1, 7) AS month,
    count(*) AS days_open,
    total(visitors) AS visitors,
    CAST(avg(visitors) AS INTEGER) AS per_day,
    max(visitors) FILTER (WHERE weekday = 6) AS best_saturday,
    group_concat(day, ' ' ORDER BY visitors DESC, day) FILTER (WHERE visitors >= 100) AS busiest
FROM days
WHERE opens IS NOT NULL
GROUP BY 1
HAVING count(*) > 0
ORDER BY 1;

CREATE TABLE weekly_figures (
    day TEXT NOT NULL PRIMARY KEY REFERENCES days (day),
    week TEXT NOT NULL,
    nth INTEGER, best_of_week INTEGER, worst_of_week INTEGER, third_of_week INTEGER,
    quarter INTEGER, share REAL, percentile REAL, position REAL, rolling REAL, around REAL, next_day INTEGER, others INTEGER
);
INSERT INTO weekly_figures
SELECT
    day,
    strftime('%G-W%V', day),
    row_number() OVER in_week,
    first_value(visitors) OVER by_visitors,
    last_value(visitors) OVER (by_visitors RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
    nth_value(visitors, 3) OVER (in_week ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
    ntile(4) OVER (ORDER BY day),
    1.0 * visitors / sum(visitors) OVER (PARTITION BY strftime('%G-W%V', day)),
    percent_rank() OVER by_size,
    cume_dist() OVER by_size,
    avg(visitors) OVER (ORDER BY day ROWS 6 PRECEDING),
    avg(visitors) FILTER (WHERE visitors IS NOT NULL) OVER (
        ORDER BY julianday(day) RANGE BETWEEN 3.5 PRECEDING AND 3.5 FOLLOWING EXCLUDE CURRENT ROW
    ),
    lead(visitors) OVER (ORDER BY day),
    count(*) OVER (ORDER BY visitors / 10 GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING EXCLUDE TIES)
FROM days
WINDOW
    in_week AS (PARTITION BY strftime('%G-W%V', day) ORDER BY day),
    by_week AS (PARTITION BY strftime('%G-W%V', day)),
    by_visitors AS (by_week ORDER BY visitors DESC NULLS LAST),
    by_size AS (ORDER BY visitors ASC NULLS FIRST);

-- @downgrade
DROP TABLE weekly_figures;
DROP TABLE months;
DROP TABLE days;
