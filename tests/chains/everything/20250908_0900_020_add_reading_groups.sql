-- Reading groups and their meetings, which refer to each other.
-- @revises 019
--
-- Written beside 021. Both shipped, so they are joined by a merge, 022, and each must run with or without the other.

-- @upgrade
CREATE TABLE reading_groups (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    leader_id INTEGER REFERENCES patrons ON DELETE RESTRICT,
    next_meeting INTEGER REFERENCES meetings (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE meetings (
    id INTEGER PRIMARY KEY,
    group_id INTEGER NOT NULL REFERENCES reading_groups (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    day TEXT NOT NULL REFERENCES days (day),
    book_id INTEGER REFERENCES books (id) ON DELETE SET NULL,
    UNIQUE (group_id, day)
);
ALTER TABLE patrons ADD COLUMN reading_group_id INTEGER REFERENCES reading_groups (id) ON DELETE SET NULL;
CREATE INDEX patrons_by_reading_group ON patrons (reading_group_id) WHERE reading_group_id IS NOT NULL;

CREATE TRIGGER meetings_follow_each_other AFTER INSERT ON meetings
WHEN new.day > coalesce(
    (SELECT m.day FROM meetings AS m JOIN reading_groups AS g ON g.next_meeting = m.id WHERE g.id = new.group_id),
    ''
)
BEGIN
    UPDATE reading_groups SET next_meeting = new.id WHERE id = new.group_id;
END;

INSERT INTO reading_groups (id, name, leader_id, next_meeting) VALUES (1, 'Tide readers', 1, 1);
INSERT INTO meetings (id, group_id, day, book_id) VALUES (1, 1, '2025-09-16', 4), (2, 1, '2025-10-14', 2);
UPDATE patrons SET reading_group_id = 1 WHERE id IN (1, 3);

-- @downgrade
DROP INDEX patrons_by_reading_group;
ALTER TABLE patrons DROP COLUMN reading_group_id;
DROP TABLE meetings;
DROP TABLE reading_groups;
