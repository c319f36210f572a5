-- Notes do not end with white space.
-- @revises 007
-- @unproven the program registers rtrim()
-- @irreversible it is not known which notes did

-- @upgrade
UPDATE notes SET body = rtrim(body);
