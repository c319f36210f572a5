-- Bind each secret to its user.
-- @revises 009
-- @job bind_refresh_tokens
-- @job bind_app_passwords
--
-- Encryption 1 is a Fernet token of the secret alone: moved to the row of another user, it still decrypts.
-- Encryption 2 also has the kind of the secret and its user. The jobs turn 1 into 2, with the key of the program.
-- The store reads both and writes 2, so it works before the jobs, beside them, and without a key.

-- @upgrade
ALTER TABLE refresh_tokens ADD COLUMN encryption INTEGER NOT NULL DEFAULT 1;
ALTER TABLE app_passwords ADD COLUMN encryption INTEGER NOT NULL DEFAULT 1;

-- @downgrade
-- Earlier programs read encryption 1 only. The jobs may not be finished, so rows can have either.
-- @code unbind_secrets
ALTER TABLE app_passwords DROP COLUMN encryption;
ALTER TABLE refresh_tokens DROP COLUMN encryption;
