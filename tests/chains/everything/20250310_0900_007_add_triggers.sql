-- Triggers: an audit log, rules that no constraint can say, and a view that can be written to.
-- @revises 006

-- @upgrade
CREATE TABLE audit_log (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL DEFAULT (datetime('now', 'subsec')),
    subject TEXT NOT NULL,
    event TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE TABLE lending_totals (member_id INTEGER PRIMARY KEY, loans INTEGER NOT NULL DEFAULT 0, last_loan INTEGER);
INSERT INTO lending_totals (member_id, loans, last_loan)
SELECT member_id, count(*), max(lent_at) FROM loans GROUP BY member_id;

CREATE TRIGGER members_status_changes AFTER UPDATE OF status, email ON members
    FOR EACH ROW WHEN old.status IS NOT new.status OR old.email IS DISTINCT FROM new.email
BEGIN
    INSERT INTO audit_log (subject, event, before, after)
    VALUES (
        'member ' || new.id,
        CASE WHEN old.status IS new.status THEN 'email; END' ELSE 'status' END,  -- a CASE has an END; so has this comment
        json_array(old.status, old.email),
        json_array(new.status, new.email)
    );
    -- Who leaves waits for nothing any more.
    DELETE FROM reservations WHERE member_id = new.id AND new.status = 'left; moved away';
END;

CREATE TRIGGER loans_of_children BEFORE INSERT ON loans
WHEN (SELECT guardian_id FROM members WHERE id = new.member_id) IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a child can have three books; END;')
    WHERE (SELECT count(*) FROM loans WHERE member_id = new.member_id AND returned_at IS NULL) >= 3;
    SELECT CASE
        WHEN new.due_at - new.lent_at > 90 * 86400 THEN RAISE(FAIL, 'too long for a child')
        WHEN new.lent_at < 0 THEN RAISE(ROLLBACK, 'that was before this library')
    END;
END;

CREATE TRIGGER loans_are_counted AFTER INSERT ON loans BEGIN
    INSERT INTO lending_totals (member_id, loans, last_loan) VALUES (new.member_id, 1, new.lent_at)
    ON CONFLICT (member_id) DO UPDATE SET (loans, last_loan) = (loans + 1, max(coalesce(last_loan, 0), excluded.last_loan));
END;

CREATE TRIGGER loans_are_recounted AFTER DELETE ON loans BEGIN
    UPDATE lending_totals
    SET loans = found.number, last_loan = found.last
    FROM (SELECT count(*) AS number, max(lent_at) AS last FROM loans WHERE member_id = old.member_id) AS found
    WHERE lending_totals.member_id = old.member_id;
    UPDATE OR IGNORE lending_totals SET last_loan = NULL WHERE loans = 0;
END;

-- A trigger without BEFORE or AFTER is one of BEFORE.
CREATE TRIGGER copies_are_not_renumbered UPDATE OF number ON copies WHEN new.number < old.number BEGIN
    SELECT RAISE(IGNORE);
END;

CREATE TRIGGER audit_log_is_for_ever BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END;

CREATE VIEW circulation (card, book_id, copy_number, due_on) AS
SELECT m.card, l.book_id, l.copy_number, date(l.due_at, 'unixepoch')
FROM loans AS l JOIN members AS m ON m.id = l.member_id
WHERE l.returned_at IS NULL;

CREATE TRIGGER circulation_lend INSTEAD OF INSERT ON circulation BEGIN
    INSERT INTO loans (member_id, book_id, copy_number, due_at)
    WITH borrower AS (SELECT id FROM members WHERE card = new.card)
    SELECT id, new.book_id, coalesce(new.copy_number, 1), coalesce(unixepoch(new.due_on), unixepoch('now', '+28 days'))
    FROM borrower;
    SELECT RAISE(ABORT, 'there is no such card') WHERE NOT EXISTS (SELECT * FROM members WHERE card = new.card);
END;
CREATE TRIGGER circulation_renew INSTEAD OF UPDATE OF due_on ON circulation BEGIN
    UPDATE loans SET due_at = unixepoch(new.due_on)
    WHERE (book_id, copy_number) = (old.book_id, old.copy_number) AND returned_at IS NULL;
END;
CREATE TRIGGER circulation_return INSTEAD OF DELETE ON circulation FOR EACH ROW BEGIN
    UPDATE loans SET returned_at = unixepoch()
    WHERE book_id = old.book_id AND copy_number = old.copy_number AND returned_at IS NULL;
END;

-- The desk writes to the view only, so that is tried here; of what was tried, nothing stays.
INSERT INTO circulation (card, book_id, due_on) VALUES ('B-02', 3, date('now', '+1 month'));
UPDATE circulation SET due_on = date('now', '+2 months') WHERE card = 'B-02' AND book_id = 3;
DELETE FROM circulation WHERE card = 'B-02' AND book_id = 3;
DELETE FROM loans WHERE id = (SELECT max(id) FROM loans);

-- @downgrade
DROP VIEW circulation;
DROP TRIGGER copies_are_not_renumbered;
DROP TRIGGER loans_are_recounted;
DROP TRIGGER loans_are_counted;
DROP TRIGGER loans_of_children;
DROP TRIGGER members_status_changes;
DROP TABLE lending_totals;
DROP TABLE audit_log;
