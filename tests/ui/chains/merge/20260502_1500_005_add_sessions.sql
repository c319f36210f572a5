-- Add sessions.
-- @revises 004

-- @upgrade
CREATE TABLE sessions (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id));

-- @downgrade
DROP TABLE sessions;
