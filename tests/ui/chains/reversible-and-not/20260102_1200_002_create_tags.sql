-- Shorten the notes.
-- @revises 001
-- @irreversible what was cut off is gone

-- @upgrade
UPDATE notes SET body = substr(body, 1, 80);

-- @downgrade
SELECT 1;
