-- Mark the notes without a title.
-- @revises 001
-- @irreversible the old titles are gone

-- @upgrade
UPDATE notes SET title = "untitled" WHERE title = '';
