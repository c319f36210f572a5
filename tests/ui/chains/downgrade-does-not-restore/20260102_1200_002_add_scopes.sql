-- Remember the scopes of a token.
-- @revises 001

-- @upgrade
ALTER TABLE refresh_tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

-- @downgrade
CREATE TABLE refresh_tokens_old AS SELECT user_id, token, client, expires_at FROM refresh_tokens;
DROP TABLE refresh_tokens;
ALTER TABLE refresh_tokens_old RENAME TO refresh_tokens;
