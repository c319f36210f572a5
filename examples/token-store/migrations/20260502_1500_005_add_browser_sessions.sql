-- Add browser sessions.
-- @revises 004

-- @upgrade
CREATE TABLE browser_sessions (
    session_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX idx_browser_sessions_user ON browser_sessions (user_id);
CREATE INDEX idx_browser_sessions_expires ON browser_sessions (expires_at);

-- @downgrade
DROP TABLE browser_sessions;
