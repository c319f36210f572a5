-- Encrypt the tokens.
-- @revises 001
-- @irreversible no function decrypts the tokens

-- @upgrade
ALTER TABLE accounts ADD COLUMN encrypted_token BLOB;
-- @code encrypt_tokens
ALTER TABLE accounts DROP COLUMN token;
