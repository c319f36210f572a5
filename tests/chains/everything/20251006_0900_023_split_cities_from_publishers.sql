-- Cities become a table of their own, and subjects know their place among their siblings.
-- @revises 022
-- @destroys publishers.city it is in `cities` now

-- @upgrade
CREATE TABLE cities (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;

-- A temporary table may help, but must be gone in the end: it would stand before a table of the next revision.
CREATE TEMPORARY TABLE spellings (wrong TEXT PRIMARY KEY, city TEXT);
CREATE TEMP TRIGGER spellings_are_trimmed AFTER INSERT ON spellings BEGIN
    UPDATE spellings SET city = trim(new.city) WHERE wrong = new.wrong;
END;
CREATE TEMP VIEW spelled AS
SELECT p.id, coalesce(s.city, p.city) AS city
FROM publishers AS p LEFT JOIN temp.spellings AS s ON s.wrong = p.city;
INSERT INTO temp.spellings VALUES ('Bristoll', 'Bristol '), ('nantes', ' Nantes');

INSERT INTO cities (name) SELECT DISTINCT city FROM spelled WHERE city <> 'unknown' ORDER BY city;
ALTER TABLE publishers ADD COLUMN city_id INTEGER REFERENCES cities (id) ON DELETE RESTRICT;
UPDATE publishers SET city_id = cities.id
FROM cities, spelled
WHERE spelled.id = publishers.id AND cities.name = spelled.city;
DROP VIEW spelled;
DROP TABLE temp.spellings;
ALTER TABLE publishers DROP COLUMN city;

-- A tree is rebuilt. Here the key names the new table, and follows it when that is renamed.
DROP VIEW subject_paths;
CREATE TABLE subjects_new (
    code TEXT NOT NULL PRIMARY KEY CHECK (code GLOB '[0-9]*' AND code NOT GLOB '*[^0-9.]*'),
    parent TEXT REFERENCES subjects_new (code) ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    position INTEGER NOT NULL CHECK (position > 0),
    name TEXT NOT NULL,
    flags INTEGER NOT NULL DEFAULT 0x00,
    extra ANY,
    UNIQUE (parent, position)
) STRICT;
INSERT INTO subjects_new (code, parent, position, name, flags, extra)
SELECT code, parent, row_number() OVER (PARTITION BY parent ORDER BY code), name, flags, extra FROM subjects;
DROP TABLE subjects;
ALTER TABLE subjects_new RENAME TO subjects;
CREATE VIEW subject_paths AS
WITH RECURSIVE paths (code, depth, place, path) AS (
    SELECT code, 0, format('%03d', position), name FROM subjects WHERE parent IS NULL
    UNION ALL
    SELECT s.code, p.depth + 1, p.place || format('.%03d', s.position), p.path || ' › ' || s.name
    FROM paths AS p INNER JOIN subjects AS s ON s.parent = p.code
)
SELECT code, depth, path FROM paths ORDER BY place;

-- @downgrade
DROP VIEW subject_paths;
CREATE TABLE subjects_old (
    code TEXT NOT NULL PRIMARY KEY CHECK (code GLOB '[0-9]*' AND code NOT GLOB '*[^0-9.]*'),
    parent TEXT REFERENCES subjects_old (code) ON DELETE RESTRICT ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
    name TEXT NOT NULL,
    flags INTEGER NOT NULL DEFAULT 0x00,
    extra ANY
) STRICT, WITHOUT ROWID;
INSERT INTO subjects_old (code, parent, name, flags, extra) SELECT code, parent, name, flags, extra FROM subjects;
DROP TABLE subjects;
ALTER TABLE subjects_old RENAME TO subjects;
CREATE VIEW subject_paths AS
WITH RECURSIVE paths (code, depth, path) AS (
    SELECT code, 0, name FROM subjects WHERE parent IS NULL
    UNION ALL
    SELECT s.code, p.depth + 1, p.path || ' › ' || s.name
    FROM paths AS p INNER JOIN subjects AS s ON s.parent = p.code
    ORDER BY 2 DESC, 1
)
SELECT code, depth, substr('........', 1, depth * 2) || path AS path FROM paths;

ALTER TABLE publishers ADD COLUMN city TEXT DEFAULT 'unknown';
UPDATE publishers SET city = coalesce((SELECT name FROM cities WHERE id = city_id), 'unknown');
ALTER TABLE publishers DROP COLUMN city_id;
DROP TABLE cities;
