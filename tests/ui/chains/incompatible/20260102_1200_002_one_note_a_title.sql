-- Let no two notes have one title.
-- @revises 001
-- @compatible
-- @assumes notes(title) unique the program has always checked it

-- @upgrade
CREATE UNIQUE INDEX idx_notes_title ON notes (title);

-- @downgrade
DROP INDEX idx_notes_title;
