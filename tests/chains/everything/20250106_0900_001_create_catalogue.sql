-- The catalogue: publishers, authors, books, and who wrote what.
-- @revises base

-- @upgrade
CREATE TABLE publishers (
    id INTEGER PRIMARY KEY AUTOINCREMENT,   -- printed on spine labels, so an id is never given twice
    name TEXT NOT NULL COLLATE NOCASE UNIQUE,
    city TEXT DEFAULT 'unknown'
);

CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    family_name TEXT NOT NULL,
    given_names TEXT NOT NULL DEFAULT '',
    born INTEGER CHECK (born BETWEEN -3000 AND 2100),
    died INTEGER,
    CONSTRAINT authors_die_after_birth CHECK (died IS NULL OR born IS NULL OR died >= born)
);

/* Defaults in every form that SQLite reads: text, signed numbers, a hexadecimal one, a blob, a truth value, the
   words for now, and an expression. Neither a semicolon; nor a "quote", nor an apostrophe ends what isn't SQL. */
CREATE TABLE books (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    isbn TEXT CONSTRAINT books_isbn_once UNIQUE
        CONSTRAINT books_isbn_form CHECK (length(replace(isbn, '-', '')) IN (10, 13)),
    title TEXT NOT NULL CHECK (title <> ''),
    language TEXT NOT NULL DEFAULT 'en' CHECK (length(language) = 2 AND language = lower(language)),
    publisher_id INTEGER REFERENCES publishers (id) ON DELETE SET NULL ON UPDATE CASCADE,
    published INTEGER,
    price DECIMAL(8, 2) NOT NULL DEFAULT 0.00,
    weight REAL DEFAULT +2.5e-1 CHECK (weight > .0),  -- kilograms
    shelf_offset INTEGER NOT NULL DEFAULT -1,
    handling INT DEFAULT 0x1F,                        /* a bit mask */
    cover BLOB DEFAULT x'89504e47',
    lendable BOOLEAN NOT NULL DEFAULT TRUE,
    note VARCHAR(200) DEFAULT 'it''s new; -- not a comment',
    withdrawn_on TEXT DEFAULT NULL,
    added_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
    added_on TEXT NOT NULL DEFAULT CURRENT_DATE,
    label TEXT NOT NULL DEFAULT ('B' || lower(hex(randomblob(4))))
);

CREATE TABLE book_authors (
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    position INTEGER NOT NULL DEFAULT 1 CHECK (position >= 1),
    role TEXT NOT NULL DEFAULT 'author' CHECK (role IN ('author', 'editor', 'translator')),
    PRIMARY KEY (book_id, author_id, role),
    UNIQUE (book_id, position)
);

INSERT INTO publishers (name, city) VALUES ('Harbour Press', 'Bristol'), ('Éditions du Quai', 'Nantes');
INSERT INTO publishers (name) VALUES ('Nordlys');

INSERT INTO authors (id, family_name, given_names, born, died) VALUES
    (1, 'Okafor', 'Adaeze', 1931, 2004),
    (2, 'Lindqvist', 'Per-Olof', 1888, 1951),
    (3, 'Marchand', 'Hélène', 1957, NULL),
    (4, 'Anonymous', '', NULL, NULL);

INSERT INTO books (id, isbn, title, language, publisher_id, published, price, added_at) VALUES
    (1, '978-1-4028-9462-6', 'The Salt Ledger', 'en', 1, 1968, 12.50, '2025-01-06 09:00:00'),
    (2, '2-1234-5680-2', 'La Marée basse', 'fr', 2, 1994, 18.90, '2025-01-06 09:00:00'),
    (3, NULL, 'Isens sprog', 'da', 3, 1921, 0.0, '2025-01-06 09:00:00'),
    (4, '978-0-306-40615-7', 'A Short Book of Tides', 'en', 1, NULL, 7.25, '2025-01-06 09:00:00');

INSERT INTO book_authors (book_id, author_id, position, role) VALUES
    (1, 1, 1, 'author'), (2, 3, 1, 'author'), (3, 2, 1, 'author'), (4, 4, 1, 'author'), (4, 3, 2, 'editor');

-- @downgrade
DROP TABLE book_authors;
DROP TABLE books;
DROP TABLE authors;
DROP TABLE publishers;
