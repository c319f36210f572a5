-- The floor plan: shelves in an R*Tree, and the years that authors lived in another.
-- @revises 008

-- @upgrade
CREATE TABLE shelves (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL,
    floor INTEGER NOT NULL DEFAULT 0 CHECK (floor BETWEEN -2 AND 5),
    x REAL NOT NULL,
    y REAL NOT NULL,
    width REAL NOT NULL DEFAULT 0.8,
    depth REAL NOT NULL DEFAULT .3,
    subjects TEXT REFERENCES subjects (code) ON UPDATE CASCADE
);

-- What begins with + is kept beside the tree, and not searched.
CREATE VIRTUAL TABLE floor_plan USING rtree(shelf_id, min_x, max_x, min_y, max_y, +room TEXT, +floor INTEGER);
CREATE TRIGGER floor_plan_insert AFTER INSERT ON shelves BEGIN
    INSERT INTO floor_plan VALUES (new.id, new.x, new.x + new.width, new.y, new.y + new.depth, new.room, new.floor);
END;
CREATE TRIGGER floor_plan_update AFTER UPDATE ON shelves BEGIN
    UPDATE floor_plan
    SET min_x = new.x, max_x = new.x + new.width, min_y = new.y, max_y = new.y + new.depth,
        room = new.room, floor = new.floor
    WHERE shelf_id = old.id;
END;
CREATE TRIGGER floor_plan_delete AFTER DELETE ON shelves BEGIN
    DELETE FROM floor_plan WHERE shelf_id = old.id;
END;

-- Four rows of five shelves.
WITH RECURSIVE
    rows (r) AS (VALUES (0) UNION ALL SELECT r + 1 FROM rows WHERE r < 3),
    columns (c) AS (SELECT 0 UNION SELECT c + 1 FROM columns LIMIT 5)
INSERT INTO shelves (id, room, floor, x, y, subjects)
SELECT r * 5 + c + 1, CASE r / 2 WHEN 0 THEN 'Reading room' ELSE 'Stacks' END, -(r / 2), c * 0.8, r % 2 * 2.0,
    nullif(iif(c = 0, '500', iif(c = 4, '800', '')), '')
FROM rows, columns
ORDER BY r, c;

CREATE VIEW shelves_near_the_door (shelf_id, room) AS
SELECT p.shelf_id, p.room
FROM floor_plan AS p
WHERE p.max_x >= 0.0 AND p.min_x <= 2.0 AND p.max_y >= 0.0 AND p.min_y <= 1.0 AND p.floor = 0;

CREATE VIRTUAL TABLE lifetimes USING rtree_i32(author_id, born, died);
INSERT INTO lifetimes SELECT id, born, coalesce(died, 9999) FROM authors WHERE born IS NOT NULL;

-- @downgrade
DROP TABLE lifetimes;
DROP VIEW shelves_near_the_door;
DROP TABLE floor_plan;
DROP TABLE shelves;
