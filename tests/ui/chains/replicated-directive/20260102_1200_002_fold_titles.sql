-- Store the titles without accents.
-- @revises 001
-- @function fold(1)
-- @irreversible the accents are gone

-- @upgrade
UPDATE notes SET title = fold(title);
