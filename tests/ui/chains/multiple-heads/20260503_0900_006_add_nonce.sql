-- Add a nonce to users.
-- @revises 004

-- @upgrade
ALTER TABLE users ADD COLUMN nonce BLOB;

-- @downgrade
ALTER TABLE users DROP COLUMN nonce;
