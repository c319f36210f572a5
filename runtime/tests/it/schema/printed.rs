//! Schemas as SQL, with names that are keywords.

use super::schema;

#[test]
fn names_that_are_keywords_stay_names() {
    let sql = "
        CREATE TABLE \"if\" (key TEXT, \"like\" TEXT UNIQUE, replace, \"cast\" INTEGER, \"end\",
            \"type\" \"odd-type\", CHECK (key NOT LIKE 'a%' OR \"cast\" > 1),
            CHECK (replace(key, 'a', 'b') <> \"like\" AND like('a', key)));
        CREATE TABLE match (of INTEGER REFERENCES \"if\" (\"like\") ON UPDATE CASCADE ON DELETE SET NULL,
            \"left\" INTEGER DEFAULT (CAST('1' AS INTEGER)) NOT NULL ON CONFLICT REPLACE);
        CREATE INDEX by ON \"if\" (key, \"like\" DESC) WHERE \"end\" IS NOT NULL;
        CREATE VIEW plan (\"a b\", desc) AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3)
            SELECT DISTINCT CASE key WHEN 'a' THEN \"end\" ELSE replace END, \"left\".\"left\"
            FROM \"if\" NATURAL LEFT JOIN match \"left\" CROSS JOIN n
            WHERE key IS DISTINCT FROM 'b' AND \"cast\" BETWEEN 1 AND 2
            GROUP BY key HAVING count(*) FILTER (WHERE of > 0) > 0 ORDER BY desc DESC;
        CREATE TRIGGER \"trigger\" AFTER UPDATE OF key, \"end\" ON \"if\" WHEN new.key GLOB 'x*' BEGIN
            INSERT OR REPLACE INTO match (of) VALUES (new.replace) ON CONFLICT DO NOTHING;
            REPLACE INTO match SELECT 1, 2;
            UPDATE OR IGNORE match SET of = new.key WHERE of IS NOT NULL;
            SELECT RAISE(IGNORE) WHERE new.\"end\" = 'END; BEGIN';
        END;";
    let (expected, printed) = (schema(sql), schema(sql).to_sql());
    assert_eq!(
        schema(&printed).fingerprint(),
        expected.fingerprint(),
        "{printed}"
    );
    assert_eq!(
        printed,
        "CREATE TABLE \"if\" (
  key TEXT,
  like TEXT UNIQUE,
  replace,
  cast INTEGER,
  end,
  type \"ODD-TYPE\",
  CHECK (key NOT LIKE 'a%' OR \"cast\" > 1),
  CHECK (replace(key, 'a', 'b') <> like AND like('a', key))
);
CREATE INDEX by ON if (key, like DESC) WHERE end IS NOT NULL;

CREATE TRIGGER trigger AFTER UPDATE OF key, end ON if
  WHEN new.key GLOB 'x*'
BEGIN
  INSERT OR REPLACE INTO match (of) VALUES (new.replace) ON CONFLICT DO NOTHING;
  REPLACE INTO match SELECT 1, 2;
  UPDATE OR IGNORE match SET of = new.key WHERE of IS NOT NULL;
  SELECT RAISE (IGNORE) WHERE new.end = 'END; BEGIN';
END;

CREATE TABLE match (
  of INTEGER REFERENCES if(like) ON DELETE SET NULL ON UPDATE CASCADE,
  left INTEGER NOT NULL ON CONFLICT REPLACE DEFAULT (CAST ('1' AS INTEGER))
);

CREATE VIEW plan (\"a b\", desc) AS
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3)
SELECT DISTINCT CASE key WHEN 'a' THEN end ELSE replace END, left.left
FROM if
  NATURAL LEFT JOIN match \"left\"
  CROSS JOIN n
WHERE key IS DISTINCT FROM 'b' AND \"cast\" BETWEEN 1 AND 2
GROUP BY key
HAVING count(*) FILTER (WHERE of > 0) > 0
ORDER BY desc DESC;
"
    );
}

#[test]
fn quotes_around_a_keyword_make_no_difference() {
    let bare = "CREATE TABLE t (key, of); CREATE INDEX i ON t (key, of) WHERE key > of;
        CREATE VIEW v AS SELECT key AS action, max(of) FROM t WHERE (key) = of ORDER BY key;";
    let quoted = "CREATE TABLE \"t\" (\"key\", [of]); CREATE INDEX i ON t (\"key\", `of`) WHERE \"key\" > \"of\";
        CREATE VIEW v AS SELECT \"key\" AS \"action\", max(\"of\") FROM t WHERE (\"key\") = [of] ORDER BY \"key\";";
    let [bare, quoted] = [bare, quoted].map(schema);
    assert_eq!(bare.fingerprint(), quoted.fingerprint());
    assert_eq!(bare.to_sql(), quoted.to_sql());
}
