-- Let no two notes have one title.
-- @revises 001

-- @upgrade
CREATE UNIQUE INDEX idx_notes_title ON notes (title);

-- @downgrade
DROP INDEX idx_notes_title;
