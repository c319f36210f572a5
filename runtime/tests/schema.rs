//! The normal form of a schema, held against SQLite itself.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use revchain_core::schema::{Schema, diff};
use revchain_core::sql::tokens;
use revchain_runtime::Migrations;
use revchain_runtime::rusqlite::types::Value;
use revchain_runtime::rusqlite::{Connection, OpenFlags, version_number};

fn texts(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare("SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn read(connection: &Connection) -> Schema {
    Schema::read(texts(connection).iter().map(String::as_str))
}

/// The database that these statements make.
fn database(sql: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    connection
}

fn schema(sql: &str) -> Schema {
    read(&database(sql))
}

fn rows(connection: &Connection, sql: &str, name: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([name], |row| (0..columns).map(|column| row.get(column)).collect());
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

/// A default's value, however it is written: a name stands for a string, and nothing for NULL.
fn default(connection: &Connection, written: &Value) -> String {
    let Value::Text(written) = written else { return "NULL".to_owned() };
    let value = |expression: &str| {
        // A comment may follow it.
        let sql = format!("SELECT quote({expression}\n)");
        connection.query_row(&sql, [], |row| row.get::<_, String>(0))
    };
    // What has another value each time is compared by its words.
    if ["CURRENT_", "RANDOM", "UNIXEPOCH", "'NOW'"]
        .iter()
        .any(|word| written.to_ascii_uppercase().contains(word))
    {
        let words = tokens(written).into_iter().filter(|token| !token.is_comment());
        return words
            .map(|token| token.text(written).to_ascii_uppercase())
            .filter(|word| word != "(" && word != ")")
            .collect();
    }
    value(written)
        .or_else(|_| value(&format!("'{}'", written.trim_matches(['"', '`', '[', ']']))))
        .unwrap_or_else(|_| written.clone())
}

/// All that SQLite tells of a table, in words; what has no meaning is left out: the case of types, whether a rowid is said
/// to be not null, the names of indexes that a table brings with it.
fn told(connection: &Connection, table: &str) -> Vec<String> {
    let mut told = Vec::new();
    let sql = "SELECT m.name, t.type, t.wr, t.strict FROM pragma_table_list(?1) t, sqlite_master m
               WHERE t.schema = 'main' AND m.name = t.name AND m.type = 'table'";
    let of_the_table = rows(connection, sql, table);
    let has_options = of_the_table.iter().any(|row| row[2..] != [Value::Integer(0), Value::Integer(0)]);
    told.push(format!("{of_the_table:?}"));
    let sql = "SELECT name, upper(replace(type, ' ', '')), \"notnull\", dflt_value, pk, hidden
               FROM pragma_table_xinfo(?1, 'main')";
    let columns = rows(connection, sql, table);
    let keys = columns.iter().filter(|column| column[4] != Value::Integer(0)).count();
    for column in columns {
        let is_key = column[4] != Value::Integer(0);
        let is_rowid = is_key && keys == 1 && text(&column[1]) == "INTEGER";
        let not_null = match is_rowid || is_key && has_options {
            true => Value::Null,
            false => column[2].clone(),
        };
        let default = default(connection, &column[3]);
        told.push(format!("{:?} {:?} {not_null:?} {default} {:?}", column[0], column[1], &column[4..]));
    }
    let sql = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1, 'main')";
    let mut indexes: Vec<String> = rows(connection, sql, table)
        .iter()
        .map(|index| {
            let sql = "SELECT name, \"desc\", upper(coll), key FROM pragma_index_xinfo(?1, 'main')";
            let name = if text(&index[2]) == "c" { index[0].clone() } else { Value::Null };
            format!("{name:?} {:?} {:?}", &index[1..], rows(connection, sql, &text(&index[0])))
        })
        .collect();
    indexes.sort_unstable_by_key(|index| index.to_ascii_lowercase());
    told.extend(indexes);
    let sql = "SELECT id, upper(\"table\"), upper(\"from\"), upper(\"to\"), on_update, on_delete
               FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for row in rows(connection, sql, table) {
        keys.entry(text(&row[0])).or_default().push_str(&format!("{:?}", &row[1..]));
    }
    let mut keys: Vec<String> = keys.into_values().collect();
    keys.sort_unstable();
    told.extend(keys);
    told
}

fn tables(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn text_of(connection: &Connection, kind: &str, name: &str) -> String {
    let sql = "SELECT sql FROM sqlite_master WHERE type = ?1 AND name = ?2 COLLATE NOCASE";
    connection.query_row(sql, [kind, name], |row| row.get(0)).unwrap()
}

/// A table's normal form, written as SQL again: what is said of each column, of the table, and its options. Nothing,
/// where the normal form is not one of columns, or is too long to be shown whole.
fn written(sql: &str, name: &str) -> Option<String> {
    let other = format!("CREATE TABLE {} (\"no such column\")", quote(name));
    let (other, schema) = (Schema::read([other.as_str()]), Schema::read([sql]));
    let shown = diff(&other, &schema);
    let table = schema.tables().next()?;
    // As the messages have it.
    let quoted = [table.to_owned(), quote(table)]
        .into_iter()
        .find(|table| shown.lines().any(|line| line.starts_with(&format!("- {table}."))))?;
    let (mut columns, mut constraints, mut options) = (Vec::new(), Vec::new(), String::new());
    for line in shown.lines() {
        if line.contains('…') {
            return None;
        }
        if let Some(column) = line.strip_prefix(&format!("+ {quoted}.")) {
            columns.push(column.to_owned());
        } else if let Some(constraint) = line.strip_prefix(&format!("+ {quoted} ")) {
            constraints.push(constraint.to_owned());
        } else if let Some((_, said)) = line.split_once(": no options → ") {
            options = said.to_owned();
        }
    }
    // The order is told apart.
    assert_eq!(schema.columns(table).unwrap().len(), columns.len(), "{sql}");
    let items: Vec<String> = columns.into_iter().chain(constraints).collect();
    Some(format!("CREATE TABLE {quoted} ({}) {options}", items.join(", ")))
}

/// What SQLite tells of each table of the database, it tells of the normal form, too; and that is read column by column.
fn is_understood(connection: &Connection) {
    let all = read(connection);
    for table in tables(connection) {
        let sql = text_of(connection, "table", &table);
        let Some(columns) = all.columns(&table) else {
            // What other tools keep does not count.
            continue;
        };
        let known: Vec<String> = rows(connection, "SELECT name FROM pragma_table_xinfo(?1, 'main')", &table)
            .iter()
            .map(|row| text(&row[0]))
            .collect();
        assert_eq!(columns, known, "{sql}");
        let Some(written) = written(&sql, &table) else { continue };
        let again = Connection::open_in_memory().unwrap();
        let name = quote(&table);
        again.execute_batch(&written).unwrap_or_else(|error| panic!("{error}\n{sql}\n{written}"));
        let indexes =
            "SELECT sql FROM sqlite_master WHERE tbl_name = ?1 AND type = 'index' AND sql IS NOT NULL";
        for index in rows(connection, indexes, &table) {
            again.execute_batch(&text(&index[0])).unwrap();
        }
        assert_eq!(told(&again, &table), told(connection, &table), "{name}\n{sql}\n{written}");
        // A type with quotes inside is shown without those around it.
        if !sql.contains("\"\"\"") {
            assert_eq!(
                Schema::read([written.as_str()]).fingerprint(),
                Schema::read([sql.as_str()]).fingerprint(),
                "{sql}\n{written}"
            );
        }
    }
}

/// Every clause that a table can have. Each is one statement; `p` and `q` are tables that it can point at.
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

/// The tables that others point at.
const PARENTS: &str =
    "CREATE TABLE p (x INTEGER PRIMARY KEY, y TEXT UNIQUE, UNIQUE (x, y)); CREATE TABLE q (x UNIQUE, y);";

#[test]
fn every_table_that_sqlite_accepts_is_understood_column_by_column() {
    for sql in TABLES {
        is_understood(&database(&format!("{PARENTS}{sql}")));
    }
}

/// Two keys of one column, which SQLite makes two of; words that it reads and does not heed.
#[test]
fn even_odd_tables_are_understood_column_by_column() {
    for sql in [
        "CREATE TABLE t (a REFERENCES p REFERENCES q)",
        "CREATE TABLE t (a REFERENCES p, FOREIGN KEY (a) REFERENCES q (x))",
        "CREATE TABLE t (a REFERENCES p ON INSERT CASCADE ON DELETE CASCADE)",
        "CREATE TABLE t (a generated)",
        "CREATE TABLE t (a TEXT generated always)",
    ] {
        is_understood(&database(&format!("{PARENTS}{sql}")));
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

/// The keywords that differ with and without quotes, of those that SQLite takes for a name without.
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

/// In quotes these are names, without they are values.
const VALUES: [&str; 6] = ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "FALSE", "NULL", "TRUE"];

#[test]
fn a_keyword_that_is_a_name_is_the_same_in_quotes() {
    let differ = |template: fn(&str) -> String| {
        let differ: Vec<&str> =
            differing(template).into_iter().filter(|word| !VALUES.contains(word)).collect();
        assert_eq!(differ, Vec::<&str>::new());
    };
    differ(|word| format!("CREATE TABLE t ({word} TEXT, b, PRIMARY KEY ({word}))"));
    differ(|word| format!("CREATE TABLE t (a, \"{}\", CHECK (a <> {word}))", word.trim_matches('"')));
    differ(|word| format!("CREATE TABLE t (\"{}\"); CREATE INDEX i ON t ({word})", word.trim_matches('"')));
    differ(|word| format!("CREATE TABLE {word} (a); CREATE VIEW v AS SELECT a FROM {word}"));
    differ(|word| {
        format!(
            "CREATE TABLE {word} (a); CREATE TRIGGER g AFTER INSERT ON {word} BEGIN INSERT INTO {word} (a) SELECT 1; END"
        )
    });
    differ(|word| format!("CREATE TABLE t (a REFERENCES {word} (a))"));
}

/// What is on a table, written as SQL again from its normal form.
fn written_on(table: &str, sql: &str) -> String {
    let (without, with) = (Schema::read([table]), Schema::read([table, sql]));
    let shown = diff(&without, &with);
    let lines: Vec<&str> = shown.lines().collect();
    let [line] = lines[..] else { panic!("{sql}\n{shown}") };
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
fn what_is_on_a_table_is_the_same_when_its_normal_form_is_written() {
    for sql in ON_TABLES {
        let given = database(&format!("{TABLE}; CREATE INDEX i0 ON t (a);"));
        // Neither the index nor the table in it is looked for before it is used.
        let is_read_late = sql.contains("INDEXED BY") || sql.contains("USING_");
        given.execute_batch(sql).unwrap();
        let kept = texts(&given).pop().unwrap();
        let written = written_on(TABLE, &kept);
        let made = database(&format!("{TABLE}; CREATE INDEX i0 ON t (a); {written}"));
        let told = |connection: &Connection| -> Vec<String> {
            let index = "SELECT cid, name, \"desc\", upper(coll), key FROM pragma_index_xinfo(?1, 'main')";
            let mut told: Vec<String> =
                ["i", "i j"].iter().map(|name| format!("{:?}", rows(connection, index, name))).collect();
            if !is_read_late {
                let columns = "SELECT name, type FROM pragma_table_xinfo(?1, 'main')";
                told.push(format!("{:?}", rows(connection, columns, "v")));
            }
            told
        };
        assert_eq!(told(&made), told(&given), "{kept}\n{written}");
        let again = texts(&made).pop().unwrap();
        assert_eq!(
            Schema::read([TABLE, &again]).fingerprint(),
            Schema::read([TABLE, &kept]).fingerprint(),
            "{kept}\n{written}"
        );
    }
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A chain that uses every clause of SQLite's grammar.
#[test]
fn the_chain_with_everything_in_it_is_understood_at_each_revision() {
    let migrations =
        Migrations::from_directory_unproven(repository().join("tests/chains/everything")).unwrap();
    let mut connection = Connection::open_in_memory().unwrap();
    for revision in migrations.revisions() {
        if revision.id() == "026" && version_number() < 3_053_000 {
            break;
        }
        migrations.upgrade_to(&mut connection, revision.id()).unwrap();
        is_understood(&connection);
    }
}

/// One schema, as the migrations of five other tools make it.
#[test]
fn what_other_tools_have_made_is_equal_to_what_our_chain_makes() {
    let migrations = Migrations::from_directory_unproven(repository().join("migrations")).unwrap();
    let mut ours = Connection::open_in_memory().unwrap();
    migrations.upgrade_to(&mut ours, "005").unwrap();
    let ours = read(&ours);
    for tool in ["alembic", "diesel", "refinery", "rusqlite_migration", "sqlx"] {
        let path = repository().join(format!("tests/fixtures/peers/{tool}.db"));
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        is_understood(&connection);
        let theirs = read(&connection);
        assert_eq!(diff(&ours, &theirs).to_string(), "", "{tool}");
        assert_eq!(ours.fingerprint(), theirs.fingerprint(), "{tool}");
    }
}

/// A column of a table that is made up.
#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    kind: &'static str,
    not_null: bool,
    unique: bool,
    default: Option<&'static str>,
    collation: Option<&'static str>,
    /// What its CHECK compares it with.
    check: Option<&'static str>,
    /// What happens on delete.
    references: Option<&'static str>,
}

/// A table that is made up.
#[derive(Debug, Clone)]
struct Table {
    columns: Vec<Column>,
    /// The columns of the primary key, and whether each is in descending order.
    key: Vec<(usize, bool)>,
    is_without_rowid: bool,
    is_strict: bool,
}

const NAMES: [&str; 6] = ["id", "name", "order", "key", "a b", "größe"];
const KINDS: [&str; 5] = ["TEXT", "INT", "REAL", "BLOB", "ANY"];
const DEFAULTS: [&str; 6] = ["1", "-1", "'x'", "'X'", "TRUE", "CURRENT_DATE"];
const COLLATIONS: [&str; 2] = ["NOCASE", "RTRIM"];
const LITERALS: [&str; 4] = ["'a'", "'A'", "'it''s'", "7"];
const ACTIONS: [&str; 4] = ["NO ACTION", "CASCADE", "SET NULL", "RESTRICT"];

fn column() -> impl Strategy<Value = Column> {
    let of = proptest::sample::select::<&'static str>;
    let maybe = |list: &'static [&'static str]| proptest::option::of(proptest::sample::select(list));
    let said = (maybe(&DEFAULTS), maybe(&COLLATIONS), maybe(&LITERALS), maybe(&ACTIONS));
    (of(&KINDS), any::<bool>(), any::<bool>(), said).prop_map(|(kind, not_null, unique, said)| Column {
        name: "",
        kind,
        not_null,
        unique,
        default: said.0,
        collation: said.1,
        check: said.2,
        references: said.3,
    })
}

fn table() -> impl Strategy<Value = Table> {
    let columns = proptest::collection::vec(column(), 2..=NAMES.len());
    let key = proptest::sample::subsequence(vec![0, 1], 1..=2);
    (columns, key, any::<[bool; 4]>()).prop_map(|(mut columns, key, [desc, reversed, wr, is_strict])| {
        for (column, name) in columns.iter_mut().zip(NAMES) {
            column.name = name;
        }
        let mut key: Vec<(usize, bool)> = key.into_iter().map(|column| (column, desc)).collect();
        if reversed {
            key.reverse();
        }
        // That a column of the key is not null need not be said where there are options, nor that it is unique.
        for &(column, _) in &key {
            columns[column].not_null = false;
            columns[column].unique = false;
        }
        Table { columns, key, is_without_rowid: wr, is_strict }
    })
}

/// Writes a part of a table.
type Part<'t, 'b> = Box<dyn Fn(&mut Style<'b>) + 't>;

/// Chooses how to write things, from bytes that were drawn.
struct Style<'b> {
    bytes: std::iter::Cycle<std::slice::Iter<'b, u8>>,
    text: String,
}

impl<'b> Style<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self { bytes: bytes.iter().cycle(), text: String::new() }
    }

    fn choose(&mut self, choices: usize) -> usize {
        usize::from(*self.bytes.next().unwrap()) % choices
    }

    fn yes(&mut self) -> bool {
        self.choose(2) == 0
    }

    fn space(&mut self) {
        let space = [" ", "\n", "\t ", " /* a 'b */ ", " -- \"c\n", "\r\n  "][self.choose(6)];
        self.text += space;
    }

    /// Keywords, in any case.
    fn words(&mut self, words: &str) {
        for word in words.split(' ') {
            self.space();
            let word = match self.choose(3) {
                0 => word.to_ascii_lowercase(),
                1 => word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase(),
                _ => word.to_ascii_uppercase(),
            };
            self.text += &word;
        }
    }

    fn mark(&mut self, mark: &str) {
        if self.yes() {
            self.space();
        }
        self.text += mark;
        if self.yes() {
            self.space();
        }
    }

    fn literal(&mut self, literal: &str) {
        self.space();
        self.text += literal;
    }

    /// A name, in any quotes and any case.
    fn name(&mut self, name: &str) {
        self.space();
        let needs_quotes = name.contains(' ') || name == "order";
        let name = if self.yes() { name.to_ascii_uppercase() } else { name.to_owned() };
        let quotes = if needs_quotes { 1 + self.choose(3) } else { self.choose(6) };
        self.text += &match quotes {
            1 => format!("\"{name}\""),
            2 => format!("`{name}`"),
            3 => format!("[{name}]"),
            _ => name,
        };
    }

    /// A name of a constraint that no error shows.
    fn named(&mut self) {
        if self.choose(3) == 0 {
            self.words("CONSTRAINT");
            self.name("some name");
        }
    }

    fn check(&mut self, column: &Column) {
        let Some(literal) = column.check else { return };
        self.words("CHECK");
        self.mark("(");
        self.name(column.name);
        self.mark("<>");
        self.literal(literal);
        self.words("OR");
        self.name("id");
        self.words("IS NULL");
        self.mark(")");
    }

    fn references(&mut self, action: &str) {
        self.words("REFERENCES");
        self.name("p");
        self.mark("(");
        self.name("x");
        self.mark(")");
        let is_said = action != "NO ACTION" || self.yes();
        if is_said {
            self.words("ON DELETE");
            self.words(action);
        }
        if self.yes() {
            self.words("NOT DEFERRABLE");
        }
    }

    fn default(&mut self, default: &str) {
        self.words("DEFAULT");
        let is_in_parentheses = self.yes();
        if is_in_parentheses {
            self.mark("(");
        }
        match default.strip_prefix('-') {
            Some(number) => {
                self.mark("-");
                self.literal(number);
            }
            None if default.starts_with('\'') => self.literal(default),
            None => self.words(default),
        }
        if is_in_parentheses {
            self.mark(")");
        }
    }

    fn table(mut self, table: &Table) -> String {
        self.words("CREATE TABLE");
        self.name("t");
        self.mark("(");
        let mut later: Vec<Part<'_, 'b>> = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            if index > 0 {
                self.mark(",");
            }
            self.name(column.name);
            self.words(column.kind);
            let mut here: Vec<Part<'_, 'b>> = Vec::new();
            if table.key.as_slice() == [(index, false)] {
                if self.yes() {
                    here.push(Box::new(|style| {
                        style.named();
                        style.words("PRIMARY KEY");
                    }));
                } else {
                    later.push(Box::new(|style| style.key(table)));
                }
            }
            if column.not_null {
                here.push(Box::new(|style| style.words("NOT NULL")));
            } else if self.yes() {
                here.push(Box::new(|style| style.words("NULL")));
            }
            match column.default {
                Some(default) => here.push(Box::new(move |style| style.default(default))),
                None if self.yes() => here.push(Box::new(|style| style.words("DEFAULT NULL"))),
                None => {}
            }
            let collation = column.collation.or(if self.yes() { Some("BINARY") } else { None });
            if let Some(collation) = collation {
                here.push(Box::new(move |style| {
                    style.words("COLLATE");
                    style.name(collation);
                }));
            }
            if column.unique {
                if self.yes() {
                    here.push(Box::new(|style| style.words("UNIQUE")));
                } else {
                    later.push(Box::new(|style| {
                        style.named();
                        style.words("UNIQUE");
                        style.mark("(");
                        style.name(column.name);
                        style.mark(")");
                    }));
                }
            }
            if column.check.is_some() {
                let list = if self.yes() { &mut here } else { &mut later };
                list.push(Box::new(|style| style.check(column)));
            }
            if let Some(action) = column.references {
                if self.yes() {
                    here.push(Box::new(move |style| style.references(action)));
                } else {
                    later.push(Box::new(move |style| {
                        style.named();
                        style.words("FOREIGN KEY");
                        style.mark("(");
                        style.name(column.name);
                        style.mark(")");
                        style.references(action);
                    }));
                }
            }
            while !here.is_empty() {
                let next = here.remove(self.choose(here.len()));
                next(&mut self);
            }
        }
        if table.key.as_slice() != [(table.key[0].0, false)] {
            later.push(Box::new(|style| style.key(table)));
        }
        while !later.is_empty() {
            let next = later.remove(self.choose(later.len()));
            self.mark(",");
            next(&mut self);
        }
        self.mark(")");
        let mut options = Vec::new();
        options.extend(table.is_without_rowid.then_some("WITHOUT ROWID"));
        options.extend(table.is_strict.then_some("STRICT"));
        if self.yes() {
            options.reverse();
        }
        for (index, option) in options.iter().enumerate() {
            if index > 0 {
                self.mark(",");
            }
            self.words(option);
        }
        self.text
    }

    fn key(&mut self, table: &Table) {
        self.named();
        self.words("PRIMARY KEY");
        for (index, &(column, is_desc)) in table.key.iter().enumerate() {
            self.mark(if index == 0 { "(" } else { "," });
            self.name(table.columns[column].name);
            if is_desc {
                self.words("DESC");
            } else if self.yes() {
                self.words("ASC");
            }
        }
        self.mark(")");
    }
}

/// Another value than the one before, out of a list.
fn other(list: &[&'static str], than: Option<&'static str>) -> Option<&'static str> {
    list.iter().copied().find(|value| Some(*value) != than)
}

/// What can be changed of a table so that it is another. Each is done to the column that comes last.
const CHANGES: &[fn(&mut Table)] = &[
    |table| last(table).kind = other(&KINDS, Some(last(table).kind)).unwrap(),
    |table| last(table).not_null ^= !table.key.iter().any(|(column, _)| column + 1 == table.columns.len()),
    |table| last(table).unique ^= true,
    |table| last(table).default = other(&DEFAULTS, last(table).default),
    |table| last(table).collation = other(&COLLATIONS, last(table).collation),
    |table| last(table).check = other(&LITERALS, last(table).check),
    |table| last(table).check = if last(table).check.is_some() { None } else { Some("7") },
    |table| last(table).references = other(&ACTIONS, last(table).references),
    |table| last(table).references = if last(table).references.is_some() { None } else { Some("CASCADE") },
    |table| last(table).name = "another",
    |table| {
        // The columns themselves change places, the key stays with the second and the first.
        table.columns.swap(0, 1);
        table.key.iter_mut().for_each(|(column, _)| *column = 1 - *column);
    },
    |table| table.key[0].1 ^= true,
    |table| match table.key.len() {
        1 => table.key.push((1 - table.key[0].0, false)),
        _ => table.key.reverse(),
    },
    |table| table.is_without_rowid ^= true,
    |table| table.is_strict ^= true,
    |table| {
        let mut column = table.columns[1].clone();
        column.name = "one more";
        table.columns.push(column);
    },
];

fn last(table: &mut Table) -> &mut Column {
    table.columns.last_mut().unwrap()
}

/// What SQLite makes of a table that is made up.
fn made(sql: &str) -> Connection {
    database(&format!("CREATE TABLE p (x UNIQUE); {sql}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_table_is_the_same_however_it_is_written(
        table in table(),
        one in proptest::collection::vec(any::<u8>(), 16..200),
        other in proptest::collection::vec(any::<u8>(), 16..200),
    ) {
        let [one, other] = [one, other].map(|bytes| Style::new(&bytes).table(&table));
        let (mut first, mut second) = (made(&one), made(&other));
        let [told_first, told_second] = [&mut first, &mut second].map(|connection| told(connection, "t"));
        // What is written is what was meant.
        prop_assert_eq!(&told_first[1..].join("\n").to_lowercase(), &told_second[1..].join("\n").to_lowercase());
        let (first, second) = (read(&first), read(&second));
        prop_assert_eq!(diff(&first, &second).to_string(), "", "{}\n{}", one, other);
        prop_assert_eq!(first.fingerprint(), second.fingerprint());
        is_understood(&made(&one));
    }

    #[test]
    fn a_table_of_which_one_thing_is_changed_is_another(
        table in table(),
        bytes in proptest::collection::vec(any::<u8>(), 16..200),
        change in 0..CHANGES.len(),
    ) {
        let mut changed = table.clone();
        CHANGES[change](&mut changed);
        let was_changed = format!("{table:?}") != format!("{changed:?}");
        let [one, other] = [&table, &changed].map(|table| Style::new(&bytes).table(table));
        let (first, second) = (read(&made(&one)), read(&made(&other)));
        prop_assert_eq!(first.fingerprint() != second.fingerprint(), was_changed, "{}\n{}", one, other);
        prop_assert_eq!(diff(&first, &second).is_empty(), !was_changed, "{}\n{}", one, other);
    }
}

/// What the statements make is the same as what is written so in the first place.
fn leaves(before: &str, alter: &str, after: &str) {
    let (altered, written) = (schema(&format!("{before}; {alter}")), schema(after));
    assert_eq!(diff(&written, &altered).to_string(), "", "{alter}");
    assert_eq!(written.fingerprint(), altered.fingerprint(), "{alter}");
}

/// A table with all that can be on it, and with one that it points at and one that points at it.
fn shop(table: &str, id: &str, name: &str, price: &str) -> String {
    format!(
        "CREATE TABLE kinds (kind TEXT PRIMARY KEY);
         CREATE TABLE {table} (
             {id} INTEGER PRIMARY KEY, -- the number
             {name} TEXT NOT NULL UNIQUE CHECK ({name} <> ''),
             kind TEXT DEFAULT 'x' REFERENCES kinds (kind) ON DELETE SET NULL,
             {price} INTEGER CONSTRAINT dear CHECK ({price} > 0 AND {table}.{price} < 1000),
             CONSTRAINT pair UNIQUE ({name}, {price})
         );
         CREATE INDEX by_price ON {table} ({price} DESC, lower({name})) WHERE {name} <> \"none\";
         CREATE TABLE parts (part INTEGER PRIMARY KEY, thing INTEGER REFERENCES {table} ({id}), {name} TEXT);
         CREATE VIEW cheap AS SELECT t.{name}, {price} AS cost FROM {table} AS t JOIN parts ON thing = t.{id} WHERE t.kind = 'x';
         CREATE TRIGGER new_thing AFTER UPDATE OF {name}, {price} ON {table} WHEN new.{price} > old.{price} BEGIN
             INSERT INTO parts (thing) SELECT {id} FROM {table} WHERE {table}.{name} = new.{name};
             UPDATE {table} SET {price} = 2 WHERE {id} = new.{id};
         END"
    )
}

#[test]
fn what_is_renamed_is_as_if_it_had_always_been_called_so() {
    let before = shop("things", "id", "name", "price");
    for (alter, after) in [
        ("ALTER TABLE things RENAME TO goods", shop("goods", "id", "name", "price")),
        ("ALTER TABLE things RENAME TO \"the goods\"", shop("\"the goods\"", "id", "name", "price")),
        ("ALTER TABLE things RENAME TO \"order\"", shop("\"order\"", "id", "name", "price")),
        ("ALTER TABLE things RENAME TO 'key'", shop("key", "id", "name", "price")),
        ("ALTER TABLE things RENAME COLUMN id TO number", shop("things", "number", "name", "price")),
        ("ALTER TABLE things RENAME id TO \"group\"", shop("things", "\"group\"", "name", "price")),
        ("ALTER TABLE things RENAME price TO [in cents]", shop("things", "id", "name", "[in cents]")),
        ("ALTER TABLE things RENAME price TO Preis", shop("things", "id", "name", "preis")),
        ("ALTER TABLE things RENAME price TO \"cents\"", shop("things", "id", "name", "cents")),
        (
            "ALTER TABLE things RENAME name TO label; ALTER TABLE parts RENAME name TO label",
            shop("things", "id", "label", "price"),
        ),
        (
            "ALTER TABLE things RENAME TO goods; ALTER TABLE goods RENAME id TO i; ALTER TABLE goods RENAME TO things;
             ALTER TABLE things RENAME COLUMN i TO id",
            before.clone(),
        ),
    ] {
        leaves(&before, alter, &after);
    }
}

#[test]
fn a_table_may_be_renamed_to_a_keyword() {
    let table = |name: &str| {
        format!(
            "CREATE TABLE {name} (a); CREATE TRIGGER g AFTER INSERT ON {name} BEGIN INSERT INTO {name} (a) SELECT 1; END"
        )
    };
    for keyword in ["key", "view", "temp", "action", "trigger", "replace", "plan", "match"] {
        leaves(&table("x"), &format!("ALTER TABLE x RENAME TO \"{keyword}\""), &table(keyword));
    }
}

#[test]
fn a_column_that_is_added_or_dropped_is_as_if_it_had_always_been_there_or_never() {
    const REST: &str = "CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT a FROM t;
        CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 1; END; CREATE TABLE c (x REFERENCES t (a))";
    let with = |table: &str| format!("CREATE TABLE p (x PRIMARY KEY); CREATE TABLE {table}; {REST}");
    for (before, column, after) in [
        ("t (a PRIMARY KEY)", "b", "t (a PRIMARY KEY, b)"),
        ("t (a PRIMARY KEY -- last\n)", "b TEXT /* new */", "t (a PRIMARY KEY, b TEXT)"),
        (
            "t (a PRIMARY KEY /* x */ )",
            "COLUMN b TEXT NOT NULL DEFAULT 'x'",
            "t (a PRIMARY KEY, b TEXT DEFAULT 'x' NOT NULL)",
        ),
        (
            "t (a, PRIMARY KEY (a))",
            "b CHECK (b > 0) COLLATE nocase",
            "t (a PRIMARY KEY, b COLLATE nocase, CHECK (b > 0))",
        ),
        (
            "t (a, CHECK (a > 0), PRIMARY KEY (a))",
            "b REFERENCES p ON DELETE CASCADE",
            "t (a, b REFERENCES p ON DELETE CASCADE, PRIMARY KEY (a), CHECK (a > 0))",
        ),
        (
            "t (a PRIMARY KEY) WITHOUT ROWID",
            "b INT DEFAULT (1)",
            "t (a PRIMARY KEY, b INT DEFAULT 1) WITHOUT ROWID",
        ),
        ("t (a INTEGER PRIMARY KEY) STRICT", "b ANY", "t (a INTEGER PRIMARY KEY, b ANY) STRICT"),
        (
            "t (a PRIMARY KEY)",
            "b AS (a || 'x') VIRTUAL",
            "t (a PRIMARY KEY, b GENERATED ALWAYS AS (a || 'x'))",
        ),
        (
            "t (a PRIMARY KEY)",
            "\"b c\" 'long text' CONSTRAINT n CHECK (\"b c\" <> '')",
            "t (a PRIMARY KEY, [b c] LONG TEXT CONSTRAINT n CHECK ([b c] <> ''))",
        ),
    ] {
        leaves(&with(before), &format!("ALTER TABLE t ADD {column}"), &with(after));
        let name = column.trim_start_matches("COLUMN ");
        let name = if name.starts_with('"') { "[b c]" } else { &name[..1] };
        // One that a constraint of the table names cannot be dropped: then it stands with the column.
        leaves(
            &with(before),
            &format!("ALTER TABLE t ADD {column}; ALTER TABLE t DROP COLUMN {name}"),
            &with(before),
        );
    }
    for (before, after) in [
        ("t (a PRIMARY KEY, b, c)", "t (a PRIMARY KEY, c)"),
        ("t (b /* x */ TEXT, -- y\n a PRIMARY KEY, c)", "t (a PRIMARY KEY, c)"),
        ("t (a, c, b CHECK (b > 0) NOT NULL, PRIMARY KEY (a))", "t (a PRIMARY KEY, c)"),
        (
            "t (a, b DEFAULT ',)', c, PRIMARY KEY (a), CHECK (c > a))",
            "t (a, c, CHECK (c > a), PRIMARY KEY (a))",
        ),
        ("t (a PRIMARY KEY, c, b -- last\n)", "t (a PRIMARY KEY, c)"),
    ] {
        leaves(&with(before), "ALTER TABLE t DROP b", &with(after));
    }
}

/// SQLite 3.53 adds and drops constraints.
#[test]
fn a_constraint_that_is_added_or_dropped_is_as_if_it_had_always_been_there_or_never() {
    if version_number() < 3_053_000 {
        return;
    }
    let with = |table: &str| format!("CREATE TABLE {table}; CREATE INDEX i ON t (a)");
    for (before, alter, after) in [
        ("t (a, b)", "ADD CONSTRAINT n CHECK (a > b)", "t (a, b, CONSTRAINT n CHECK (a > b))"),
        ("t (a, b -- x\n)", "ADD CHECK (a > b)", "t (a, b, CHECK (a > b))"),
        (
            "t (a CONSTRAINT n CHECK (a), b)",
            "ALTER b SET NOT NULL",
            "t (a CONSTRAINT n CHECK (a), b NOT NULL)",
        ),
        ("t (a, b NOT NULL)", "ALTER COLUMN b DROP NOT NULL", "t (a, b)"),
        ("t (a, b CONSTRAINT n CHECK (b) UNIQUE)", "DROP CONSTRAINT n", "t (a, b UNIQUE)"),
        ("t (a, b, CONSTRAINT n CHECK (b), UNIQUE (a))", "DROP CONSTRAINT n", "t (a UNIQUE, b)"),
    ] {
        leaves(&with(before), &format!("ALTER TABLE t {alter}"), &with(after));
    }
}
