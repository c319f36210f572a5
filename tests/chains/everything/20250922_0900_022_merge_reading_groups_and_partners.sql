-- Merge: reading groups may meet at a partner library.
-- @revises 020 021

-- @upgrade
ALTER TABLE meetings ADD COLUMN partner_code TEXT REFERENCES partners (code) ON DELETE SET NULL;
UPDATE meetings SET partner_code = 'NT' WHERE book_id IN (SELECT id FROM books WHERE language = 'fr');

CREATE VIEW agenda (day, reading_group, book, place) AS
SELECT m.day, g.name, coalesce(b.title, 'to be chosen'), ifnull(p.name, 'here')
FROM (meetings AS m JOIN reading_groups AS g ON g.id = m.group_id)
    LEFT JOIN books AS b ON b.id = m.book_id
    LEFT JOIN partners AS p ON p.code = m.partner_code
UNION ALL
SELECT d.day, 'everybody', 'no meeting', NULL
FROM meetings AS m RIGHT OUTER JOIN days AS d ON d.day = m.day
WHERE m.id IS NULL AND d.day GLOB '2025-1?-01'
ORDER BY 1 ASC, 2 COLLATE NOCASE DESC;

CREATE VIEW places AS
SELECT coalesce(p.name, s.room) AS place, p.code AS partner_code, count(DISTINCT s.id) AS shelves
FROM partners AS p FULL OUTER JOIN shelves AS s ON s.room = p.name
GROUP BY 1, 2;

-- @downgrade
DROP VIEW places;
DROP VIEW agenda;
ALTER TABLE meetings DROP COLUMN partner_code;
