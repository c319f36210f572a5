-- The schema as the application once made it at start-up, with rows. The stored SQL keeps these comments.

CREATE TABLE IF NOT EXISTS refresh_tokens (
                user_id TEXT PRIMARY KEY,
                encrypted_token BLOB NOT NULL,
                expires_at INTEGER,
                created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL,
                -- How the token was got
                flow_type TEXT DEFAULT 'hybrid',       -- 'hybrid', 'flow1', 'flow2'
                token_audience TEXT DEFAULT 'nextcloud',  -- 'mcp-server' or 'nextcloud'
                provisioned_at INTEGER,                /* only in flow 2 */
                provisioning_client_id TEXT,
                scopes TEXT,                           -- JSON array
                -- The user's profile (kept for display)
                user_profile TEXT,
                profile_cached_at INTEGER
            );

CREATE TABLE IF NOT EXISTS audit_logs (
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	timestamp INTEGER NOT NULL,
	event TEXT NOT NULL,
	user_id TEXT NOT NULL,
	resource_type TEXT, resource_id TEXT,

	auth_method TEXT, hostname TEXT
);
CREATE INDEX IF NOT EXISTS idx_audit_user_timestamp
                ON audit_logs(user_id, timestamp);

CREATE TABLE IF NOT EXISTS oauth_clients (
                id INTEGER PRIMARY KEY,
                client_id TEXT UNIQUE NOT NULL,
                encrypted_client_secret BLOB NOT NULL,
                client_id_issued_at INTEGER NOT NULL,
                client_secret_expires_at INTEGER NOT NULL,
                redirect_uris TEXT NOT NULL,  -- JSON array
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
                -- Who asked for what
                flow_type TEXT DEFAULT 'hybrid',
                requested_scopes TEXT,
                granted_scopes TEXT,
                is_provisioning BOOLEAN DEFAULT FALSE
            );
CREATE INDEX IF NOT EXISTS idx_oauth_sessions_mcp_code
                ON oauth_sessions(mcp_authorization_code);

CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at REAL NOT NULL);

CREATE TABLE IF NOT EXISTS registered_webhooks (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                webhook_id INTEGER NOT NULL UNIQUE,  -- given by the other server
                preset_id TEXT NOT NULL,
                created_at REAL NOT NULL
            );
CREATE INDEX IF NOT EXISTS idx_webhooks_preset ON registered_webhooks(preset_id);
CREATE INDEX IF NOT EXISTS idx_webhooks_created ON registered_webhooks(created_at);

-- "hello", from the test vectors of the Fernet specification.
INSERT INTO refresh_tokens (user_id, encrypted_token, expires_at, created_at, updated_at) VALUES (
    'alice',
    CAST('gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==' AS BLOB),
    NULL, 1760000000, 1760000000
);
INSERT INTO audit_logs (timestamp, event, user_id, auth_method)
VALUES (1760000000, 'store_refresh_token', 'alice', 'offline_access');
INSERT INTO schema_version VALUES (1, 1760000000.5);
INSERT INTO registered_webhooks (webhook_id, preset_id, created_at) VALUES (7, 'notes_sync', 1760000000.5);
