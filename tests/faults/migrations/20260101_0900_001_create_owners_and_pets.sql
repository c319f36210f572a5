-- Create owners, and their pets, which go when they go.
-- @revises base

-- @upgrade
CREATE TABLE owners (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE pets (
  id INTEGER PRIMARY KEY,
  owner INTEGER NOT NULL REFERENCES owners (id) ON DELETE CASCADE,
  name TEXT NOT NULL
);
CREATE INDEX pets_by_owner ON pets (owner);

-- @downgrade
DROP TABLE pets;
DROP TABLE owners;
