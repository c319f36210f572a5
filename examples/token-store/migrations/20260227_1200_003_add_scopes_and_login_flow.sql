-- Add scopes to app passwords, and the sessions of the login flow.
-- @revises 002

-- @upgrade
-- A null scope means all scopes.
ALTER TABLE app_passwords ADD COLUMN scopes TEXT;
ALTER TABLE app_passwords ADD COLUMN username TEXT;

CREATE TABLE login_flow_sessions (
    user_id TEXT PRIMARY KEY,
    encrypted_poll_token BLOB NOT NULL,
    poll_endpoint TEXT NOT NULL,
    requested_scopes TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX idx_login_flow_sessions_expires ON login_flow_sessions (expires_at);

-- @downgrade
DROP TABLE login_flow_sessions;
ALTER TABLE app_passwords DROP COLUMN username;
ALTER TABLE app_passwords DROP COLUMN scopes;
