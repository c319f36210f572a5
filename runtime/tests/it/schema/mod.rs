//! The normal form of a schema, compared with SQLite.

mod alter;
mod printed;
mod random_tables;

use std::collections::BTreeMap;
use std::path::Path;

use revchain_core::schema::{Schema, diff};
use revchain_core::sql::tokenizer::tokens;
use revchain_prove::migrations_from_directory_unproven;
use revchain_runtime::rusqlite::types::Value;
use revchain_runtime::rusqlite::{Connection, OpenFlags, version_number};

fn texts(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare("SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        .unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn read(connection: &Connection) -> Schema {
    Schema::read(texts(connection).iter().map(String::as_str))
}

/// Creates a database with these statements.
fn database(sql: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(sql)
        .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    connection
}

fn schema(sql: &str) -> Schema {
    read(&database(sql))
}

fn rows(connection: &Connection, sql: &str, name: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([name], |row| {
        (0..columns).map(|column| row.get(column)).collect()
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

fn text(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        value => format!("{value:?}"),
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns the value of a default. A name is a string, and a missing default is NULL.
fn default(connection: &Connection, normal_form: &Value) -> String {
    let Value::Text(normal_form) = normal_form else {
        return "NULL".to_owned();
    };
    let value = |expression: &str| {
        // A comment can follow the expression.
        let sql = format!("SELECT quote({expression}\n)");
        connection.query_row(&sql, [], |row| row.get::<_, String>(0))
    };
    // Expressions with varying values are compared by their tokens.
    if ["CURRENT_", "RANDOM", "UNIXEPOCH", "'NOW'"]
        .iter()
        .any(|word| normal_form.to_ascii_uppercase().contains(word))
    {
        let words = tokens(normal_form)
            .into_iter()
            .filter(|token| !token.is_comment());
        return words
            .map(|token| token.text(normal_form).to_ascii_uppercase())
            .filter(|word| word != "(" && word != ")")
            .collect();
    }
    value(normal_form)
        .or_else(|_| {
            value(&format!(
                "'{}'",
                normal_form.trim_matches(['"', '`', '[', ']'])
            ))
        })
        .unwrap_or_else(|_| normal_form.clone())
}

/// Describes a table with everything that SQLite reports about it.
///
/// The description omits details without a meaning:
/// - the case of types;
/// - NOT NULL on a rowid;
/// - the names of automatic indexes.
fn describe(connection: &Connection, table: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let sql = "SELECT m.name, t.type, t.wr, t.strict FROM pragma_table_list(?1) t, sqlite_master m
               WHERE t.schema = 'main' AND m.name = t.name AND m.type = 'table'";
    let options = rows(connection, sql, table);
    let has_options = options
        .iter()
        .any(|row| row[2..] != [Value::Integer(0), Value::Integer(0)]);
    lines.push(format!("{options:?}"));
    let sql = "SELECT name, upper(replace(type, ' ', '')), \"notnull\", dflt_value, pk, hidden
               FROM pragma_table_xinfo(?1, 'main')";
    let columns = rows(connection, sql, table);
    let keys = columns
        .iter()
        .filter(|column| column[4] != Value::Integer(0))
        .count();
    for column in columns {
        let is_key = column[4] != Value::Integer(0);
        let is_rowid = is_key && keys == 1 && text(&column[1]) == "INTEGER";
        let not_null = if is_rowid || is_key && has_options {
            Value::Null
        } else {
            column[2].clone()
        };
        let default = default(connection, &column[3]);
        lines.push(format!(
            "{:?} {:?} {not_null:?} {default} {:?}",
            column[0],
            column[1],
            &column[4..]
        ));
    }
    let sql = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, 'main')";
    let mut indexes: Vec<String> = rows(connection, sql, table)
        .iter()
        .map(|index| {
            let sql = "SELECT name, \"desc\", upper(coll), key FROM pragma_index_xinfo(?1, 'main')";
            let name = if text(&index[2]) == "c" {
                index[0].clone()
            } else {
                Value::Null
            };
            format!(
                "{name:?} {:?} {:?}",
                &index[1..],
                rows(connection, sql, &text(&index[0]))
            )
        })
        .collect();
    indexes.sort_unstable_by_key(|index| index.to_ascii_lowercase());
    lines.extend(indexes);
    let sql = "SELECT id, upper(\"table\"), upper(\"from\"), upper(\"to\"), on_update, on_delete
               FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for row in rows(connection, sql, table) {
        keys.entry(text(&row[0]))
            .or_default()
            .push_str(&format!("{:?}", &row[1..]));
    }
    let mut keys: Vec<String> = keys.into_values().collect();
    keys.sort_unstable();
    lines.extend(keys);
    lines
}

fn tables(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
        )
        .unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

fn text_of(connection: &Connection, kind: &str, name: &str) -> String {
    let sql = "SELECT sql FROM sqlite_master WHERE type = ?1 AND name = ?2 COLLATE NOCASE";
    connection
        .query_row(sql, [kind, name], |row| row.get(0))
        .unwrap()
}

/// Returns a table's normal form as SQL: its columns, constraints and options.
///
/// Returns `None` if the normal form has no columns or is shortened.
fn normal_form(sql: &str, name: &str) -> Option<String> {
    let other = format!("CREATE TABLE {} (\"no such column\")", quote(name));
    let (other, schema) = (Schema::read([other.as_str()]), Schema::read([sql]));
    let shown = diff(&other, &schema);
    let table = schema.tables().next()?;
    // Messages quote a name only if it needs quotes.
    let quoted = [table.to_owned(), quote(table)].into_iter().find(|table| {
        shown
            .lines()
            .any(|line| line.starts_with(&format!("- {table}.")))
    })?;
    let (mut columns, mut constraints, mut options) = (Vec::new(), Vec::new(), String::new());
    for line in shown.lines() {
        if line.contains('…') {
            return None;
        }
        if let Some(column) = line.strip_prefix(&format!("+ {quoted}.")) {
            columns.push(column.to_owned());
        } else if let Some(constraint) = line.strip_prefix(&format!("+ {quoted} ")) {
            constraints.push(constraint.to_owned());
        } else if let Some((_, shown)) = line.split_once(": no options → ") {
            options = shown.to_owned();
        }
    }
    // The difference reports the order of the columns separately.
    assert_eq!(schema.columns(table).unwrap().len(), columns.len(), "{sql}");
    let items: Vec<String> = columns.into_iter().chain(constraints).collect();
    Some(format!(
        "CREATE TABLE {quoted} ({}) {options}",
        items.join(", ")
    ))
}

/// Asserts that SQLite describes each table and its normal form in the same way.
///
/// The schema reader must also find each column.
fn assert_round_trip(connection: &Connection) {
    let all = read(connection);
    let printed = schema(&all.to_sql());
    assert_eq!(
        printed.fingerprint(),
        all.fingerprint(),
        "{}",
        diff(&all, &printed)
    );
    assert_eq!(printed.to_sql(), all.to_sql());
    for table in tables(connection) {
        let sql = text_of(connection, "table", &table);
        let Some(columns) = all.columns(&table) else {
            // The schema reader ignores the tables of other tools.
            continue;
        };
        let known: Vec<String> = rows(
            connection,
            "SELECT name FROM pragma_table_xinfo(?1, 'main')",
            &table,
        )
        .iter()
        .map(|row| text(&row[0]))
        .collect();
        assert_eq!(columns, known, "{sql}");
        let Some(normal_form) = normal_form(&sql, &table) else {
            continue;
        };
        let again = Connection::open_in_memory().unwrap();
        let name = quote(&table);
        again
            .execute_batch(&normal_form)
            .unwrap_or_else(|error| panic!("{error}\n{sql}\n{normal_form}"));
        let indexes = "SELECT sql FROM sqlite_master WHERE tbl_name = ?1 AND type = 'index' AND sql IS NOT NULL";
        for index in rows(connection, indexes, &table) {
            again.execute_batch(&text(&index[0])).unwrap();
        }
        assert_eq!(
            describe(&again, &table),
            describe(connection, &table),
            "{name}\n{sql}\n{normal_form}"
        );
        // The difference shows a type that contains quotes without its outer quotes.
        if !sql.contains("\"\"\"") {
            assert_eq!(
                Schema::read([normal_form.as_str()]).fingerprint(),
                Schema::read([sql.as_str()]).fingerprint(),
                "{sql}\n{normal_form}"
            );
        }
    }
}

/// Statements with every clause of CREATE TABLE. `p` and `q` are tables that they can reference.
const TABLES: &[&str] = &[
    "CREATE TABLE t (a)",
    "CREATE TABLE t (a, b, c)",
    "CREATE TABLE IF NOT EXISTS main.t (a INTEGER PRIMARY KEY, b TEXT)",
    "CREATE TABLE 't' ('a' 'TEXT', [b] [INTEGER], `c` `BLOB`, \"d\" \"REAL\")",
    "create table T(A integer primary key asc on conflict replace autoincrement)",
    "CREATE TABLE t (a INTEGER PRIMARY KEY DESC)",
    "CREATE TABLE t (a INTEGER PRIMARY KEY ASC ON CONFLICT FAIL, b)",
    "CREATE TABLE t (a INT PRIMARY KEY ON CONFLICT IGNORE, b)",
    "CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a DESC))",
    "CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a ASC) ON CONFLICT ROLLBACK)",
    "CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a AUTOINCREMENT))",
    "CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a COLLATE nocase))",
    "CREATE TABLE t (a TEXT, b, PRIMARY KEY (a COLLATE nocase DESC))",
    "CREATE TABLE t (a, b, c, PRIMARY KEY (c, a DESC, b COLLATE RTRIM))",
    "CREATE TABLE t (a NOT NULL, b NOT NULL ON CONFLICT IGNORE, c NULL, d NULL ON CONFLICT FAIL)",
    "CREATE TABLE t (a UNIQUE, b UNIQUE ON CONFLICT REPLACE, c, d, UNIQUE (c, d), UNIQUE (d) ON CONFLICT FAIL)",
    "CREATE TABLE t (a, b, UNIQUE (a DESC, b COLLATE nocase), UNIQUE (b COLLATE rtrim ASC))",
    "CREATE TABLE t (a TEXT COLLATE nocase UNIQUE, b COLLATE \"rtrim\", c COLLATE 'binary')",
    "CREATE TABLE t (a CHECK (a > 0), b CONSTRAINT n CHECK (b <> '') CHECK (b <> 'x'), CHECK (a <> b))",
    "CREATE TABLE t (a, CONSTRAINT \"a name\" CHECK (a) ON CONFLICT FAIL, CONSTRAINT u UNIQUE (a))",
    "CREATE TABLE t (a CONSTRAINT x NOT NULL CONSTRAINT y UNIQUE CONSTRAINT z DEFAULT 1 CONSTRAINT w)",
    "CREATE TABLE t (a, b, CONSTRAINT x CONSTRAINT y CHECK (a) CONSTRAINT z UNIQUE (b))",
    "CREATE TABLE t (a, b, CHECK (a > 0) CHECK (a < 9), CHECK (b))",
    "CREATE TABLE t (a DEFAULT 1, b DEFAULT -1, c DEFAULT +1, d DEFAULT 1.5e3, e DEFAULT 0xff, f DEFAULT - 2)",
    "CREATE TABLE t (a DEFAULT 'x', b DEFAULT \"y\", c DEFAULT z, d DEFAULT x'00ff', e DEFAULT [a b], f DEFAULT `q`)",
    "CREATE TABLE t (a DEFAULT NULL, b DEFAULT (NULL), c DEFAULT TRUE, d DEFAULT (false), e DEFAULT 'it''s')",
    "CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP, b DEFAULT (CURRENT_DATE), c DEFAULT current_time)",
    "CREATE TABLE t (a DEFAULT (1 + 2 * 3), b DEFAULT (abs(-1)), c DEFAULT (strftime('%Y', 'now')))",
    "CREATE TABLE t (a DEFAULT ((1)), b DEFAULT ( 'x' ), c DEFAULT (-(-1)), d DEFAULT (CASE WHEN 1 THEN 'y' END))",
    "CREATE TABLE t (a DEFAULT 1 NOT NULL DEFAULT 2 UNIQUE)",
    "CREATE TABLE t (a VARCHAR(10), b DECIMAL(10, 5), c NUMERIC(+1, -2), d UNSIGNED BIG INT, e \"LONG TEXT\" NOT NULL)",
    "CREATE TABLE t (a VARYING CHARACTER (255), b DOUBLE PRECISION, c native character(70), d FLOATING POINT)",
    "CREATE TABLE t (a DATETIME DEFAULT CURRENT_TIMESTAMP NOT NULL, b BOOLEAN NOT NULL DEFAULT 0)",
    "CREATE TABLE t (a REFERENCES p, b REFERENCES p (x), c INTEGER REFERENCES \"p\"('x') ON DELETE CASCADE)",
    "CREATE TABLE t (a REFERENCES p ON UPDATE SET NULL ON DELETE SET DEFAULT, b REFERENCES q ON DELETE RESTRICT)",
    "CREATE TABLE t (a REFERENCES p ON DELETE NO ACTION ON UPDATE CASCADE MATCH FULL, b REFERENCES q MATCH SIMPLE)",
    "CREATE TABLE t (a REFERENCES p DEFERRABLE INITIALLY DEFERRED, b REFERENCES p NOT DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE t (a REFERENCES p NOT DEFERRABLE, b REFERENCES p DEFERRABLE, c REFERENCES p DEFERRABLE INITIALLY IMMEDIATE)",
    "CREATE TABLE t (a, b, FOREIGN KEY (a) REFERENCES p, FOREIGN KEY (a, b) REFERENCES p (x, y) ON DELETE CASCADE)",
    "CREATE TABLE t (a, b, CONSTRAINT k FOREIGN KEY (b, a) REFERENCES q DEFERRABLE INITIALLY DEFERRED)",
    "CREATE TABLE t (a, b AS (a + 1), c TEXT AS (a || 'x') STORED, d INT GENERATED ALWAYS AS (a) VIRTUAL NOT NULL)",
    "CREATE TABLE t (a, b GENERATED ALWAYS AS (lower(a)) STORED UNIQUE, c AS (\"a\" || \"none\"))",
    "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b) without rowid",
    "CREATE TABLE t (a TEXT, b INT, c, PRIMARY KEY (b DESC, a)) WITHOUT ROWID",
    "CREATE TABLE t (a TEXT, b INT, c ANY, d REAL, e BLOB, f INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE t (a TEXT NOT NULL, b INT, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID",
    "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY, b INT) WITHOUT ROWID, STRICT",
    "CREATE TABLE t (\"key\", key2, [order], `group`, \"a b\", \"a\"\"b\", \"[x]\", \"it's\", größe, \"1\", x$y, \"\")",
    "CREATE TABLE t (abort, action, after, begin, by, cascade, conflict, do, each, end, fail, first, glob, if, ignore, key)",
    "CREATE TABLE t (left, right, cross, inner, outer, natural, full, filter, over, window, rowid, view, trigger, temp)",
    "CREATE TABLE t (\"check\" CHECK (\"check\" > 1), \"unique\" UNIQUE, \"primary\" PRIMARY KEY, \"foreign\", \"constraint\")",
    "CREATE TABLE t -- what\n(a /* INTEGER */ TEXT, -- b\n b /* ), ( */ INTEGER -- c, d\n)",
    "CREATE TABLE t (a CHECK (a IN ('x', 'y''z', \"w\")), b CHECK (b GLOB '*[a-z]*' AND b NOT LIKE '%;%' ESCAPE '\\'))",
    "CREATE TABLE t (a CHECK (CASE WHEN a THEN 1 ELSE 0 END), b CHECK (a IS NOT NULL AND b ISNULL OR b NOTNULL), c CHECK (c BETWEEN 1 AND 2))",
    "CREATE TABLE t (a CHECK (json_valid(a) AND a ->> '$.x' > 1 AND a -> \"$.y\" <> x'00' AND ~a << 2 >= -a % 3))",
    "CREATE TABLE t (a CHECK (typeof(a) = 'integer' AND CAST(a AS TEXT) = a COLLATE nocase))",
    "CREATE TABLE t AS SELECT 1 AS a, 'x' AS \"b c\", x AS c, CAST(y AS INT) AS d FROM p",
];

/// The tables that the others reference.
const PARENTS: &str = "CREATE TABLE p (x INTEGER PRIMARY KEY, y TEXT UNIQUE, UNIQUE (x, y)); CREATE TABLE q (x UNIQUE, y);";

#[test]
fn each_clause_of_a_table_has_a_normal_form() {
    for sql in TABLES {
        assert_round_trip(&database(&format!("{PARENTS}{sql}")));
    }
}

/// SQLite accepts a second foreign key of one column, and ignores some keywords.
#[test]
fn unusual_clause_of_a_table_has_a_normal_form() {
    for sql in [
        "CREATE TABLE t (a REFERENCES p REFERENCES q)",
        "CREATE TABLE t (a REFERENCES p, FOREIGN KEY (a) REFERENCES q (x))",
        "CREATE TABLE t (a REFERENCES p ON INSERT CASCADE ON DELETE CASCADE)",
        "CREATE TABLE t (a generated)",
        "CREATE TABLE t (a TEXT generated always)",
    ] {
        assert_round_trip(&database(&format!("{PARENTS}{sql}")));
    }
}

/// The keywords of SQLite's grammar.
const KEYWORDS: &str = "ABORT ACTION ADD AFTER ALL ALTER ALWAYS ANALYZE AND AS ASC ATTACH AUTOINCREMENT BEFORE BEGIN BETWEEN \
    BY CASCADE CASE CAST CHECK COLLATE COLUMN COMMIT CONFLICT CONSTRAINT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME \
    CURRENT_TIMESTAMP DATABASE DEFAULT DEFERRABLE DEFERRED DELETE DESC DETACH DISTINCT DO DROP EACH ELSE END ESCAPE EXCEPT \
    EXCLUDE EXCLUSIVE EXISTS EXPLAIN FAIL FALSE FILTER FIRST FOLLOWING FOR FOREIGN FROM FULL GENERATED GLOB GROUP GROUPS \
    HAVING IF IGNORE IMMEDIATE IN INDEX INDEXED INITIALLY INNER INSERT INSTEAD INTERSECT INTO IS ISNULL JOIN KEY LAST LEFT \
    LIKE LIMIT MATCH MATERIALIZED NATURAL NO NOT NOTHING NOTNULL NULL NULLS OF OFFSET ON OR ORDER OTHERS OUTER OVER PARTITION \
    PLAN PRAGMA PRECEDING PRIMARY QUERY RAISE RANGE RECURSIVE REFERENCES REGEXP REINDEX RELEASE RENAME REPLACE RESTRICT \
    RETURNING RIGHT ROLLBACK ROW ROWS SAVEPOINT SELECT SET STORED STRICT TABLE TEMP TEMPORARY THEN TIES TO TRANSACTION TRIGGER \
    TRUE UNBOUNDED UNION UNIQUE UPDATE USING VACUUM VALUES VIEW VIRTUAL WHEN WHERE WINDOW WITH WITHIN WITHOUT";

/// Returns the keywords that SQLite accepts as a name and that differ with and without quotes.
fn differing(template: impl Fn(&str) -> String) -> Vec<&'static str> {
    let differs = |word: &&str| {
        let [bare, quoted] = [template(word), template(&quote(word))];
        let make = |sql: &str| {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).map(|()| connection)
        };
        let Ok(bare) = make(&bare) else { return false };
        diff(&read(&bare), &schema(&quoted)).to_string() != ""
    };
    KEYWORDS.split_whitespace().filter(differs).collect()
}

/// Keywords that are names in quotes and values without quotes.
const VALUES: [&str; 6] = [
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "FALSE",
    "NULL",
    "TRUE",
];

#[test]
fn keyword_as_a_name_equals_the_quoted_name() {
    let differ = |template: fn(&str) -> String| {
        let differ: Vec<&str> = differing(template)
            .into_iter()
            .filter(|word| !VALUES.contains(word))
            .collect();
        assert_eq!(differ, Vec::<&str>::new());
    };
    differ(|word| format!("CREATE TABLE t ({word} TEXT, b, PRIMARY KEY ({word}))"));
    differ(|word| {
        format!(
            "CREATE TABLE t (a, \"{}\", CHECK (a <> {word}))",
            word.trim_matches('"')
        )
    });
    differ(|word| {
        format!(
            "CREATE TABLE t (\"{}\"); CREATE INDEX i ON t ({word})",
            word.trim_matches('"')
        )
    });
    differ(|word| format!("CREATE TABLE {word} (a); CREATE VIEW v AS SELECT a FROM {word}"));
    differ(|word| {
        format!(
            "CREATE TABLE {word} (a); CREATE TRIGGER g AFTER INSERT ON {word} BEGIN INSERT INTO {word} (a) SELECT 1; END"
        )
    });
    differ(|word| format!("CREATE TABLE t (a REFERENCES {word} (a))"));
}

/// Returns the normal form of an index, view or trigger as SQL.
fn normal_form_on(table: &str, sql: &str) -> String {
    let (without, with) = (Schema::read([table]), Schema::read([table, sql]));
    let shown = diff(&without, &with);
    let lines: Vec<&str> = shown.lines().collect();
    let [line] = lines[..] else {
        panic!("{sql}\n{shown}")
    };
    let line = line.strip_prefix("+ ").unwrap();
    assert!(!line.contains('…'), "{sql}");
    match line.split_once(" UNIQUE ON ") {
        Some((index, rest)) => format!("CREATE UNIQUE {index} ON {rest}"),
        None => format!("CREATE {line}"),
    }
}

const TABLE: &str = "CREATE TABLE t (a, b, c, \"key\", \"order\", \"left\")";

const ON_TABLES: &[&str] = &[
    "CREATE INDEX i ON t (a)",
    "CREATE UNIQUE INDEX IF NOT EXISTS main.i ON t (a, b DESC, c ASC)",
    "CREATE INDEX [i j] ON \"t\" ('a', [b], `c`, \"order\")",
    "CREATE INDEX i ON t (a COLLATE nocase DESC, lower(b), (c), -a, a + b * c, key)",
    "CREATE INDEX i ON t (a COLLATE \"rtrim\" ASC, json_extract(b, '$.x'))",
    "CREATE INDEX i ON t (a) WHERE b IS NOT NULL AND c <> 'x' OR key IN (1, 2)",
    "CREATE UNIQUE INDEX i ON t (coalesce(a, ''), CASE WHEN b THEN c END) WHERE a NOT NULL",
    "CREATE INDEX i ON t (a /* x */, -- y\n b)",
    "CREATE VIEW v AS SELECT 1",
    "CREATE VIEW IF NOT EXISTS main.v (x, \"y z\") AS SELECT a, b FROM t",
    "CREATE VIEW v AS SELECT a AS \"x y\", 'z' AS q, count(*) n FROM \"t\" WHERE a > 1 GROUP BY b, c HAVING n > 1",
    "CREATE VIEW v AS WITH RECURSIVE x(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM x LIMIT 9) SELECT * FROM x",
    "CREATE VIEW v AS WITH x AS NOT MATERIALIZED (SELECT 1) SELECT * FROM x EXCEPT VALUES (3) UNION SELECT 2 ORDER BY 1 LIMIT 5 OFFSET 2",
    "CREATE VIEW v AS SELECT sum(a) OVER (PARTITION BY b ORDER BY c ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s FROM t",
    "CREATE VIEW v AS SELECT rank() OVER w AS r, count(*) FILTER (WHERE a) OVER w AS n FROM t WINDOW w AS (ORDER BY a NULLS LAST)",
    "CREATE VIEW v AS SELECT x.a, y.b FROM t AS x LEFT OUTER JOIN t y ON x.a = y.a CROSS JOIN (SELECT 1) NATURAL JOIN t USING_",
    "CREATE VIEW v AS SELECT t.*, t.\"order\", (SELECT max(b) FROM t AS u WHERE u.a = t.a) AS m FROM t INDEXED BY i",
    "CREATE VIEW v AS SELECT EXISTS (SELECT 1 FROM t WHERE a IS NOT DISTINCT FROM b) AS x, a NOT IN t AS y, +a - -b AS z FROM t",
    "CREATE TRIGGER g INSERT ON t BEGIN SELECT 1; END",
    "CREATE TRIGGER IF NOT EXISTS main.g AFTER DELETE ON \"t\" FOR EACH ROW BEGIN DELETE FROM t WHERE a = old.a; END",
    "CREATE TRIGGER g BEFORE UPDATE OF a, \"order\" ON t WHEN new.a <> old.a BEGIN SELECT RAISE(ABORT, 'no; END'); END",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE OR IGNORE t SET b = 'x;y' WHERE rowid = new.rowid; SELECT CASE WHEN 1 THEN 2 END; END",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING; REPLACE INTO t (a, key) SELECT 1, 2; END",
];

#[test]
fn normal_form_of_indexes_views_and_triggers_round_trips() {
    for sql in ON_TABLES {
        let given = database(&format!("{TABLE}; CREATE INDEX i0 ON t (a);"));
        // SQLite looks up the index and the table in this view at its first use.
        let is_read_late = sql.contains("INDEXED BY") || sql.contains("USING_");
        given.execute_batch(sql).unwrap();
        let kept = texts(&given).pop().unwrap();
        let normal_form = normal_form_on(TABLE, &kept);
        let copy = database(&format!("{TABLE}; CREATE INDEX i0 ON t (a); {normal_form}"));
        let describe = |connection: &Connection| -> Vec<String> {
            let index =
                "SELECT cid, name, \"desc\", upper(coll), key FROM pragma_index_xinfo(?1, 'main')";
            let mut lines: Vec<String> = ["i", "i j"]
                .iter()
                .map(|name| format!("{:?}", rows(connection, index, name)))
                .collect();
            if !is_read_late {
                let columns = "SELECT name, type FROM pragma_table_xinfo(?1, 'main')";
                lines.push(format!("{:?}", rows(connection, columns, "v")));
            }
            lines
        };
        assert_eq!(describe(&copy), describe(&given), "{kept}\n{normal_form}");
        let again = texts(&copy).pop().unwrap();
        assert_eq!(
            Schema::read([TABLE, &again]).fingerprint(),
            Schema::read([TABLE, &kept]).fingerprint(),
            "{kept}\n{normal_form}"
        );
    }
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The chain uses every clause of SQLite's grammar.
#[test]
fn chain_with_every_clause_has_a_normal_form_at_each_revision() {
    let migrations =
        migrations_from_directory_unproven(repository().join("tests/chains/everything")).unwrap();
    let mut connection = Connection::open_in_memory().unwrap();
    for revision in migrations.revisions() {
        if revision.id() == "026" && version_number() < 3_053_000 {
            break;
        }
        migrations
            .migrator()
            .upgrade_to(&mut connection, revision.id())
            .unwrap();
        assert_round_trip(&connection);
    }
}

/// Five other tools created the fixtures from the same schema.
#[test]
fn schemas_of_other_tools_equal_the_schema_of_the_chain() {
    let migrations = migrations_from_directory_unproven(repository().join("migrations")).unwrap();
    let mut ours = Connection::open_in_memory().unwrap();
    migrations.migrator().upgrade_to(&mut ours, "005").unwrap();
    let ours = read(&ours);
    for tool in [
        "alembic",
        "diesel",
        "refinery",
        "rusqlite_migration",
        "sqlx",
    ] {
        let path = repository().join(format!("tests/fixtures/peers/{tool}.db"));
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert_round_trip(&connection);
        let theirs = read(&connection);
        assert_eq!(diff(&ours, &theirs).to_string(), "", "{tool}");
        assert_eq!(ours.fingerprint(), theirs.fingerprint(), "{tool}");
    }
}
