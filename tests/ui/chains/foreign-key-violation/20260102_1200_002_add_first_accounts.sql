-- Add the accounts that everybody needs.
-- @revises 001

-- @upgrade
INSERT INTO accounts (id, name, role) VALUES
    (1, 'root', 'admin'),
    (2, 'guest', 'guest');

-- @downgrade
DELETE FROM accounts WHERE id IN (1, 2);
