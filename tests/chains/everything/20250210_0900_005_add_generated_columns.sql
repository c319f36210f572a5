-- Generated columns, virtual and stored, and fines that are made of them.
-- @revises 004

-- @upgrade
-- ALTER TABLE can add a virtual one only.
ALTER TABLE books ADD COLUMN isbn_digits TEXT AS (replace(isbn, '-', ''));
ALTER TABLE books ADD COLUMN century INTEGER GENERATED ALWAYS AS ((published + 99) / 100) VIRTUAL CHECK (century < 100);
CREATE UNIQUE INDEX books_by_isbn_digits ON books (isbn_digits) WHERE isbn_digits IS NOT NULL;

CREATE TABLE fines (
    id INTEGER PRIMARY KEY,
    loan_id INTEGER NOT NULL REFERENCES loans (id) ON DELETE CASCADE,
    cents INTEGER NOT NULL CHECK (typeof(cents) = 'integer' AND cents > 0),
    paid INTEGER NOT NULL DEFAULT 0,
    -- One may be made of another, in any order.
    shown TEXT NOT NULL GENERATED ALWAYS AS (format('%d.%02d', outstanding / 100, outstanding % 100)) VIRTUAL,
    outstanding INTEGER GENERATED ALWAYS AS (cents - paid) STORED CONSTRAINT fines_not_overpaid CHECK (outstanding >= 0),
    size TEXT COLLATE NOCASE AS (CASE WHEN cents >= 10_00 THEN 'Large' ELSE 'Small' END) STORED,
    reason TEXT NOT NULL DEFAULT 'late',
    UNIQUE (loan_id, reason, size)
);
CREATE INDEX fines_outstanding ON fines (outstanding DESC, size) WHERE outstanding > 0;

INSERT INTO fines (loan_id, cents, paid) VALUES (4, 150, 50), (4, 1200, 0);

-- @downgrade
DROP TABLE fines;
DROP INDEX books_by_isbn_digits;
ALTER TABLE books DROP COLUMN century;
ALTER TABLE books DROP COLUMN isbn_digits;
