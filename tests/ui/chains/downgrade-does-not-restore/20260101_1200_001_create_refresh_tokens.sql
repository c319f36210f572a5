-- Keep the refresh tokens.
-- @revises base

-- @upgrade
CREATE TABLE refresh_tokens (
    user_id TEXT PRIMARY KEY,
    token BLOB NOT NULL,
    client TEXT NOT NULL DEFAULT 'web',
    expires_at INTEGER
);
CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at);

-- @downgrade
DROP TABLE refresh_tokens;
