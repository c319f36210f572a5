//! Rebuilds: each proves as it stands, and keeps what depends on the table.

use revchain_prove::generate::rebuild_table;
use revchain_runtime::rusqlite::Connection;

use super::{Chain, chains};

#[test]
fn rebuild_of_each_table_of_each_chain_is_proven() {
    let chains = chains();
    let count: usize = chains.iter().map(Chain::assert_rebuilds_prove).sum();
    assert!(count > 20, "{count} tables");
}

#[test]
fn rebuild_of_each_table_of_random_chains_is_proven() {
    let chains = (0..60).map(Chain::random);
    let count: usize = chains.map(|chain| chain.assert_rebuilds_prove()).sum();
    assert!(count > 60, "{count} tables");
}

/// Asserts that the rebuild of each table of one revision proves as it stands.
#[track_caller]
fn assert_proven(upgrade: &str) {
    let count = Chain::of(&[(upgrade, "")]).assert_rebuilds_prove();
    assert!(count > 0);
}

#[test]
fn rebuild_of_names_in_quotes_is_proven() {
    assert_proven(
        "CREATE TABLE \"it's an order\" (\"select\" INTEGER PRIMARY KEY AUTOINCREMENT, \"a \"\"b\"\"\" TEXT NOT NULL);
        CREATE INDEX \"by b\" ON \"it's an order\" (\"a \"\"b\"\"\");
        CREATE VIEW \"new_it's an order\" AS SELECT \"select\" FROM \"it's an order\";",
    );
    assert_proven(
        "CREATE TABLE [größe 📏] (id INTEGER PRIMARY KEY, `länge` REAL CHECK (`länge` > 0));
        CREATE VIEW `größte` AS SELECT max(`länge`) AS m FROM [größe 📏];",
    );
    assert_proven("CREATE TABLE \"group\" (\"group\" TEXT, \"order\" TEXT UNIQUE);");
}

#[test]
fn rebuild_of_a_qualified_expression_is_proven() {
    assert_proven(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, t TEXT, n INTEGER,
            CHECK (t.n > 0 OR \"t\".n IS NULL), CHECK (t.t <> ''));
        CREATE INDEX i ON t (n) WHERE t.n > 3;",
    );
}

#[test]
fn rebuild_keeps_dependent_views_and_triggers() {
    const SCHEMA: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
        CREATE TABLE log (id INTEGER PRIMARY KEY, a TEXT);
        CREATE VIEW v AS SELECT a FROM main.t;
        CREATE VIEW w AS SELECT a FROM v UNION SELECT a FROM log;
        CREATE VIEW other AS SELECT log.a AS t FROM log;
        CREATE TRIGGER on_t AFTER INSERT ON t BEGIN INSERT INTO log (a) VALUES (new.a); END;
        CREATE TRIGGER on_log AFTER DELETE ON log BEGIN UPDATE t SET a = old.a WHERE id = old.id; END;
        CREATE TRIGGER on_w INSTEAD OF INSERT ON w BEGIN INSERT INTO log (a) VALUES (new.a); END;";
    assert_proven(SCHEMA);
    let script = rebuild_table(&Chain::of(&[(SCHEMA, "")]).load(), "T").unwrap();
    let drops: Vec<&str> = script
        .lines()
        .filter(|line| line.starts_with("DROP"))
        .collect();
    let expected = [
        "DROP TRIGGER on_log;",
        "DROP VIEW w;",
        "DROP VIEW v;",
        "DROP TABLE t;",
    ];
    assert_eq!(drops, expected);
}

#[test]
fn rebuild_of_each_kind_of_table_is_proven() {
    for table in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
        "CREATE TABLE t (k TEXT PRIMARY KEY, a ANY, b INT NOT NULL DEFAULT 3) STRICT, WITHOUT ROWID",
        "CREATE TABLE t (a INT, b AS (a + 1) STORED, c TEXT GENERATED ALWAYS AS (b || 'x') VIRTUAL UNIQUE)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t (id) ON DELETE CASCADE, UNIQUE (up, id))",
        "CREATE TABLE t (a TEXT UNIQUE ON CONFLICT REPLACE, b COLLATE NOCASE, PRIMARY KEY (a, b) ON CONFLICT IGNORE)",
        "CREATE TABLE /* a */ t -- b\n (a TEXT -- c\n, b /* d */ INTEGER)",
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (p REFERENCES p ON DELETE SET NULL)",
    ] {
        assert_proven(&format!("{table};"));
    }
}

#[test]
fn rebuild_keeps_rowids_that_something_uses() {
    const SEARCH: &str = "CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT);
        CREATE VIRTUAL TABLE s USING fts5(b, content='t');
        CREATE TRIGGER i AFTER INSERT ON t BEGIN INSERT INTO s (rowid, b) VALUES (new.rowid, new.b); END;
        CREATE TRIGGER d AFTER DELETE ON t BEGIN
            INSERT INTO s (s, rowid, b) VALUES ('delete', old.rowid, old.b);
        END;";
    assert_proven(SEARCH);
    assert_proven("CREATE TABLE t (a TEXT, rowid TEXT); CREATE VIEW v AS SELECT oid, a FROM t;");
    let script = |schema| rebuild_table(&Chain::of(&[(schema, "")]).load(), "t").unwrap();
    assert!(script(SEARCH).contains("INSERT INTO new_t (rowid, a, b)\nSELECT rowid, a, b FROM t;"));
    let unused = script("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT);");
    assert!(unused.contains("INSERT INTO new_t (a, b)\n"), "{unused}");
    let alias =
        script("CREATE TABLE t (a INTEGER PRIMARY KEY); CREATE VIEW v AS SELECT rowid FROM t;");
    assert!(alias.contains("INSERT INTO new_t (a)\n"), "{alias}");
}

#[test]
fn rebuild_keeps_rows_and_the_counter() {
    const SCHEMA: &str = "CREATE TABLE new_t (a);
        CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);";
    let script = rebuild_table(&Chain::of(&[(SCHEMA, "")]).load(), "t").unwrap();
    let db = Connection::open_in_memory().unwrap();
    let rows = "INSERT INTO t VALUES (1, 'x'), (900, 'y'); DELETE FROM t WHERE id = 900;";
    db.execute_batch(&format!("{SCHEMA}{rows}{script}"))
        .unwrap();
    db.execute("INSERT INTO t (a) VALUES ('z')", []).unwrap();
    let sql = "SELECT group_concat(id || a) FROM t";
    let all: String = db.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(all, "1x,901z");
}

#[test]
fn rebuild_of_what_is_no_table_is_rejected() {
    const SCHEMA: &str = "CREATE TABLE notes (a); CREATE VIEW v AS SELECT a FROM notes;
        CREATE VIRTUAL TABLE s USING fts5(a);";
    let loaded = Chain::of(&[(SCHEMA, "")]).load();
    let error = |table| {
        let error = rebuild_table(&loaded, table).unwrap_err();
        (
            error.code(),
            format!(
                "{}\n{}",
                error.message(),
                error.help_text().unwrap_or_default()
            ),
        )
    };
    let (code, text) = error("note");
    assert_eq!(
        (code, &*text),
        (
            "no-table",
            "the head has no table note\ndid you mean `notes`?"
        )
    );
    assert_eq!(error("s_content").0, "no-table");
    let (code, text) = error("V");
    assert!(
        code == "not-a-table" && text.contains("V is a view"),
        "{text}"
    );
    let (code, text) = error("s");
    assert!(
        code == "not-a-table" && text.contains("s is a virtual table"),
        "{text}"
    );
}

/// The guide shows what the command writes, with two edited statements.
#[test]
fn rebuild_in_the_guide_is_that_of_the_command() {
    let page = include_str!("../../../../docs/guide/rebuilding.md");
    let blocks = page.split("```sql\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let [schema, file, ..] = blocks.collect::<Vec<_>>()[..] else {
        panic!("two blocks of SQL")
    };
    let chain = Chain::of(&[(schema, "")]);
    let script = rebuild_table(&chain.load(), "notes").unwrap();
    let (_, edited) = file.split_once("-- @upgrade\n").unwrap();
    let statements = |sql: &str| -> Vec<String> {
        let parts = sql.trim_end().split("\n\n");
        parts.map(str::to_owned).collect()
    };
    let (mut shown, written) = (statements(edited), statements(&script));
    // The edited statements are the new table and the copy.
    shown[1..3].clone_from_slice(&written[1..3]);
    assert_eq!(shown, written);
    assert!(edited.contains("NOT NULL") && edited.contains("coalesce"));
    assert_eq!(chain.defects_with(edited, &script), "");
}

/// Returns the statement that creates the new table in a rebuild of `t`.
fn created(table: &str, added: &str) -> String {
    let upgrade = format!("{table};\n{added}");
    let chain = Chain::of(&[(&upgrade, "")]);
    assert!(chain.assert_rebuilds_prove() > 0);
    let script = rebuild_table(&chain.load(), "t").unwrap();
    script.split(";\n").next().unwrap().to_owned()
}

#[test]
fn added_column_gets_a_line_of_its_own() {
    let added = "ALTER TABLE t ADD COLUMN b TEXT; ALTER TABLE t ADD COLUMN c TEXT;";
    assert_eq!(
        created(
            "CREATE TABLE t (\n    id INTEGER PRIMARY KEY, -- a, b\n    a TEXT -- (c)\n)",
            added
        ),
        "CREATE TABLE new_t (\n    id INTEGER PRIMARY KEY, -- a, b\n    a TEXT, -- (c)\n    b TEXT,\n    c TEXT\n)"
    );
    assert_eq!(
        created(
            "CREATE TABLE t (id INTEGER PRIMARY KEY,\n  a TEXT\n) STRICT",
            added
        ),
        "CREATE TABLE new_t (id INTEGER PRIMARY KEY,\n  a TEXT,\n  b TEXT,\n  c TEXT\n) STRICT"
    );
}

#[test]
fn lines_of_the_author_stay() {
    for table in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "CREATE TABLE t (\n  id INTEGER PRIMARY KEY\n, a TEXT\n, b TEXT\n)",
        "CREATE TABLE t (\n  id INTEGER PRIMARY KEY, a TEXT, -- two\n  b TEXT CHECK (b\n , b))",
    ] {
        let table = table.replace("(b\n , b)", "(b IN (1\n , 2))");
        assert_eq!(created(&table, ""), table.replace("TABLE t", "TABLE new_t"));
    }
}
