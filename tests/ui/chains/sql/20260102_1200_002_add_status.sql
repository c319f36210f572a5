-- Let posts be drafts.
-- @revises 001

-- @upgrade
ALTER TABLE posts ADD COLUMN status TEXT NOT NULL DEFAULT 'draft';

-- @downgrade
ALTER TABLE posts DROP COLUMN status;
