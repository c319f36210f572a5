-- Add a certificate to providers.
-- @revises 001
-- @irreversible the certificate is needed

-- @upgrade
CREATE TABLE providers_new (id TEXT PRIMARY KEY, name TEXT NOT NULL, certificate TEXT);
INSERT INTO providers_new (id, name) SELECT id, name FROM providers;
DROP TABLE providers;
ALTER TABLE providers_new RENAME TO providers;
