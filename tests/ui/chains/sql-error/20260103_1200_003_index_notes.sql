-- Find notes by their title.
-- @revises 002

-- @upgrade
CREATE INDEX notes_by_title ON notes (titel);

-- @downgrade
DROP INDEX notes_by_title;
