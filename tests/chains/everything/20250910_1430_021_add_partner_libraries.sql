-- Partner libraries, and loans to them.
-- @revises 019
--
-- Written beside 020, see there.

-- @upgrade
CREATE TABLE partners (
    code TEXT NOT NULL PRIMARY KEY CHECK (code = upper(code)),
    name TEXT NOT NULL,
    country TEXT NOT NULL DEFAULT 'GB',
    since TEXT NOT NULL DEFAULT CURRENT_DATE,
    UNIQUE (country, name COLLATE NOCASE)
) STRICT;
INSERT INTO partners (code, name, country, since) VALUES
    ('NT', 'Médiathèque du Quai', 'FR', '2025-09-10'),
    ('BS', 'Harbour School', 'GB', '2025-09-10');

ALTER TABLE loans ADD COLUMN partner_code TEXT CONSTRAINT loans_partner REFERENCES partners (code) ON UPDATE CASCADE;
ALTER TABLE loans ADD COLUMN postage INTEGER NOT NULL DEFAULT -1 CHECK (postage >= -1);
CREATE INDEX loans_by_partner ON loans (partner_code, lent_at) WHERE partner_code IS NOT NULL;

-- @downgrade
DROP INDEX loans_by_partner;
ALTER TABLE loans DROP COLUMN postage;
ALTER TABLE loans DROP COLUMN partner_code;
DROP TABLE partners;
