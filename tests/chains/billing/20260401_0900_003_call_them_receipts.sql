-- Call payments receipts, and search the notes on them.
-- @revises 002

-- @upgrade
ALTER TABLE payments RENAME TO receipts;
CREATE VIRTUAL TABLE notes USING fts5 (text);

-- @downgrade
DROP TABLE notes;
ALTER TABLE receipts RENAME TO payments;
