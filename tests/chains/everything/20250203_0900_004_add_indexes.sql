-- Indexes: partial, on expressions, descending, with collations, and one in place of another.
-- @revises 003
-- @assumes members(card) values the number on a card is printed once

-- @upgrade
-- A copy can be lent once at a time.
CREATE UNIQUE INDEX loans_open_once ON loans (book_id, copy_number) WHERE returned_at IS NULL;
CREATE INDEX main.loans_by_end ON loans (due_at DESC, returned_at) WHERE returned_at IS NULL OR returned_at > due_at;

CREATE INDEX IF NOT EXISTS books_by_title ON books (
    -- What comes first is how a reader looks for a book: without its article.
    lower(CASE
        WHEN title LIKE 'The %' THEN substr(title, 5)
        WHEN title LIKE 'La %' THEN substr(title, 4)
        ELSE title
    END),
    published DESC
);
CREATE INDEX books_by_decade ON books (published / 10 * 10 DESC, language COLLATE BINARY ASC) WHERE published NOTNULL;
CREATE INDEX authors_by_name ON authors (family_name COLLATE NOCASE ASC, given_names COLLATE RTRIM, born DESC);
CREATE UNIQUE INDEX members_by_card_number ON members (
    CAST(substr(card, instr(card, '-') + 1) AS INTEGER), substr(card, 1, 1)
);

-- The index of 003 gives way to one that also says when.
DROP INDEX loans_by_member;
CREATE INDEX loans_by_member_and_time ON loans (member_id, lent_at DESC);

-- @downgrade
DROP INDEX loans_by_member_and_time;
CREATE INDEX loans_by_member ON loans (member_id);
DROP INDEX members_by_card_number;
DROP INDEX authors_by_name;
DROP INDEX books_by_decade;
DROP INDEX books_by_title;
DROP INDEX loans_by_end;
DROP INDEX loans_open_once;
