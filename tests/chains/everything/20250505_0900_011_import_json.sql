-- Import what the union catalogue sends, which is JSON.
-- @revises 010

-- @upgrade
CREATE TABLE imports (
    id INTEGER PRIMARY KEY,
    payload BLOB NOT NULL DEFAULT (jsonb('{"source": "unknown", "records": []}')) CHECK (json_valid(payload, 8)),
    source TEXT NOT NULL AS (payload ->> '$.source') STORED,
    number_of_records INTEGER AS (json_array_length(payload, '$.records')),
    UNIQUE (source, id)
);
CREATE INDEX imports_by_batch ON imports (payload ->> '$.batch.id', json_extract(payload, '$.batch.day') DESC)
WHERE json_type(payload, '$.batch') = 'object';

CREATE TABLE import_fields (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    type TEXT NOT NULL,
    value ANY,
    PRIMARY KEY (import_id, path)
) STRICT, WITHOUT ROWID;

-- What a record lacks stays out of the objects that are made of it.
CREATE VIEW imported_records (import_id, position, isbn, title, record) AS
SELECT
    i.id, r.key, r.value ->> 'isbn', r.value ->> '$.title',
    json_patch(json_object('isbn', r.value -> 'isbn', 'from', i.source), json_remove(r.value, '$.isbn', '$.authors'))
FROM imports AS i, json_each(i.payload, '$.records') AS r;

INSERT INTO imports (id, payload) VALUES (1, jsonb('{
    "source": "union catalogue",
    "batch": {"id": "2025-05", "day": 5},
    "records": [
        {"isbn": "978-3-16-148410-0", "title": "Wetterkunde; ein \"Lehrbuch\"", "year": 1933, "language": "de",
            "authors": [{"family": "Stein", "given": "Klara"}]},
        {"isbn": "978-0-306-40615-7", "title": "A short book of tides", "year": 1902, "language": "en", "authors": []},
        {"isbn": "0-19-852663-6", "title": "Ice and Its Names", "year": null, "language": "en",
            "authors": [{"family": "Nuttall"}, {"family": "Stein", "given": "Klara"}]}
    ]
}'));
INSERT INTO imports DEFAULT VALUES;

INSERT INTO import_fields (import_id, path, type, value)
SELECT imports.id, tree.fullkey, tree.type, tree.atom
FROM imports JOIN json_tree(imports.payload) AS tree
WHERE tree.type NOT IN ('object', 'array');

-- A book that is known only gets the year that it lacks. (Without WHERE, SQLite would take ON for that of a join.)
INSERT INTO books (isbn, title, language, published, added_at)
SELECT value ->> 'isbn', value ->> 'title', value ->> 'language', value ->> 'year', '2025-05-05 09:00:00'
FROM imports, json_each(payload -> '$.records')
WHERE TRUE
ON CONFLICT (isbn) DO UPDATE SET published = coalesce(published, excluded.published) WHERE published IS NULL;

INSERT INTO authors (id, family_name, given_names)
SELECT 100 + dense_rank() OVER (ORDER BY family, given), family, given
FROM (
    SELECT DISTINCT a.value ->> 'family' AS family, ifnull(a.value ->> 'given', '') AS given
    FROM imports, json_each(payload, '$.records') AS r, json_each(r.value, '$.authors') AS a
);
INSERT INTO book_authors (book_id, author_id, position)
SELECT books.id, authors.id, a.key + 1
FROM imports
    JOIN json_each(payload, '$.records') AS r
    JOIN json_each(r.value -> 'authors') AS a
    JOIN books ON books.isbn = r.value ->> 'isbn'
    JOIN authors ON (family_name, given_names) = (a.value ->> 'family', coalesce(a.value ->> 'given', ''));

UPDATE imports
SET payload = jsonb_set(
    jsonb_insert(payload, '$.done', jsonb('true')), '$.records[#]', json_object('note', json_quote('end'))
)
WHERE payload -> 'batch' ->> 'id' = '2025-05' AND json_array_length(payload -> '$.records') > 0;
UPDATE imports
SET payload = jsonb_replace(jsonb_remove(payload, '$.records[#-1]'), '$.batch.day', json('6'))
WHERE payload ->> '$.records[#-1].note' IS NOT NULL;

CREATE TABLE import_summaries (source TEXT PRIMARY KEY, summary TEXT NOT NULL CHECK (json_valid(summary)));
INSERT INTO import_summaries (source, summary)
SELECT source, json_group_object(path, type ORDER BY path) FILTER (WHERE type <> 'null')
FROM imports LEFT JOIN import_fields ON import_id = id
GROUP BY source
HAVING count(path) > 0;

-- @downgrade
DROP TABLE import_summaries;
DELETE FROM book_authors WHERE author_id BETWEEN 101 AND 102;
DELETE FROM authors WHERE id BETWEEN 101 AND 102;
DELETE FROM books WHERE isbn IN ('978-3-16-148410-0', '0-19-852663-6');
UPDATE books SET published = NULL WHERE isbn = '978-0-306-40615-7';
DROP VIEW imported_records;
DROP TABLE import_fields;
DROP TABLE imports;
