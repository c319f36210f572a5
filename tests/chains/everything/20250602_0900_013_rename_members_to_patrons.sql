-- Members are called patrons from now on, in tables, columns, views and triggers.
-- @revises 012
--
-- SQLite follows a new name into foreign keys, indexes, views and triggers, so each is said once. A name that is
-- given anew destroys nothing, not even where another table takes the old name at once, as `months` does here.

-- @upgrade
ALTER TABLE members RENAME TO patrons;
ALTER TABLE patrons RENAME COLUMN card TO card_number;
ALTER TABLE patrons RENAME status TO standing;
ALTER TABLE loans RENAME COLUMN member_id TO patron_id;
ALTER TABLE reservations RENAME COLUMN member_id TO patron_id;
ALTER TABLE lending_totals RENAME COLUMN member_id TO "patron";
-- Only the case is another.
ALTER TABLE books RENAME COLUMN isbn TO ISBN;

-- The name of an index cannot be changed.
DROP INDEX members_by_card_number;
CREATE UNIQUE INDEX patrons_by_card_number ON patrons (
    CAST(substr(card_number, instr(card_number, '-') + 1) AS INTEGER), substr(card_number, 1, 1)
);

-- The months of 2025 are closed; those that follow have constraints, and fewer columns.
ALTER TABLE months RENAME TO months_2025;
CREATE TABLE months (
    month TEXT NOT NULL PRIMARY KEY CHECK (month GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]'),
    visitors INTEGER NOT NULL DEFAULT 0
) STRICT;

-- @downgrade
DROP TABLE months;
ALTER TABLE months_2025 RENAME TO months;

DROP INDEX patrons_by_card_number;
ALTER TABLE books RENAME COLUMN ISBN TO isbn;
ALTER TABLE lending_totals RENAME COLUMN "patron" TO member_id;
ALTER TABLE reservations RENAME COLUMN patron_id TO member_id;
ALTER TABLE loans RENAME COLUMN patron_id TO member_id;
ALTER TABLE patrons RENAME standing TO status;
ALTER TABLE patrons RENAME COLUMN card_number TO card;
ALTER TABLE patrons RENAME TO members;
CREATE UNIQUE INDEX members_by_card_number ON members (
    CAST(substr(card, instr(card, '-') + 1) AS INTEGER), substr(card, 1, 1)
);
