-- Mark notes as done.
-- @revises 001

-- @upgrade
ALTER TABLE notes ADD COLUMN done INTEGER NOT NULL DEFAULT 0 CHECK (done IN (0, 1));

-- @downgrade
ALTER TABLE notes DROP COLUMN done;
