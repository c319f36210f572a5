-- Shorten the bodies.
-- @revises 001
-- @assumes notes(title) unique the program checks it
-- @irreversible the rest is gone

-- @upgrade
UPDATE notes SET body = substr(body, 1, 100);
