-- What SQLite has learned lately: constraints that come and go without a rebuild, and what is new in its functions.
-- @revises 025
-- @assumes fines(cents) values the desk takes no smaller coin
--
-- The only revision that needs SQLite 3.53. All before it run on 3.46.

-- @upgrade
-- A constraint that is added comes last. One that is to be given back as it was must be last when it is dropped, too.
ALTER TABLE patrons DROP CONSTRAINT members_not_their_own_guardian;
ALTER TABLE patrons ADD CONSTRAINT patrons_are_not_their_own_guardian CHECK (guardian_id IS DISTINCT FROM id);
ALTER TABLE fines ADD CONSTRAINT fines_in_one_coin CHECK (cents % 5 = 0);
ALTER TABLE partners ALTER COLUMN name DROP NOT NULL;
UPDATE reservations SET expires_on = date(placed_at, '+1 year') WHERE expires_on IS NULL;
ALTER TABLE reservations ALTER expires_on SET NOT NULL ON CONFLICT FAIL;
ALTER TABLE cities ADD CHECK (name <> '') ON CONFLICT ABORT;

-- A message can be made when it is needed.
CREATE TRIGGER ratings_of_the_unread BEFORE INSERT ON ratings
WHEN NOT EXISTS (SELECT 1 FROM loans WHERE book_id = new.book_id)
BEGIN
    SELECT RAISE(ABORT, format('nobody has borrowed book %d; so who read it?', new.book_id));
END;

CREATE VIEW import_overview AS
SELECT
    i.id AS import_id,
    payload -> '$.records' -> -1 ->> 'title' AS last_title,
    (SELECT string_agg(key, unistr('\00b7') ORDER BY key) FROM jsonb_each(i.payload)) AS keys,
    (SELECT count(*) FROM jsonb_tree(i.payload)) AS parts,
    json_array_insert(
        json_array(i.source), '$[0]', if(number_of_records = 0, 'empty', number_of_records > 2, 'long')
    ) AS summary,
    iif(source <> 'unknown', source) AS known_source
FROM imports AS i;

CREATE VIRTUAL TABLE event_search
USING fts5(title, place UNINDEXED, content='', contentless_delete=1, contentless_unindexed=1);
INSERT INTO event_search (rowid, title, place)
SELECT rowid, book, place FROM (SELECT row_number() OVER (ORDER BY day) AS rowid, * FROM agenda);
CREATE VIRTUAL TABLE blurbs USING fts5(blurb, locale=1);
INSERT INTO blurbs (blurb) VALUES (fts5_locale('fr', 'Un livre sur la marée.')), ('A book of tides.');

REINDEX EXPRESSIONS;

-- @downgrade
DROP TABLE blurbs;
DROP TABLE event_search;
-- SQLite 3.53 forgets this part of such a table.
DROP TABLE IF EXISTS event_search_content;
DROP VIEW import_overview;
DROP TRIGGER ratings_of_the_unread;
-- What has no name cannot be dropped by it.
CREATE TABLE cities_old (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO cities_old (id, name) SELECT id, name FROM cities;
DELETE FROM sqlite_sequence WHERE name = 'cities_old';
INSERT INTO sqlite_sequence (name, seq) SELECT 'cities_old', seq FROM sqlite_sequence WHERE name = 'cities';
DROP TABLE cities;
ALTER TABLE cities_old RENAME TO cities;

ALTER TABLE reservations ALTER COLUMN expires_on DROP NOT NULL;
ALTER TABLE partners ALTER name SET NOT NULL;
ALTER TABLE fines DROP CONSTRAINT fines_in_one_coin;
ALTER TABLE patrons DROP CONSTRAINT patrons_are_not_their_own_guardian;
ALTER TABLE patrons ADD CONSTRAINT members_not_their_own_guardian CHECK (guardian_id IS NULL OR guardian_id <> id);
