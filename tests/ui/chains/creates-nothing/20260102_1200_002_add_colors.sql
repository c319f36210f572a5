-- Notebooks have a color.
-- @revises 001
-- @irreversible users want to keep the colors

-- @upgrade
CREATE TABLE IF NOT EXISTS notebooks (id INTEGER PRIMARY KEY, name TEXT NOT NULL, color TEXT);
