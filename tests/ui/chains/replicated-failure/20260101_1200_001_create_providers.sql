-- Create providers, with their logos.
-- @revises base

-- @upgrade
CREATE TABLE providers (id TEXT PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE logos (
    provider_id TEXT PRIMARY KEY REFERENCES providers (id),
    image BLOB NOT NULL
);

-- @downgrade
DROP TABLE logos;
DROP TABLE providers;
