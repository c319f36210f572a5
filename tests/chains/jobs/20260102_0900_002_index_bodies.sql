-- Index the bodies of the notes, which are in upper case now.
-- @revises 001
-- @requires shout

-- @upgrade
CREATE INDEX notes_body ON notes (body);

-- @downgrade
DROP INDEX notes_body;
