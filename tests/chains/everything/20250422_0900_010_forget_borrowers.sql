-- Forget when members were born, and who borrowed what once it has come back.
-- @revises 009
-- @irreversible what was forgotten on purpose must not come back
-- @destroys members.birth_date nobody needs it, so nobody may have it

-- @upgrade
ALTER TABLE members DROP COLUMN birth_date;

UPDATE loans SET member_id = 0 WHERE returned_at IS NOT NULL RETURNING id, book_id;

-- The audit log is for ever, and lets nothing be deleted; but not what a court orders to be.
DROP TRIGGER audit_log_is_for_ever;
DELETE FROM audit_log WHERE event LIKE 'email%' RETURNING id;
CREATE TRIGGER audit_log_is_for_ever BEFORE DELETE ON audit_log BEGIN SELECT RAISE(ABORT, 'the audit log is kept'); END;
