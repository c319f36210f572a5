-- Add visits, and the first visit of each pet.
-- @revises 001

-- @upgrade
CREATE TABLE visits (pet INTEGER NOT NULL REFERENCES pets (id) ON DELETE CASCADE, note BLOB NOT NULL);
INSERT INTO visits (pet, note) SELECT id, zeroblob(600) FROM pets;

-- @downgrade
DROP TABLE visits;
