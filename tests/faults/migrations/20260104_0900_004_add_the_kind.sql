-- Add the kind of each pet.
-- @revises 003

-- @upgrade
ALTER TABLE pets ADD COLUMN kind TEXT NOT NULL DEFAULT 'cat';
UPDATE pets SET kind = 'dog' WHERE id % 2 = 0;
CREATE INDEX pets_by_kind ON pets (kind);

-- @downgrade
DROP INDEX pets_by_kind;
ALTER TABLE pets DROP COLUMN kind;
