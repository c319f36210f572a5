-- Add app passwords for multi-user BasicAuth.
-- @revises 001

-- @upgrade
CREATE TABLE app_passwords (
    user_id TEXT PRIMARY KEY,
    encrypted_password BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX idx_app_passwords_updated ON app_passwords (updated_at);

-- @downgrade
DROP TABLE app_passwords;
