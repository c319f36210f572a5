CREATE TABLE IF NOT EXISTS refresh_tokens (
                    user_id TEXT PRIMARY KEY,
                    encrypted_token BLOB NOT NULL,
                    expires_at INTEGER,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL,
                    -- how the token was got
                    flow_type TEXT DEFAULT 'hybrid',  -- 'hybrid' or 'flow1'
                    token_audience TEXT DEFAULT 'nextcloud',  -- whom it is for
                    provisioned_at INTEGER,
                    provisioning_client_id TEXT,
                    scopes TEXT,  -- JSON
                    -- the user's profile, kept for a while
                    user_profile TEXT,
                    profile_cached_at INTEGER
                );
CREATE TABLE IF NOT EXISTS audit_logs (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    timestamp INTEGER NOT NULL,
                    event TEXT NOT NULL,
                    user_id TEXT NOT NULL,
                    resource_type TEXT,
                    resource_id TEXT,
                    auth_method TEXT,
                    hostname TEXT
                );
CREATE INDEX IF NOT EXISTS idx_audit_user_timestamp
                ON audit_logs(user_id, timestamp);
CREATE TABLE IF NOT EXISTS oauth_clients (
                    id INTEGER PRIMARY KEY,
                    client_id TEXT UNIQUE NOT NULL,
                    encrypted_client_secret BLOB NOT NULL,
                    client_id_issued_at INTEGER NOT NULL,
                    client_secret_expires_at INTEGER NOT NULL,
                    redirect_uris TEXT NOT NULL,  /* JSON */
                    encrypted_registration_access_token BLOB,
                    registration_client_uri TEXT,
                    created_at INTEGER NOT NULL,
                    updated_at INTEGER NOT NULL
                );
CREATE TABLE IF NOT EXISTS oauth_sessions (
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
                    -- how the session began
                    flow_type TEXT DEFAULT 'hybrid',
                    requested_scopes TEXT,
                    granted_scopes TEXT,
                    is_provisioning BOOLEAN DEFAULT FALSE
                );
CREATE INDEX IF NOT EXISTS idx_oauth_sessions_mcp_code
                ON oauth_sessions(mcp_authorization_code);
CREATE TABLE IF NOT EXISTS schema_version (
                    version INTEGER PRIMARY KEY,
                    applied_at REAL NOT NULL
                );
CREATE TABLE IF NOT EXISTS registered_webhooks (
                    id INTEGER PRIMARY KEY AUTOINCREMENT,
                    webhook_id INTEGER NOT NULL UNIQUE,
                    preset_id TEXT NOT NULL,
                    created_at REAL NOT NULL
                );
CREATE INDEX IF NOT EXISTS idx_webhooks_preset ON registered_webhooks(preset_id);
CREATE INDEX IF NOT EXISTS idx_webhooks_created ON registered_webhooks(created_at);
