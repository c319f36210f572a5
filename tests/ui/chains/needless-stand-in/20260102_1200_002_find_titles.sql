-- Find the notes by their normalized titles.
-- @revises 001
-- @function normalize(1)
-- @function normalise(1)

-- @upgrade
CREATE INDEX notes_by_title ON notes (normalize(title));

-- @downgrade
DROP INDEX notes_by_title;
