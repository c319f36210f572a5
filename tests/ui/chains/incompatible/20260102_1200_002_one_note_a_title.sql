-- Let no two notes have one title.
-- @revises 001
-- @compatible

-- @upgrade
CREATE UNIQUE INDEX idx_notes_title ON notes (title);

-- @downgrade
DROP INDEX idx_notes_title;
