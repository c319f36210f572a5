-- Merge sessions and nonce.
-- @revises 005 006

-- @upgrade

-- @downgrade
