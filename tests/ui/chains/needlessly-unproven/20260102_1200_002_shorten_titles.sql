-- Titles have at most eighty characters.
-- @revises 001
-- @unproven the program registers substr()
-- @irreversible what is cut off is gone

-- @upgrade
UPDATE notes SET title = substr(title, 1, 80);
