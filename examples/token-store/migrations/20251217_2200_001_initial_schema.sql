-- Initial schema: tokens, audit log, OAuth clients and sessions, webhooks.
-- @revises base
--
-- Databases from before the migrations have exactly these tables. They are stamped here, and taken along.

-- @upgrade
CREATE TABLE refresh_tokens (
    user_id TEXT PRIMARY KEY,
    encrypted_token BLOB NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    flow_type TEXT DEFAULT 'hybrid',
    token_audience TEXT DEFAULT 'nextcloud',
    provisioned_at INTEGER,
    provisioning_client_id TEXT,
    scopes TEXT,
    user_profile TEXT,
    profile_cached_at INTEGER
);

CREATE TABLE audit_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    timestamp INTEGER NOT NULL,
    event TEXT NOT NULL,
    user_id TEXT NOT NULL,
    resource_type TEXT,
    resource_id TEXT,
    auth_method TEXT,
    hostname TEXT
);
CREATE INDEX idx_audit_user_timestamp ON audit_logs (user_id, timestamp);

CREATE TABLE oauth_clients (
    id INTEGER PRIMARY KEY,
    client_id TEXT UNIQUE NOT NULL,
    encrypted_client_secret BLOB NOT NULL,
    client_id_issued_at INTEGER NOT NULL,
    client_secret_expires_at INTEGER NOT NULL,
    redirect_uris TEXT NOT NULL,
    encrypted_registration_access_token BLOB,
    registration_client_uri TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);

CREATE TABLE oauth_sessions (
    session_id TEXT PRIMARY KEY,
    client_id TEXT,
    client_redirect_uri TEXT NOT NULL,
    state TEXT,
    code_challenge TEXT,
    code_challenge_method TEXT,
    mcp_authorization_code TEXT UNIQUE,
    idp_access_token TEXT,
    idp_refresh_token TEXT,
    user_id TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    flow_type TEXT DEFAULT 'hybrid',
    requested_scopes TEXT,
    granted_scopes TEXT,
    is_provisioning BOOLEAN DEFAULT FALSE
);
CREATE INDEX idx_oauth_sessions_mcp_code ON oauth_sessions (mcp_authorization_code);

-- Kept from before the migrations, so that old databases match. Nothing reads it any more.
CREATE TABLE schema_version (
    version INTEGER PRIMARY KEY,
    applied_at REAL NOT NULL
);

CREATE TABLE registered_webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id INTEGER NOT NULL UNIQUE,
    preset_id TEXT NOT NULL,
    created_at REAL NOT NULL
);
CREATE INDEX idx_webhooks_preset ON registered_webhooks (preset_id);
CREATE INDEX idx_webhooks_created ON registered_webhooks (created_at);

-- @downgrade
DROP TABLE registered_webhooks;
DROP TABLE schema_version;
DROP TABLE oauth_sessions;
DROP TABLE oauth_clients;
DROP TABLE audit_logs;
DROP TABLE refresh_tokens;
