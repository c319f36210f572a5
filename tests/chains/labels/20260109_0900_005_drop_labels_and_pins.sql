-- Drop labels and pins.
-- @revises 004
-- @destroys labels nobody used them
-- @destroys notes.pinned nor these
-- @irreversible what they were is gone

-- @upgrade
DROP TABLE labels;
ALTER TABLE notes DROP COLUMN pinned;
