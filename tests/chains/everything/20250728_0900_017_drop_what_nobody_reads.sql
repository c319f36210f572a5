-- Drop what nobody reads: tables, an index of pages, a last column, one in the middle, and one through a rebuild.
-- @revises 016
-- @destroys weekly_figures they are computed when they are asked for
-- @destroys lending_totals nobody looked at the totals
-- @destroys scanned_pages the scans are searched elsewhere
-- @destroys copies.condition it was never anything but good
-- @destroys fines.reason every fine is for being late
-- @destroys "order"."the ""last""; one" nobody knew what it was for

-- @upgrade
DROP TABLE weekly_figures;
DROP TABLE IF EXISTS scanned_pages;

-- A trigger of another table that writes to a table would fail without it, and does not fall with it.
DROP TRIGGER loans_are_counted;
DROP TRIGGER IF EXISTS loans_are_recounted;
DROP TABLE main.lending_totals;

ALTER TABLE copies DROP COLUMN condition;
ALTER TABLE "order" DROP "the ""last""; one";

-- This column is part of a key, so DROP COLUMN would refuse. What is generated is not copied.
CREATE TABLE fines_new (
    id INTEGER PRIMARY KEY,
    loan_id INTEGER NOT NULL REFERENCES loans (id) ON DELETE CASCADE,
    cents INTEGER NOT NULL CHECK (typeof(cents) = 'integer' AND cents > 0),
    paid INTEGER NOT NULL DEFAULT 0,
    shown TEXT NOT NULL GENERATED ALWAYS AS (format('%d.%02d', outstanding / 100, outstanding % 100)) VIRTUAL,
    outstanding INTEGER GENERATED ALWAYS AS (cents - paid) STORED CONSTRAINT fines_not_overpaid CHECK (outstanding >= 0),
    size TEXT COLLATE NOCASE AS (CASE WHEN cents >= 10_00 THEN 'Large' ELSE 'Small' END) STORED
);
INSERT INTO fines_new (id, loan_id, cents, paid) SELECT id, loan_id, cents, paid FROM fines;
DROP TABLE fines;
ALTER TABLE fines_new RENAME TO fines;
CREATE INDEX fines_outstanding ON fines (outstanding DESC, size) WHERE outstanding > 0;

-- @downgrade
-- Several fines of one loan had to differ in their reason.
CREATE TABLE fines_old (
    id INTEGER PRIMARY KEY,
    loan_id INTEGER NOT NULL REFERENCES loans (id) ON DELETE CASCADE,
    cents INTEGER NOT NULL CHECK (typeof(cents) = 'integer' AND cents > 0),
    paid INTEGER NOT NULL DEFAULT 0,
    shown TEXT NOT NULL GENERATED ALWAYS AS (format('%d.%02d', outstanding / 100, outstanding % 100)) VIRTUAL,
    outstanding INTEGER GENERATED ALWAYS AS (cents - paid) STORED CONSTRAINT fines_not_overpaid CHECK (outstanding >= 0),
    size TEXT COLLATE NOCASE AS (CASE WHEN cents >= 10_00 THEN 'Large' ELSE 'Small' END) STORED,
    reason TEXT NOT NULL DEFAULT 'late',
    UNIQUE (loan_id, reason, size)
);
INSERT INTO fines_old (id, loan_id, cents, paid, reason)
SELECT
    id, loan_id, cents, paid,
    iif(row_number() OVER (PARTITION BY loan_id, size ORDER BY id) = 1, 'late', 'late, no. ' || id)
FROM fines;
DROP TABLE fines;
ALTER TABLE fines_old RENAME TO fines;
CREATE INDEX fines_outstanding ON fines (outstanding DESC, size) WHERE outstanding > 0;

ALTER TABLE "order" ADD COLUMN "the ""last""; one" TEXT DEFAULT (NULL);

-- ADD COLUMN would put it last. Loans refer to copies, and stay.
CREATE TABLE copies_old (
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE ON UPDATE RESTRICT,
    number INTEGER NOT NULL DEFAULT 1,
    condition TEXT NOT NULL DEFAULT 'good' CHECK (condition IN ('new', 'good', 'worn', 'lost')),
    acquired_on TEXT NOT NULL DEFAULT (date('now', 'start of month')),
    price_paid NUMERIC CHECK (price_paid >= -0.0),
    PRIMARY KEY (book_id, number DESC) ON CONFLICT IGNORE,
    CHECK (number BETWEEN +1 AND 9_999)
);
INSERT INTO copies_old (book_id, number, acquired_on, price_paid)
SELECT book_id, number, acquired_on, price_paid FROM copies;
DROP TABLE copies;
ALTER TABLE copies_old RENAME TO copies;
CREATE TRIGGER copies_are_not_renumbered UPDATE OF number ON copies WHEN new.number < old.number BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TABLE lending_totals (patron INTEGER PRIMARY KEY, loans INTEGER NOT NULL DEFAULT 0, last_loan INTEGER);
INSERT INTO lending_totals (patron, loans, last_loan)
SELECT patron_id, count(*), max(lent_at) FROM loans GROUP BY patron_id;
CREATE TRIGGER loans_are_counted AFTER INSERT ON loans BEGIN
    INSERT INTO lending_totals (patron, loans, last_loan) VALUES (new.patron_id, 1, new.lent_at)
    ON CONFLICT (patron) DO UPDATE SET (loans, last_loan) = (loans + 1, max(coalesce(last_loan, 0), excluded.last_loan));
END;
CREATE TRIGGER loans_are_recounted AFTER DELETE ON loans BEGIN
    UPDATE lending_totals
    SET loans = found.number, last_loan = found.last
    FROM (SELECT count(*) AS number, max(lent_at) AS last FROM loans WHERE patron_id = old.patron_id) AS found
    WHERE lending_totals.patron = old.patron_id;
    UPDATE OR IGNORE lending_totals SET last_loan = NULL WHERE loans = 0;
END;

CREATE VIRTUAL TABLE scanned_pages USING fts5(page_text, content='', contentless_delete=1, detail=none);
CREATE TABLE weekly_figures (
    day TEXT NOT NULL PRIMARY KEY REFERENCES days (day),
    week TEXT NOT NULL,
    nth INTEGER, best_of_week INTEGER, worst_of_week INTEGER, third_of_week INTEGER,
    quarter INTEGER, share REAL, percentile REAL, position REAL, rolling REAL, around REAL, next_day INTEGER, others INTEGER
);
