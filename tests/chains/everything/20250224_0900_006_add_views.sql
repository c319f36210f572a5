-- Views: joins, aggregates, common table expressions, recursion, window functions, and a view of a view.
-- @revises 005

-- @upgrade
CREATE VIEW catalogue (book_id, title, authors, editors, publisher, subjects) AS
SELECT
    b.id,
    b.title,
    (SELECT string_agg(trim(a.given_names || ' ' || a.family_name), '; ' ORDER BY ba.position)
     FROM book_authors AS ba JOIN authors AS a ON a.id = ba.author_id
     WHERE ba.book_id = b.id AND ba.role = 'author'),
    (SELECT group_concat(DISTINCT a.family_name)
     FROM book_authors ba, authors a
     WHERE ba.book_id = b.id AND ba.role = 'editor' AND a.id = ba.author_id),
    coalesce(p.name, '—'),
    (SELECT count(*) FROM book_subjects WHERE book_id = b.id)
FROM books AS b LEFT OUTER JOIN publishers AS p ON p.id = b.publisher_id
WHERE b.withdrawn_on IS NULL;

CREATE VIEW subject_paths AS
WITH RECURSIVE paths (code, depth, path) AS (
    SELECT code, 0, name FROM subjects WHERE parent IS NULL
    UNION ALL
    SELECT s.code, p.depth + 1, p.path || ' › ' || s.name
    FROM paths AS p INNER JOIN subjects AS s ON s.parent = p.code
    ORDER BY 2 DESC, 1
)
SELECT code, depth, substr('........', 1, depth * 2) || path AS path FROM paths;

CREATE VIEW member_activity AS
SELECT
    m.id AS member_id,
    m.name AS name,
    l.lent_at AS lent_at,
    row_number() OVER by_time AS nth_loan,
    lag(l.lent_at, 1, 0) OVER by_time AS loan_before,
    count(*) FILTER (WHERE l.returned_at IS NULL) OVER (PARTITION BY m.id) AS open_loans,
    sum(l.due_at - l.lent_at) OVER (by_time ROWS BETWEEN 2 PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS) AS lately,
    dense_rank() OVER (ORDER BY l.lent_at DESC NULLS LAST) AS recency
FROM members AS m LEFT JOIN loans AS l ON l.member_id = m.id
WINDOW by_time AS (PARTITION BY m.id ORDER BY l.lent_at)
ORDER BY m.name COLLATE NOCASE, nth_loan;

CREATE VIEW overdue_loans (loan_id, member_id, days_late, status, is_a_child) AS
WITH
    now (at) AS NOT MATERIALIZED (SELECT unixepoch()),
    -- With names of its own, what is selected here can be renamed one day: SQLite does not follow it further.
    late (loan, borrower, days) AS MATERIALIZED (
        SELECT id, member_id, (now.at - due_at) / 86_400
        FROM loans CROSS JOIN now
        WHERE returned_at ISNULL AND due_at < now.at
    )
SELECT
    late.loan,
    late.borrower,
    late.days,
    CASE WHEN late.days > 365 THEN 'lost' WHEN late.days BETWEEN 60 AND 365 THEN 'stern letter' ELSE 'reminder' END,
    iif(EXISTS (SELECT 1 FROM members AS m WHERE m.id = late.borrower AND m.guardian_id IS NOT NULL), 'yes', 'no')
FROM late
ORDER BY late.days DESC NULLS LAST
LIMIT -1 OFFSET 0;

-- A view of views, and of rows that are in no table.
CREATE VIEW attention AS
SELECT 'overdue' AS what, loan_id AS id, status AS detail FROM overdue_loans
UNION ALL
SELECT 'uncatalogued', book_id, title FROM catalogue WHERE (authors, subjects) IS (NULL, 0)
UNION ALL
SELECT * FROM (VALUES ('desk', 0, 'count the till'), ('desk', 1, 'wind the clock'))
EXCEPT
SELECT 'overdue', id, 'reminder' FROM loans
WHERE book_id IN (SELECT id FROM books INTERSECT SELECT book_id FROM reservations)
ORDER BY 1, 2;

-- @downgrade
DROP VIEW attention;
DROP VIEW overdue_loans;
DROP VIEW member_activity;
DROP VIEW subject_paths;
DROP VIEW catalogue;
