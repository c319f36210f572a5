-- Names that need quotes, and some that only look as if they did.
-- @revises 014

-- @upgrade
CREATE TABLE "order" (
    "group" INTEGER PRIMARY KEY,
    [select] TEXT NOT NULL DEFAULT 'select',
    `from` TEXT REFERENCES "order" ([unique one]),
    "naïve ☃" TEXT,
    größe REAL DEFAULT 1.5,
    "it's" TEXT COLLATE "nocase",
    "a ""quoted"" word" INTEGER CHECK ("a ""quoted"" word" > 0),
    [semi;colon] TEXT,
    "--dash" TEXT,
    "/* no comment */" TEXT,
    "[bracket]" TEXT,
    "tick`ed" TEXT,
    `ticked``twice` TEXT,
    "two  spaces" [long text],
    " @around " "LONG ""TEXT""",
    "a.b" TEXT GENERATED ALWAYS AS ([select] || '.' || "it's") VIRTUAL,
    "1st" TEXT,
    price$eur INTEGER,
    [unique one] TEXT CONSTRAINT "only one" UNIQUE,
    Begin, end TEXT, key, desc, rowid TEXT,     -- keywords that SQLite lets pass, and no types
    "the ""last""; one" TEXT DEFAULT (NULL),
    CONSTRAINT [the "order" is (mostly) checked;] CHECK ([select] <> `from` OR "order"."it's" IS NULL),
    CONSTRAINT "check" UNIQUE ("--dash" DESC, [semi;colon] COLLATE rtrim)
);
CREATE INDEX "order: by größe; and more" ON "order" (größe DESC, "it's", "two  spaces" || [a.b])
WHERE "/* no comment */" IS NULL;

-- Where only a name can stand, SQLite takes a string for one.
CREATE TABLE 'shelf list' (
    'room no' TEXT PRIMARY KEY,
    "order" INTEGER REFERENCES 'order' ('group') ON DELETE CASCADE,
    'what''s there' TEXT
) WITHOUT ROWID;
CREATE INDEX 'shelf list index' ON 'shelf list' ("what's there" COLLATE 'nocase' DESC);

-- Words that begin statements can be names of tables, too.
CREATE TABLE trigger (view INTEGER PRIMARY KEY, temp, replace, "table" REFERENCES trigger);
CREATE VIEW [index] ("create", [a b], `c``d`) AS
SELECT o."group" AS "END;", "s"."room no", 'it''s -- text' "label"
FROM "order" o LEFT JOIN [shelf list] AS s ON s."order" = o."group";

CREATE TRIGGER begin AFTER UPDATE OF "group", [semi;colon], end ON "order"
WHEN new."it's" IS NOT 'END;' AND new.end <> 'begin'
BEGIN
    UPDATE "order" SET end = 'END;', "--dash" = "[bracket]" WHERE "order"."group" = new."group"; -- END;
    INSERT INTO trigger (temp, replace) VALUES (new.end, old.begin) /* ; END; */;
    REPLACE INTO 'shelf list' ("room no", "order") VALUES (new.[select], new.`group`);
END;
CREATE TRIGGER "end;" INSTEAD OF DELETE ON [index] BEGIN DELETE FROM "order" WHERE "group" = old."create"; END;

INSERT INTO "order" ("group", `from`, "it's", größe, "--dash", end, "unique one") VALUES
    (1, NULL, 'its''', -0.5, '--', 'a', 'x'),
    (2, 'x', NULL, 1e3, '/*', 'b', 'y');
INSERT INTO 'shelf list' VALUES ('1; a', 1, ';'), ('1; b', 2, '''');
UPDATE "order" SET end = 'c', [semi;colon] = "group" || ';' WHERE "group" = 2;
DELETE FROM [index] WHERE [create] = 3;

-- @downgrade
DROP VIEW [index];
DROP TABLE trigger;
DROP TABLE `shelf list`;
DROP TABLE "order";
