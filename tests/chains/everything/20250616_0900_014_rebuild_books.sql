-- Rebuild the books, to a strict table: what ALTER TABLE cannot do is done by hand, and no child row is lost.
-- @revises 013
-- @assumes books(language) check the catalogue has only codes of two or three letters
--
-- SQLite's documentation gives twelve steps. Those about foreign keys and the transaction are revchain's. The others
-- are here: create the new table, copy the rows, drop the old one, rename the new one, and bring back what fell with
-- it (indexes and triggers) or had to go first (views: while `books` is missing, they let nothing be renamed). The
-- number from which AUTOINCREMENT counts on does not follow by itself.

-- @upgrade
DROP VIEW attention;
DROP VIEW catalogue;

CREATE TABLE books_new (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL CHECK (title <> ''),
    ISBN TEXT CONSTRAINT books_isbn_once UNIQUE
        CONSTRAINT books_isbn_form CHECK (length(replace(ISBN, '-', '')) IN (10, 13)),
    isbn_digits TEXT AS (replace(ISBN, '-', '')),
    language TEXT NOT NULL DEFAULT 'en' CHECK (language GLOB '[a-z][a-z]' OR language GLOB '[a-z][a-z][a-z]'),
    publisher_id INTEGER REFERENCES publishers (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    published INTEGER,
    century INTEGER GENERATED ALWAYS AS ((published + 99) / 100) VIRTUAL CHECK (century < 100),
    price REAL NOT NULL DEFAULT 0.00,
    weight REAL DEFAULT +2.5e-1 CHECK (weight > .0),
    shelf_offset INTEGER NOT NULL DEFAULT -1,
    handling INT DEFAULT 0x1F,
    cover BLOB DEFAULT x'89504e47',
    lendable INTEGER NOT NULL DEFAULT TRUE,
    note TEXT DEFAULT 'it''s new; -- not a comment',
    withdrawn_on TEXT DEFAULT NULL,
    added_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    added_on TEXT NOT NULL DEFAULT CURRENT_DATE,
    label TEXT NOT NULL DEFAULT ('B' || lower(hex(randomblob(4)))),
    -- An edition follows another. The key names the table as it will be called.
    edition_of INTEGER REFERENCES books (id) ON DELETE SET NULL
) STRICT;

INSERT INTO books_new (
    id, title, ISBN, language, publisher_id, published, price, weight, shelf_offset, handling, cover, lendable, note,
    withdrawn_on, added_at, added_on, label
)
SELECT
    id, title, ISBN, language, publisher_id, published, price, weight, shelf_offset, handling, cover, lendable, note,
    withdrawn_on, added_at, added_on, label
FROM books;
DELETE FROM sqlite_sequence WHERE name = 'books_new';
INSERT INTO sqlite_sequence (name, seq) SELECT 'books_new', seq FROM sqlite_sequence WHERE name = 'books';

DROP TABLE books;
ALTER TABLE books_new RENAME TO books;

CREATE INDEX books_by_title ON books (
    lower(CASE
        WHEN title LIKE 'The %' THEN substr(title, 5)
        WHEN title LIKE 'La %' THEN substr(title, 4)
        ELSE title
    END),
    published DESC
);
CREATE INDEX books_by_decade ON books (published / 10 * 10 DESC, language COLLATE BINARY ASC) WHERE published NOTNULL;
CREATE UNIQUE INDEX books_by_isbn_digits ON books (isbn_digits) WHERE isbn_digits IS NOT NULL;

CREATE TRIGGER book_search_insert AFTER INSERT ON books BEGIN
    INSERT INTO book_search (rowid, title, note, language) VALUES (new.id, new.title, new.note, new.language);
END;
CREATE TRIGGER book_search_delete AFTER DELETE ON books BEGIN
    INSERT INTO book_search (book_search, rowid, title, note, language)
    VALUES ('delete', old.id, old.title, old.note, old.language);
END;
CREATE TRIGGER book_search_update AFTER UPDATE OF title, note, language ON books BEGIN
    INSERT INTO book_search (book_search, rowid, title, note, language)
    VALUES ('delete', old.id, old.title, old.note, old.language);
    INSERT INTO book_search (rowid, title, note, language) VALUES (new.id, new.title, new.note, new.language);
END;

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
DROP VIEW catalogue;

CREATE TABLE books_old (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    ISBN TEXT CONSTRAINT books_isbn_once UNIQUE
        CONSTRAINT books_isbn_form CHECK (length(replace(ISBN, '-', '')) IN (10, 13)),
    title TEXT NOT NULL CHECK (title <> ''),
    language TEXT NOT NULL DEFAULT 'en' CHECK (length(language) = 2 AND language = lower(language)),
    publisher_id INTEGER REFERENCES publishers (id) ON DELETE SET NULL ON UPDATE CASCADE,
    published INTEGER,
    price DECIMAL(8, 2) NOT NULL DEFAULT 0.00,
    weight REAL DEFAULT +2.5e-1 CHECK (weight > .0),
    shelf_offset INTEGER NOT NULL DEFAULT -1,
    handling INT DEFAULT 0x1F,
    cover BLOB DEFAULT x'89504e47',
    lendable BOOLEAN NOT NULL DEFAULT TRUE,
    note VARCHAR(200) DEFAULT 'it''s new; -- not a comment',
    withdrawn_on TEXT DEFAULT NULL,
    added_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    added_on TEXT NOT NULL DEFAULT CURRENT_DATE,
    label TEXT NOT NULL DEFAULT ('B' || lower(hex(randomblob(4)))),
    isbn_digits TEXT AS (replace(ISBN, '-', '')),
    century INTEGER GENERATED ALWAYS AS ((published + 99) / 100) VIRTUAL CHECK (century < 100)
);

-- What had no two letters then is told to be English.
INSERT INTO books_old (
    id, ISBN, title, language, publisher_id, published, price, weight, shelf_offset, handling, cover, lendable, note,
    withdrawn_on, added_at, added_on, label
)
SELECT
    id, ISBN, title, iif(length(language) = 2, language, 'en'), publisher_id, published, price, weight, shelf_offset,
    handling, cover, lendable, note, withdrawn_on, added_at, added_on, label
FROM books;
DELETE FROM sqlite_sequence WHERE name = 'books_old';
INSERT INTO sqlite_sequence (name, seq) SELECT 'books_old', seq FROM sqlite_sequence WHERE name = 'books';

DROP TABLE books;
ALTER TABLE books_old RENAME TO books;
INSERT INTO book_search (book_search) VALUES ('rebuild');

CREATE INDEX books_by_title ON books (
    lower(CASE
        WHEN title LIKE 'The %' THEN substr(title, 5)
        WHEN title LIKE 'La %' THEN substr(title, 4)
        ELSE title
    END),
    published DESC
);
CREATE INDEX books_by_decade ON books (published / 10 * 10 DESC, language COLLATE BINARY ASC) WHERE published NOTNULL;
CREATE UNIQUE INDEX books_by_isbn_digits ON books (isbn_digits) WHERE isbn_digits IS NOT NULL;

CREATE TRIGGER book_search_insert AFTER INSERT ON books BEGIN
    INSERT INTO book_search (rowid, title, note, language) VALUES (new.id, new.title, new.note, new.language);
END;
CREATE TRIGGER book_search_delete AFTER DELETE ON books BEGIN
    INSERT INTO book_search (book_search, rowid, title, note, language)
    VALUES ('delete', old.id, old.title, old.note, old.language);
END;
CREATE TRIGGER book_search_update AFTER UPDATE OF title, note, language ON books BEGIN
    INSERT INTO book_search (book_search, rowid, title, note, language)
    VALUES ('delete', old.id, old.title, old.note, old.language);
    INSERT INTO book_search (rowid, title, note, language) VALUES (new.id, new.title, new.note, new.language);
END;

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
