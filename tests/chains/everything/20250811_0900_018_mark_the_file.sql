-- Mark the file as this library's, and see to its statistics.
-- @revises 017
--
-- The statistics that ANALYZE gathers are no part of the schema; a downgrade leaves them.

-- @upgrade
PRAGMA application_id = 0x4c494252;
PRAGMA main.user_version = 18;

REINDEX;
REINDEX NOCASE;
REINDEX main.books;
REINDEX loans_open_once;
ANALYZE;
ANALYZE main.loans;
ANALYZE "order: by größe; and more";

PRAGMA foreign_key_check(loans);
PRAGMA integrity_check;
PRAGMA quick_check(books);
PRAGMA optimize;

-- Pragmas that only tell something are tables, too.
CREATE TABLE column_descriptions AS
SELECT t.name AS table_name, c.name AS column_name, c.cid AS position, lower(c.type) AS type, NULL AS description
FROM pragma_table_list AS t JOIN pragma_table_xinfo(t.name) AS c
WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\' AND t.name = 'books'
ORDER BY c.cid;
EXPLAIN QUERY PLAN SELECT * FROM column_descriptions WHERE table_name = 'books';

-- @downgrade
DROP TABLE column_descriptions;
PRAGMA user_version = 0;
PRAGMA application_id = 0;
