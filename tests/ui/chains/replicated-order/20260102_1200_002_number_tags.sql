-- Number the tags.
-- @revises 001

-- @upgrade
INSERT INTO tags (name) SELECT tag FROM notes;

-- @downgrade
DELETE FROM tags;
