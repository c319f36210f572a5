-- Find the notes of a label fast.
-- @revises 003
-- @compatible

-- @upgrade
CREATE INDEX by_label ON labels (label);
CREATE INDEX by_note ON labels (note);

-- @downgrade
DROP INDEX by_note;
DROP INDEX by_label;
