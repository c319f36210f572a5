-- Join the two branches.
-- @revises 002 003

-- @upgrade

-- @downgrade
