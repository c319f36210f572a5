-- Subjects: a decimal classification, as strict tables without rowids.
-- @revises 001

-- @upgrade
-- The key to the parent is deferred, so that a whole tree can be written in any order.
CREATE TABLE subjects (
    code TEXT NOT NULL PRIMARY KEY CHECK (code GLOB '[0-9]*' AND code NOT GLOB '*[^0-9.]*'),
    parent TEXT REFERENCES subjects (code) ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    flags INTEGER NOT NULL DEFAULT 0x00,
    extra ANY                                   -- in a strict table, ANY keeps what it is given
) STRICT, WITHOUT ROWID;

-- The same two options, the other way round, and a key without the name of its parent's column.
CREATE TABLE book_subjects (
    book_id INTEGER NOT NULL REFERENCES books ON DELETE CASCADE,
    subject TEXT NOT NULL REFERENCES subjects ON UPDATE CASCADE,
    weight REAL NOT NULL DEFAULT 1_000.5e-3,
    PRIMARY KEY (subject, book_id)
) WITHOUT ROWID, STRICT;

INSERT INTO subjects (code, parent, name, flags, extra) VALUES
    ('551.46', '551', 'Oceanography', 0x01 | 0x10, 1_500),
    ('551', '550', 'Geology and meteorology', 0X10, '1500'),
    ('550', '500', 'Earth sciences', 0x10, x'15'),
    ('500', NULL, 'Science', 0x00, 1.5e3),
    ('800', NULL, 'Literature', 0x00, NULL),
    ('823', '800', 'Fiction', 0xff & ~0x0f, NULL);

INSERT INTO book_subjects (book_id, subject) VALUES (1, '823'), (2, '823'), (3, '551'), (4, '551.46');

-- @downgrade
DROP TABLE book_subjects;
DROP TABLE subjects;
