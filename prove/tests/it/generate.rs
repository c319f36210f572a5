//! The scripts that `revchain new` writes.

use std::path::Path;

use revchain_core::schema::SchemaFilter;
use revchain_core::source::directory::File;
use revchain_core::{LoadedMigrations, Revision, lock_file};
use revchain_prove::generate::rebuild_table;
use revchain_prove::{Scope, prove};
use revchain_runtime::Migrations;
use revchain_runtime::internal::{read_schema_sql, stand_ins};
use revchain_runtime::rusqlite::{Connection, version_number};

use crate::random_chains::chain::RandomChain;
use crate::support::Directory;

/// A chain in memory.
struct Chain {
    name: String,
    files: Vec<File>,
}

impl Chain {
    fn read(directory: &Path) -> Self {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name.ends_with(".sql") {
                files.push(file(&name, std::fs::read(entry.path()).unwrap()));
            }
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        let name = directory.display().to_string();
        Self { name, files }
    }

    fn of(steps: &[(&str, &str)]) -> Self {
        Self::read(&Directory::of(steps).0)
    }

    fn random(seed: u64) -> Self {
        let chain = RandomChain::random(seed);
        let files = chain.files().into_iter();
        Self {
            name: format!("random chain {seed}"),
            files: files
                .map(|(name, text)| file(&name, text.into_bytes()))
                .collect(),
        }
    }

    fn load(&self) -> LoadedMigrations {
        LoadedMigrations::from_files(self.files.clone(), None)
    }

    /// Returns the defects of the chain with one more revision. The revisions before are locked.
    fn defects_with(&self, upgrade: &str, downgrade: &str) -> String {
        let loaded = self.load();
        let chain = loaded.chain.unwrap();
        let locked = lock_file::render(&chain, chain.revisions());
        let head = chain.head().map_or("base", Revision::id);
        let text = format!(
            "-- Rebuild.\n-- @revises {head}\n\n-- @upgrade\n{upgrade}\n\n-- @downgrade\n{downgrade}\n"
        );
        let mut files = self.files.clone();
        files.push(file("29990101_0000_zzz_rebuild.sql", text.into_bytes()));
        let lock = locked.lines().filter(|line| !line.starts_with("head"));
        let lock = lock.collect::<Vec<_>>().join("\n") + "\nhead 29990101_0000_zzz_rebuild.sql\n";
        let lock = file("revchain.lock", lock.into_bytes());
        let loaded = LoadedMigrations::from_files(files, Some(lock));
        match prove(loaded, Scope::Unlocked).into_chain() {
            Ok(_) => String::new(),
            Err(defects) => defects.to_string(),
        }
    }

    /// Returns the names of the tables at the head that are not virtual.
    fn tables(&self) -> Vec<String> {
        let loaded = self.load();
        let connection = Connection::open_in_memory().unwrap();
        for source in &loaded.sources {
            stand_ins::register(&connection, &source.stand_ins);
        }
        let mut connection = connection;
        let migrations = Migrations::from_chain(loaded.chain.unwrap(), String::new());
        let upgraded = migrations.upgrade(&mut connection);
        assert!(upgraded.is_ok(), "{}: {upgraded:?}", self.name);
        let sql = read_schema_sql(&connection, &SchemaFilter::default()).unwrap();
        let tables = sql.schema().tables().map(str::to_owned).collect::<Vec<_>>();
        let is_virtual = |table: &String| sql.schema().columns(table).unwrap().is_empty();
        tables
            .into_iter()
            .filter(|table| !is_virtual(table))
            .collect()
    }

    /// Asserts that the rebuild of each table proves as it stands. Returns the number of tables.
    ///
    /// One revision rebuilds several tables, to save time.
    fn assert_rebuilds_prove(&self) -> usize {
        let tables = self.tables();
        for tables in tables.chunks(8) {
            let scripts = tables.iter().map(|table| {
                let script = rebuild_table(&self.load(), table);
                script.unwrap_or_else(|error| panic!("{}: {table}: {error:?}", self.name))
            });
            let script = scripts.collect::<Vec<_>>().join("\n\n");
            let defects = self.defects_with(&script, &script);
            assert!(defects.is_empty(), "{}\n{script}\n\n{defects}", self.name);
        }
        tables.len()
    }
}

fn file(name: &str, bytes: Vec<u8>) -> File {
    File {
        name: name.to_owned(),
        path: format!("migrations/{name}"),
        bytes: Some(bytes),
    }
}

#[test]
fn rebuild_of_each_table_of_each_chain_is_proven() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut count = 0;
    let mut directories = vec![
        "migrations",
        "tests/chains/billing",
        "tests/chains/labels",
        "tests/chains/moment",
        "tests/faults/migrations",
        "tests/features/migrations",
    ];
    if version_number() >= 3_053_000 {
        directories.push("tests/chains/everything");
    }
    for directory in directories {
        count += Chain::read(&root.join(directory)).assert_rebuilds_prove();
    }
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

/// The guide shows what the command writes.
#[test]
fn rebuild_in_the_guide_is_that_of_the_command() {
    let page = include_str!("../../../docs/guide/rebuilding.md");
    let blocks = page.split("```sql\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let [schema, file, edit] = blocks.collect::<Vec<_>>()[..] else {
        panic!("three blocks of SQL")
    };
    let chain = Chain::of(&[(schema, "")]);
    let script = rebuild_table(&chain.load(), "notes").unwrap();
    let shown: Vec<&str> = file.split("-- @").skip(2).collect();
    for section in shown {
        let (_, shown) = section.split_once(".\n").unwrap();
        assert_eq!(shown.trim_end(), script);
    }
    let (table, copy) = edit.split_once("\n\n").unwrap();
    let old: Vec<&str> = script.split("\n\n").skip(1).take(2).collect();
    let edited = script
        .replace(old[0], table)
        .replace(old[1], copy.trim_end());
    assert!(edited.contains("NOT NULL") && edited.contains("coalesce"));
    assert_eq!(chain.defects_with(&edited, &script), "");
}
