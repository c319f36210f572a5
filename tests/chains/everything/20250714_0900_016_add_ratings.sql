-- Ratings, and rows that are moved about in every way that there is.
-- @revises 015
-- @assumes search_suggestions(seen) check the program only counts up

-- @upgrade
CREATE TABLE ratings (
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    patron_id INTEGER NOT NULL REFERENCES patrons (id) ON DELETE CASCADE,
    stars INTEGER NOT NULL CHECK (stars BETWEEN 1 AND 5),
    at INTEGER NOT NULL DEFAULT (unixepoch()),
    times INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (book_id, patron_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX ratings_one_favourite ON ratings (patron_id) WHERE stars = 5;

INSERT INTO ratings (book_id, patron_id, stars, at) VALUES (1, 1, 4, 100), (2, 1, 5, 200), (1, 3, 2, 300);

-- Who rates a book again means the newer stars; a second favourite is none.
INSERT INTO ratings AS r (book_id, patron_id, stars, at) VALUES (1, 1, 3, 400), (1, 3, 1, 50), (3, 1, 5, 500)
ON CONFLICT (book_id, patron_id) DO UPDATE
    SET (stars, at) = (excluded.stars, excluded.at), times = r.times + 1
    WHERE excluded.at > r.at
ON CONFLICT (patron_id) WHERE stars = 5 DO NOTHING
RETURNING book_id, stars * 20 AS percent, *;

INSERT OR IGNORE INTO ratings (book_id, patron_id, stars) VALUES (1, 1, 1), (4, 1, 2);
INSERT OR REPLACE INTO ratings (book_id, patron_id, stars, at)
SELECT book_id, patron_id, 1, at FROM ratings WHERE (book_id, patron_id) = (4, 1);
REPLACE INTO ratings (book_id, patron_id, stars, at) VALUES (4, 3, 5, 600);
UPDATE OR IGNORE ratings SET stars = 5 WHERE patron_id = 3;
UPDATE OR REPLACE ratings SET times = times + 1 WHERE (book_id, patron_id) IN (VALUES (1, 1), (4, 3)) RETURNING *;

-- What can be counted is kept beside the authors.
ALTER TABLE authors ADD COLUMN books_written INTEGER NOT NULL DEFAULT 0
    CONSTRAINT authors_books_written CHECK (books_written >= 0);
ALTER TABLE authors ADD average_stars REAL DEFAULT NULL;
ALTER TABLE authors ADD COLUMN sort_name TEXT COLLATE NOCASE AS (family_name || ', ' || given_names);
ALTER TABLE authors ADD COLUMN succeeded_by INTEGER REFERENCES authors (id) ON DELETE SET NULL;

WITH
    written (author_id, number) AS (SELECT author_id, count(*) FROM book_authors GROUP BY author_id),
    rated (author_id, stars) AS (
        SELECT ba.author_id, avg(r.stars) FROM book_authors AS ba NATURAL JOIN ratings AS r GROUP BY ba.author_id
    )
UPDATE authors AS a
SET books_written = written.number, average_stars = round(rated.stars, 2)
FROM written LEFT JOIN rated USING (author_id)
WHERE a.id = written.author_id;
UPDATE authors
SET (average_stars, books_written) = (SELECT coalesce(authors.average_stars, 0.0), authors.books_written)
WHERE average_stars IS NULL AND NOT EXISTS (SELECT 1 FROM book_authors WHERE author_id = authors.id);

WITH RECURSIVE countdown (n) AS (SELECT 3 UNION ALL SELECT n - 1 FROM countdown WHERE n > 1)
INSERT INTO search_suggestions (word, seen, example)
SELECT format('volume %d', n), n, NULL FROM countdown ORDER BY n DESC;
WITH rare AS (SELECT word FROM search_suggestions INDEXED BY sqlite_autoindex_search_suggestions_1 WHERE seen <= 1)
DELETE FROM search_suggestions NOT INDEXED WHERE word IN rare AND word LIKE 'volume %' RETURNING word;

-- The other way to rebuild a table: the old one steps aside. Foreign keys and views would follow it, so this is for
-- a table that nothing refers to.
ALTER TABLE search_suggestions RENAME TO search_suggestions_before;
CREATE TABLE search_suggestions (
    word TEXT NOT NULL PRIMARY KEY COLLATE NOCASE,
    example TEXT,
    seen INTEGER NOT NULL DEFAULT 0 CHECK (seen >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO search_suggestions (word, example, seen)
SELECT lower(word), max(example), sum(seen) FROM search_suggestions_before GROUP BY lower(word);
DROP TABLE search_suggestions_before;

-- @downgrade
ALTER TABLE search_suggestions RENAME TO search_suggestions_after;
CREATE TABLE search_suggestions (word TEXT PRIMARY KEY, seen INTEGER NOT NULL, example TEXT) WITHOUT ROWID;
INSERT INTO search_suggestions (word, seen, example)
SELECT word, seen, example FROM search_suggestions_after WHERE word NOT LIKE 'volume %';
DROP TABLE search_suggestions_after;

ALTER TABLE authors DROP COLUMN succeeded_by;
ALTER TABLE authors DROP COLUMN sort_name;
ALTER TABLE authors DROP COLUMN average_stars;
ALTER TABLE authors DROP COLUMN books_written;
DROP TABLE ratings;
