-- Forget the first revision.
-- @revises 001

-- @upgrade
DELETE FROM revchain_history WHERE revision = '001';

-- @downgrade
SELECT 1;
