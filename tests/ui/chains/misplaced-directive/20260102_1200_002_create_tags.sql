-- Shorten the notes.
-- @revises 001

-- @upgrade
UPDATE notes SET body = substr(body, 1, 80);

-- @irreversible what was cut off is gone
