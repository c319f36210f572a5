-- Lending: members, copies, loans and reservations, with every kind of constraint.
-- @revises 002

-- @upgrade
CREATE TABLE members (
    id INTEGER CONSTRAINT members_pk PRIMARY KEY ON CONFLICT ABORT,
    card TEXT NOT NULL ON CONFLICT FAIL CONSTRAINT members_card_once UNIQUE ON CONFLICT ROLLBACK,
    name TEXT NOT NULL CHECK (trim(name) <> '') COLLATE NOCASE,
    email TEXT CHECK (email LIKE '%_@_%' AND email NOT LIKE '%\%%' ESCAPE '\'),
    birth_date TEXT CHECK (birth_date IS date(birth_date)),
    joined_on TEXT NOT NULL DEFAULT CURRENT_DATE,
    guardian_id INTEGER DEFAULT NULL REFERENCES members (id) ON DELETE SET NULL,
    status TEXT NOT NULL DEFAULT 'active'
        CONSTRAINT members_status CHECK (status IN ('active', 'suspended', 'left; moved away')),
    CONSTRAINT members_one_email UNIQUE (email COLLATE NOCASE) ON CONFLICT REPLACE,
    CONSTRAINT members_not_their_own_guardian CHECK (guardian_id IS NULL OR guardian_id <> id)
);

CREATE TABLE copies (
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE ON UPDATE RESTRICT,
    number INTEGER NOT NULL DEFAULT 1,
    condition TEXT NOT NULL DEFAULT 'good' CHECK (condition IN ('new', 'good', 'worn', 'lost')),
    acquired_on TEXT NOT NULL DEFAULT (date('now', 'start of month')),
    price_paid NUMERIC CHECK (price_paid >= -0.0),
    PRIMARY KEY (book_id, number DESC) ON CONFLICT IGNORE,
    CHECK (number BETWEEN +1 AND 9_999)
);

CREATE TABLE loans (
    id INTEGER PRIMARY KEY ASC,
    member_id INTEGER NOT NULL CONSTRAINT loans_member REFERENCES members ON DELETE NO ACTION,
    book_id INTEGER NOT NULL,
    copy_number INTEGER NOT NULL DEFAULT 1,
    lent_at INTEGER NOT NULL DEFAULT (unixepoch()),
    due_at INTEGER NOT NULL DEFAULT (unixepoch('now', '+28 days')),
    returned_at INTEGER,
    CONSTRAINT loans_copy FOREIGN KEY (book_id, copy_number) REFERENCES copies (book_id, number)
        MATCH SIMPLE ON DELETE CASCADE ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT loans_end_after_they_begin CHECK (due_at > lent_at AND coalesce(returned_at >= lent_at, TRUE))
);
CREATE INDEX loans_by_member ON loans (member_id);

-- Whoever leaves gives their place in the queue to member 0, "the desk".
CREATE TABLE reservations (
    member_id INTEGER NOT NULL DEFAULT 0
        REFERENCES members (id) ON DELETE SET DEFAULT ON UPDATE SET DEFAULT NOT DEFERRABLE INITIALLY IMMEDIATE,
    book_id INTEGER NOT NULL REFERENCES books (id) ON DELETE CASCADE DEFERRABLE INITIALLY IMMEDIATE,
    placed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    expires_on TEXT,
    fee INTEGER NOT NULL DEFAULT (-(1 + 2) * -50),
    CONSTRAINT reservations_once UNIQUE (book_id, member_id) ON CONFLICT IGNORE
);

INSERT INTO members (id, card, name, email, birth_date, joined_on, guardian_id) VALUES
    (0, '0000', 'The desk', NULL, NULL, '2025-01-20', NULL),
    (1, 'A-17', 'Ruth Adeyemi', 'ruth@example.org', '1979-03-02', '2025-01-20', NULL),
    (2, 'A-18', 'Tom Adeyemi', NULL, '2014-11-30', '2025-01-20', 1),
    (3, 'B-02', 'Ines Vogel', 'ines@example.org', NULL, '2025-01-21', NULL);

INSERT INTO copies (book_id, number, condition, acquired_on, price_paid) VALUES
    (1, 1, 'good', '2025-01-10', 11.00), (1, 2, 'new', '2025-01-15', 12.50),
    (2, 1, 'worn', '2025-01-10', NULL), (3, 1, 'good', '2025-01-10', 0), (4, 1, 'good', '2025-01-10', 7.25);

INSERT INTO loans (id, member_id, book_id, copy_number, lent_at, due_at, returned_at) VALUES
    (1, 1, 1, 1, 1736000000, 1738419200, 1737000000),
    (2, 2, 4, 1, 1737100000, 1739519200, NULL),
    (3, 3, 1, 1, 1737200000, 1739619200, NULL),
    (4, 3, 2, 1, 1735000000, 1737419200, 1739000000);

INSERT INTO reservations (member_id, book_id, placed_at) VALUES (1, 4, '2025-01-21T10:00:00.000Z');

-- @downgrade
DROP TABLE reservations;
DROP TABLE loans;
DROP TABLE copies;
DROP TABLE members;
