-- Join notes and tags.
-- @revises 001
-- @revises 002

-- @upgrade
CREATE TABLE note_tags (note_id INTEGER, tag_id INTEGER);

-- @downgrade
DROP TABLE note_tags;
