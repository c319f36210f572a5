-- Add the nonce of the identity provider to OAuth sessions.
-- @revises 005

-- @upgrade
ALTER TABLE oauth_sessions ADD COLUMN nonce TEXT;

-- @downgrade
ALTER TABLE oauth_sessions DROP COLUMN nonce;
