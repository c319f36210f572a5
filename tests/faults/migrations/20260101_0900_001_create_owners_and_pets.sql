-- Create owners and pets. The pets of an owner are deleted with the owner.
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
