//! What the proof promises: each promise a test that fails when it is not kept.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use revchain_core::schema::Schema;
use revchain_core::{Draft, lock};
use revchain_runtime::rusqlite::{Connection, version_number};
use revchain_runtime::{Defect, Migrations, Scope, prove};

/// A directory of migrations, removed when it is dropped.
struct Directory(PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Directory {
    /// A chain of these upgrades and downgrades, numbered from 001. Lines of an upgrade that begin with `@` are its
    /// header; without a downgrade it is irreversible. The upgrade's SQL begins at line 4, or after the header.
    fn of(steps: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("prove-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        let directory = Self(path);
        for (index, (upgrade, downgrade)) in steps.iter().enumerate() {
            let is_header = |line: &&str| line.starts_with('@');
            let mut header: Vec<String> =
                upgrade.lines().filter(is_header).map(|line| format!("-- {line}")).collect();
            if !header.iter().any(|line| line.starts_with("-- @revises")) {
                let parent = if index == 0 { "base".to_owned() } else { format!("{index:03}") };
                header.insert(0, format!("-- @revises {parent}"));
            }
            let downgrade = match *downgrade {
                "" => {
                    header.push("-- @irreversible it is a test".to_owned());
                    String::new()
                }
                downgrade => format!("-- @downgrade\n{downgrade}\n"),
            };
            let upgrade: Vec<&str> = upgrade.lines().filter(|line| !is_header(line)).collect();
            let text =
                format!("-- Step.\n{}\n-- @upgrade\n{}\n{downgrade}", header.join("\n"), upgrade.join("\n"));
            let name = format!("20260101_{:02}{:02}_{:03}_step.sql", index / 60, index % 60, index + 1);
            fs::write(directory.0.join(name), text).unwrap();
        }
        directory
    }

    fn prove(&self, scope: Scope) -> Draft {
        prove(Draft::read(&self.0, "migrations"), scope)
    }

    fn lock(&self, ids: &[&str]) {
        let chain = Draft::read(&self.0, "migrations").chain.unwrap();
        let locked = chain.revisions().iter().filter(|revision| ids.contains(&revision.id()));
        fs::write(self.0.join("revchain.lock"), lock::text(&chain, locked)).unwrap();
    }
}

/// The defects of a chain, in the order of the files.
fn defects(steps: &[(&str, &str)]) -> Vec<Defect> {
    sorted(Directory::of(steps).prove(Scope::All))
}

fn sorted(draft: Draft) -> Vec<Defect> {
    match draft.finish() {
        Ok(_) => Vec::new(),
        Err(defects) => defects.iter().cloned().collect(),
    }
}

/// What is found: each defect's name, revision and line.
fn found(steps: &[(&str, &str)]) -> Vec<String> {
    defects(steps).iter().map(told).collect()
}

fn told(defect: &Defect) -> String {
    let revision = defect.path().and_then(|path| path.split('_').nth(2)).unwrap_or("-");
    let line = defect.line_column().map(|(line, _)| format!(":{line}")).unwrap_or_default();
    format!("{} {revision}{line}", defect.code())
}

fn nothing(steps: &[(&str, &str)]) {
    let found = defects(steps);
    let shown: Vec<String> = found.iter().map(Defect::to_string).collect();
    assert!(found.is_empty(), "{}", shown.join("\n\n"));
}

/// The only defect, of this kind, whose text has these words in it.
#[track_caller]
fn only(steps: &[(&str, &str)], told_as: &str, words: &[&str]) {
    let defects = defects(steps);
    let [defect] = &defects[..] else {
        let shown: Vec<String> = defects.iter().map(Defect::to_string).collect();
        panic!("{} defects instead of one\n{}", defects.len(), shown.join("\n\n"))
    };
    assert_eq!(told(defect), told_as, "{defect}");
    let text = defect.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

const T: (&str, &str) = ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);", "DROP TABLE t;");

/// A table, and one that points at it.
const FAMILY: (&str, &str) = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
     CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);",
    "DROP TABLE c; DROP TABLE p;",
);

#[test]
fn a_chain_that_does_what_it_should_has_no_defects() {
    nothing(&[
        T,
        ("CREATE INDEX i ON t (a);", "DROP INDEX i;"),
        ("ALTER TABLE t ADD COLUMN c INTEGER NOT NULL DEFAULT 0;", "ALTER TABLE t DROP COLUMN c;"),
        ("CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;"),
        ("INSERT INTO t (a) VALUES ('x');", "DELETE FROM t WHERE a = 'x';"),
    ]);
}

#[test]
fn the_chains_of_this_repository_have_no_defects() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut directories = vec!["migrations"];
    // Its last revision needs that version.
    if version_number() >= 3_053_000 {
        directories.push("tests/chains/everything");
    }
    for directory in directories {
        let draft = prove(Draft::read(&root.join(directory), directory), Scope::All);
        let shown: Vec<String> = draft.defects.iter().map(Defect::to_string).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n\n"));
    }
}

#[test]
fn what_sqlite_refuses_is_shown_where_it_stands() {
    only(
        &[("CREATE TABLE t (a);\nCREAT TABLE u (a);", "DROP TABLE t;")],
        "sql-error 001:5",
        &["the upgrade of 001", "\"CREAT\": syntax error"],
    );
    only(
        &[T, ("SELECT 1;", "SELECT 2;\nDROP TABLE nothing;")],
        "sql-error 002:7",
        &["the downgrade of 002", "nothing"],
    );
    only(&[T, ("CREATE INDEX i ON tt (a);", "DROP INDEX i;")], "sql-error 002:4", &["did you mean `t`?"]);
    only(
        &[("CREATE TABLE t (amount);", "DROP TABLE t;"), ("CREATE INDEX i ON t (amuont);", "DROP INDEX i;")],
        "sql-error 002:4",
        &["did you mean `amount`?"],
    );
}

#[test]
fn a_broken_revision_does_not_hide_the_defects_of_others() {
    let found = found(&[
        T,
        ("CREATE TABLE u (a;\nCREATE TABLE w (a);", "DROP TABLE w;"),
        ("DROP TABLE t;", "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);"),
        ("CREATE TABLE x (a);", "SELECT 1;"),
        ("CREATE TABLE y (a);\nCREATE INDEX yi ON y (nope);", "DROP TABLE y;"),
    ]);
    assert_eq!(
        found,
        [
            "sql-error 002:4",
            "undeclared-destruction 003:4",
            "downgrade-does-not-restore 004:6",
            "sql-error 005:5"
        ]
    );
}

#[test]
fn nothing_is_said_that_only_follows_from_a_broken_revision() {
    let found = found(&[
        ("CREATE TABLE t (a) WITHOUT ROWI;", "DROP TABLE t;"),
        (
            "ALTER TABLE t ADD COLUMN c; CREATE INDEX i ON t (c); CREATE VIEW v AS SELECT * FROM t;",
            "DROP VIEW v; ALTER TABLE t DROP COLUMN c;",
        ),
        ("DROP TABLE t;", "CREATE TABLE t (a, c);"),
        ("CREATE TABLE z (a REFERENCES t (a)); INSERT INTO z SELECT a FROM t;", "DROP TABLE z;"),
        ("DROP VIEW v; DROP INDEX i;", "CREATE VIEW v AS SELECT * FROM t; CREATE INDEX i ON t (c);"),
        ("CREATE INDEX zi ON z (b);", "DROP INDEX zi;"),
    ]);
    assert_eq!(found, ["sql-error 001:4"]);
}

#[test]
fn rows_whose_parent_could_not_be_made_are_not_told() {
    let found = found(&[
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY;\nCREATE TABLE c (p_id REFERENCES p (id));",
            "DROP TABLE c; DROP TABLE p;",
        ),
        ("INSERT INTO p VALUES (1);", "DELETE FROM p;"),
        ("INSERT INTO c VALUES (1);", "DELETE FROM c;"),
    ]);
    assert_eq!(found, ["sql-error 001:4"]);
}

#[test]
fn the_upgrade_runs_again_after_the_downgrade() {
    only(
        &[
            ("CREATE TABLE t (id INTEGER PRIMARY KEY);", "DROP TABLE t;"),
            ("INSERT INTO t VALUES (1);", "SELECT 'nothing is deleted';"),
        ],
        "sql-error 002:4",
        &["when it runs again after the downgrade", "UNIQUE constraint failed: t.id"],
    );
    nothing(&[
        ("CREATE TABLE t (id INTEGER PRIMARY KEY);", "DROP TABLE t;"),
        ("INSERT INTO t VALUES (1);", "DELETE FROM t WHERE id = 1;"),
    ]);
}

#[test]
fn a_downgrade_gives_back_the_schema_from_before() {
    only(
        &[T, ("CREATE INDEX i ON t (a);", "SELECT 1;")],
        "downgrade-does-not-restore 002:6",
        &["+ index i ON t (a)"],
    );
    only(
        &[T, ("ALTER TABLE t ADD COLUMN c;", "ALTER TABLE t DROP COLUMN c;\nCREATE TABLE left_over (a);")],
        "downgrade-does-not-restore 002:7",
        &["+ table left_over (a)"],
    );
    // How it is written does not matter.
    nothing(&[
        (
            "CREATE TABLE t (a TEXT DEFAULT ('x'), b, PRIMARY KEY (a)); CREATE VIEW v AS SELECT a FROM t;",
            "DROP VIEW v; DROP TABLE t;",
        ),
        (
            "@destroys t it is made again\nDROP VIEW v; DROP TABLE t;",
            "create table \"T\" ([a] text primary key default 'x', `b`); CREATE VIEW v AS select \"a\" from \"t\";",
        ),
    ]);
}

#[test]
fn a_table_that_is_made_by_selecting_has_lost_what_it_was() {
    only(
        &[
            (
                "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL DEFAULT 'x');\nCREATE INDEX i ON t (b);",
                "DROP TABLE t;",
            ),
            (
                "ALTER TABLE t ADD COLUMN c TEXT;",
                "CREATE TABLE s AS SELECT a, b FROM t;\nDROP TABLE t;\nALTER TABLE s RENAME TO t;",
            ),
        ],
        "downgrade-does-not-restore 002:8",
        &[
            "t.a: INTEGER PRIMARY KEY → INT",
            "t.b: TEXT NOT NULL DEFAULT 'x' → TEXT",
            "- index i ON t (b)",
            "AS SELECT",
        ],
    );
}

#[test]
fn what_is_renamed_is_not_destroyed() {
    nothing(&[
        T,
        ("ALTER TABLE t RENAME TO u;", "ALTER TABLE u RENAME TO t;"),
        ("ALTER TABLE u RENAME COLUMN a TO aa;", "ALTER TABLE u RENAME COLUMN aa TO a;"),
        (
            "ALTER TABLE u RENAME aa TO a; ALTER TABLE u RENAME TO \"a name\";",
            "ALTER TABLE 'a name' RENAME TO u; ALTER TABLE u RENAME a TO aa;",
        ),
        (
            "CREATE TABLE w (a, b); ALTER TABLE \"a name\" RENAME TO t; ALTER TABLE w RENAME TO \"a name\";",
            "DROP TABLE [a name]; ALTER TABLE t RENAME TO [a name];",
        ),
    ]);
}

#[test]
fn a_table_can_be_rebuilt_in_either_way() {
    const WIDER: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);
        INSERT INTO new SELECT id, coalesce(a, ''), b FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;";
    const BACK: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
        INSERT INTO new SELECT * FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;";
    nothing(&[T, (WIDER, BACK)]);
    const ASIDE: &str =
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);
        INSERT INTO t SELECT id, coalesce(a, ''), b FROM old; DROP TABLE old;";
    const ASIDE_BACK: &str =
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
        INSERT INTO t SELECT * FROM old; DROP TABLE old;";
    nothing(&[T, (ASIDE, ASIDE_BACK)]);
    const BY_BACKUP: &str = "CREATE TEMP TABLE backup AS SELECT * FROM t; DROP TABLE t;
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT);
        INSERT INTO t SELECT id, coalesce(a, ''), b FROM backup; DROP TABLE backup;";
    nothing(&[T, (BY_BACKUP, BACK)]);
}

#[test]
fn a_parent_can_be_rebuilt_without_its_children() {
    nothing(&[
        FAMILY,
        (
            "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO new SELECT id, coalesce(a, '') FROM p;
             DROP TABLE p; ALTER TABLE new RENAME TO p;",
            "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO new SELECT id, a FROM p;
             DROP TABLE p; ALTER TABLE new RENAME TO p;",
        ),
    ]);
}

#[test]
fn a_column_that_a_rebuild_leaves_out_must_be_declared() {
    const LESS: &str = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO new SELECT id, a FROM t;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    only(
        &[T, (LESS, "")],
        "undeclared-destruction 002:7",
        &["t.b", "`-- @destroys t.b REASON`", "takes its place"],
    );
    nothing(&[T, (&format!("@destroys t.b nobody reads it\n{LESS}"), "")]);
}

#[test]
fn what_is_dropped_must_be_declared() {
    only(&[T, ("DROP TABLE t;", "")], "undeclared-destruction 002:5", &["`-- @destroys t REASON`"]);
    only(
        &[T, ("ALTER TABLE t DROP COLUMN b;", "")],
        "undeclared-destruction 002:5",
        &["`-- @destroys t.b REASON`"],
    );
    only(
        &[
            ("CREATE TABLE \"a t\" (a, \"b c\");", "DROP TABLE \"a t\";"),
            ("ALTER TABLE [a t] DROP [b c];", ""),
        ],
        "undeclared-destruction 002:5",
        &["`-- @destroys \"a t\".\"b c\" REASON`"],
    );
    only(
        &[T, ("ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME b TO c; ALTER TABLE u DROP c;", "")],
        "undeclared-destruction 002:5",
        &["t.b"],
    );
    nothing(&[T, ("@destroys T it is empty\nDROP TABLE IF EXISTS main.t;", "")]);
    nothing(&[
        T,
        (
            "@destroys t.b it is empty\n@destroys \"T\".\"A\" so is it\nALTER TABLE t DROP b; ALTER TABLE t DROP a;",
            "",
        ),
    ]);
    // What the revision itself has made is nobody's.
    nothing(&[T, ("CREATE TABLE s (a); DROP TABLE s; DROP TABLE IF EXISTS never;", "SELECT 1;")]);
}

#[test]
fn what_is_declared_must_be_destroyed() {
    only(
        &[T, ("@destroys t.b it is not\nCREATE TABLE u (a);", "DROP TABLE u;")],
        "destroys-nothing 002:3",
        &["remove the line"],
    );
    only(
        &[T, ("@destroys tt it is called otherwise\n@destroys t it is so\nDROP TABLE t;", "")],
        "destroys-nothing 002:3",
        &["did you mean `t`?"],
    );
    only(
        &[
            ("CREATE TABLE t (a, amount);", "DROP TABLE t;"),
            ("@destroys t.amount it is\n@destroys t.amonut it is not\nALTER TABLE t DROP amount;", ""),
        ],
        "destroys-nothing 002:4",
        &["did you mean `t.amount`?"],
    );
}

#[test]
fn rows_that_a_migration_makes_must_have_parents() {
    only(
        &[FAMILY, ("INSERT INTO c (p_id) VALUES (7);", "DELETE FROM c;")],
        "foreign-key-violation 002:4",
        &["c, row 1: (p_id) has no match in p"],
    );
    nothing(&[
        FAMILY,
        ("INSERT INTO c (p_id) VALUES (7); INSERT INTO p (id) VALUES (7);", "DELETE FROM c; DELETE FROM p;"),
    ]);
    only(
        &[
            FAMILY,
            (
                "INSERT INTO p (id) VALUES (7); INSERT INTO c (p_id) VALUES (7);",
                "DELETE FROM c;\nDELETE FROM p;",
            ),
            ("DELETE FROM c;", "INSERT INTO c (p_id) VALUES (8);"),
        ],
        "foreign-key-violation 003:6",
        &["the downgrade of 003"],
    );
}

#[test]
fn a_violation_is_told_of_the_revision_that_makes_it_and_of_no_other() {
    let found = found(&[
        (
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p_id REFERENCES p (id));\nINSERT INTO c VALUES (1);",
            "DROP TABLE c; DROP TABLE p;",
        ),
        ("CREATE TABLE u (a);", "DROP TABLE u;"),
        ("CREATE TABLE w (a);", "DROP TABLE w;"),
    ]);
    assert_eq!(found, ["foreign-key-violation 001:5"]);
}

#[test]
fn a_key_must_point_at_a_table_that_is_there_at_the_head() {
    only(
        &[
            ("CREATE TABLE parents (id INTEGER PRIMARY KEY);", "DROP TABLE parents;"),
            ("CREATE TABLE c (p REFERENCES parent (id));", "DROP TABLE c;"),
        ],
        "foreign-key-violation 002:4",
        &["`c.p` references `parent`", "did you mean `parents`?"],
    );
    // One key of two columns is told once, and two keys of one are told twice.
    let (table, down) =
        ("CREATE TABLE c (a, b, FOREIGN KEY (a, b) REFERENCES nobody (x, y));", "DROP TABLE c;");
    only(&[(table, down)], "foreign-key-violation 001:4", &["`c.a` references `nobody`"]);
    let table = "CREATE TABLE c (a REFERENCES nobody (x), b REFERENCES nobody (y));";
    assert_eq!(found(&[(table, down)]).len(), 2);
    nothing(&[
        ("CREATE TABLE c (p REFERENCES parent (id));", "DROP TABLE c;"),
        ("CREATE TABLE parent (id INTEGER PRIMARY KEY);", "DROP TABLE parent;"),
    ]);
}

#[test]
fn a_key_must_point_at_a_key() {
    only(
        &[
            (
                "CREATE TABLE p (id INTEGER PRIMARY KEY, a);\nCREATE TABLE c (p REFERENCES p (a));",
                "DROP TABLE c; DROP TABLE p;",
            ),
            ("CREATE TABLE u (a);", "DROP TABLE u;"),
        ],
        "foreign-key-violation 001:5",
        &["foreign key mismatch - \"c\" referencing \"p\""],
    );
}

#[test]
fn a_table_that_is_set_aside_takes_the_keys_of_its_children_along() {
    let found = found(&[
        FAMILY,
        (
            "ALTER TABLE p RENAME TO old; CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
             INSERT INTO p SELECT id, coalesce(a, '') FROM old; DROP TABLE old;",
            "",
        ),
    ]);
    assert_eq!(found, ["foreign-key-violation 002:5"]);
}

#[test]
fn a_parent_that_is_rebuilt_keeps_what_its_children_point_at() {
    only(
        &[
            FAMILY,
            (
                "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT);\nINSERT INTO new (a) SELECT a FROM p;\nDROP TABLE p;\nALTER TABLE new RENAME TO p;",
                "",
            ),
        ],
        "foreign-key-violation 002:8",
        &["the upgrade of 002", "(p_id) has no match in p"],
    );
}

/// A rebuild of `t` that fills the new table by this.
fn rebuild(columns: &str, copy: &str) -> String {
    format!("CREATE TABLE new ({columns});\n{copy};\nDROP TABLE t;\nALTER TABLE new RENAME TO t;")
}

const COLUMNS: &str = "id INTEGER PRIMARY KEY, a TEXT, b TEXT";

#[test]
fn a_rebuild_may_lose_no_rows() {
    let lost = "rows-lost 002:7";
    for copy in [
        "INSERT INTO new SELECT t.id, t.a, t.b FROM t JOIN u ON u.t = t.id",
        "INSERT OR IGNORE INTO new SELECT 1, a, b FROM t",
        "INSERT INTO new (id) VALUES (1)",
        "INSERT INTO new SELECT * FROM t LIMIT 1",
    ] {
        let chain = |header: &str| {
            let upgrade = format!("{header}{}", rebuild(COLUMNS, copy));
            let first = (
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT); CREATE TABLE u (t);",
                "DROP TABLE u; DROP TABLE t;",
            );
            (first.0, first.1, upgrade)
        };
        let (up, down, second) = chain("");
        only(&[(up, down), (&second, "")], lost, &["@destroys t REASON"]);
        let (up, down, second) = chain("@destroys t they are not needed\n");
        nothing(&[(up, down), (&second, "")]);
        // A statement of its own says as much.
        let (up, down, second) = chain("DELETE FROM t WHERE id NOT IN (SELECT t FROM u);\n");
        nothing(&[(up, down), (&second, "")]);
    }
    nothing(&[T, (&rebuild(COLUMNS, "INSERT INTO new SELECT * FROM t"), "")]);
    nothing(&[T, (&rebuild(COLUMNS, "INSERT INTO new SELECT t.* FROM t LEFT JOIN t u ON u.id = -t.id"), "")]);
}

#[test]
fn a_rebuild_may_forget_no_column() {
    let forgets = rebuild(COLUMNS, "INSERT INTO new (id, a) SELECT id, a FROM t");
    only(&[T, (&forgets, "")], "rows-lost 002:7", &["`t.b`", "@destroys t.b REASON"]);
    nothing(&[T, (&format!("@destroys t.b it begins anew\n{forgets}"), "")]);
    nothing(&[T, (&rebuild(COLUMNS, "INSERT INTO new (id, a, b) SELECT id, a, upper(b) FROM t"), "")]);
}

#[test]
fn a_rebuild_may_forget_no_index_and_no_trigger() {
    const ALL: &str = "INSERT INTO new SELECT * FROM t";
    let upgrade = |columns: &str, rest: &str| format!("{}\n{rest}", rebuild(columns, ALL));
    let forgotten = |on: &str, again: &str, what: &str| {
        let first = format!("{} {on}", T.0);
        only(&[(&first, T.1), (&upgrade(COLUMNS, again), "")], "forgotten-in-rebuild 002:7", &[what]);
    };
    forgotten("CREATE INDEX i ON t (a);", "", "the index `i` that was on it is gone");
    forgotten(
        "CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END;",
        "",
        "the trigger `r` that was on it is gone",
    );
    // One that was there before takes no place, and neither does one of another column.
    forgotten(
        "CREATE INDEX i ON t (a); CREATE INDEX j ON t (a, b);",
        "CREATE INDEX j ON t (a, b);",
        "the index `i`",
    );
    forgotten("CREATE INDEX i ON t (a);", "CREATE INDEX j ON t (b);", "the index `i`");
    forgotten("CREATE UNIQUE INDEX i ON t (a, b);", "", "the index `i`");
    for (on, columns, again) in [
        ("CREATE INDEX i ON t (a);", COLUMNS, "CREATE INDEX i ON t (b);"),
        ("CREATE INDEX i ON t (a);", COLUMNS, "CREATE INDEX j ON t (a);"),
        ("CREATE INDEX i ON t (a);", COLUMNS, "CREATE INDEX j ON t (a, b) WHERE b > 1;"),
        // A constraint takes the place of an index.
        ("CREATE UNIQUE INDEX i ON t (a);", "id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT", ""),
        ("CREATE UNIQUE INDEX i ON t (a, b);", "id INTEGER PRIMARY KEY, a TEXT, b TEXT, UNIQUE (a, b)", ""),
    ] {
        nothing(&[(&format!("{} {on}", T.0), T.1), (&upgrade(columns, again), "")]);
    }
    // Dropped before, it is not forgotten.
    let first = format!("{} CREATE INDEX i ON t (a);", T.0);
    nothing(&[(&first, T.1), (&format!("DROP INDEX i; {}", rebuild(COLUMNS, ALL)), "")]);
}

#[test]
fn what_is_copied_within_a_table_is_not_moved_out_of_a_column() {
    let copied = "INSERT INTO t (a) SELECT b FROM t; ALTER TABLE t DROP COLUMN b;";
    only(&[T, (copied, "")], "undeclared-destruction 002:5", &["`t.b`"]);
    // Nor is what is only part of what is copied.
    let joined = rebuild(
        "id INTEGER PRIMARY KEY, a TEXT, c TEXT",
        "INSERT INTO new (id, a, c) SELECT id, a, a||b FROM t",
    );
    only(&[T, (&joined, "")], "undeclared-destruction 002:7", &["`t.b`"]);
    let moved = rebuild(
        "id INTEGER PRIMARY KEY, a TEXT, c TEXT",
        "INSERT INTO new (id, a, c) SELECT id, a, t.b FROM t",
    );
    nothing(&[T, (&moved, "")]);
}

#[test]
fn whatever_changes_rows_may_be_declared_to_destroy_them() {
    for change in [
        "DELETE FROM t",
        "UPDATE t SET a = NULL",
        "UPDATE OR IGNORE t SET a = NULL",
        "REPLACE INTO t (id) VALUES (1)",
        "INSERT OR REPLACE INTO t (id) VALUES (1)",
        "WITH x AS (SELECT 1) INSERT OR REPLACE INTO t (id) SELECT * FROM x",
        "WITH x AS (SELECT 1) DELETE FROM t WHERE id IN x",
    ] {
        nothing(&[T, (&format!("@destroys t it is time\n{change};"), "")]);
    }
    for other in
        ["INSERT INTO t (id) VALUES (1)", "INSERT INTO t (id) VALUES (1) ON CONFLICT DO UPDATE SET a = 1"]
    {
        only(&[T, (&format!("@destroys t it is time\n{other};"), "")], "destroys-nothing 002:3", &[]);
    }
}

#[test]
fn a_downgrade_may_not_lose_all_rows() {
    let back = "CREATE TABLE new (id INTEGER PRIMARY KEY, a TEXT, b TEXT);\nINSERT INTO new SELECT id, a, b FROM t WHERE 0;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    only(&[T, ("ALTER TABLE t ADD COLUMN c TEXT;", back)], "rows-lost 002:8", &["the downgrade of 002"]);
    nothing(&[T, ("ALTER TABLE t ADD COLUMN c TEXT;", &back.replace("WHERE 0", ""))]);
}

#[test]
fn a_column_that_may_not_be_null_can_only_be_added_where_there_are_no_rows() {
    let add = ("ALTER TABLE t ADD COLUMN c TEXT NOT NULL;", "ALTER TABLE t DROP COLUMN c;");
    only(&[T, add], "sql-error 002:4", &["fails where the table has rows", "DEFAULT"]);
    only(
        &[T, ("ALTER TABLE t ADD COLUMN c DEFAULT CURRENT_TIMESTAMP;", "ALTER TABLE t DROP COLUMN c;")],
        "sql-error 002:4",
        &["non-constant default"],
    );
    nothing(&[T, ("ALTER TABLE t ADD COLUMN c TEXT NOT NULL DEFAULT '';", add.1)]);
    nothing(&[T, ("DELETE FROM t; ALTER TABLE t ADD COLUMN c TEXT NOT NULL;", add.1)]);
    nothing(&[("CREATE TABLE t (a); ALTER TABLE t ADD COLUMN c TEXT NOT NULL;", "DROP TABLE t;")]);
    only(
        &[
            T,
            (
                &rebuild(
                    "id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT NOT NULL",
                    "INSERT INTO new (id, a, b) SELECT id, a, b FROM t",
                ),
                "",
            ),
        ],
        "sql-error 002:6",
        &["NOT NULL constraint failed: new.c"],
    );
}

#[test]
fn a_downgrade_that_fails_wherever_there_are_rows_is_told() {
    only(
        &[
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);", "DROP TABLE t;"),
            (
                "@destroys t.a nobody reads it\nALTER TABLE t DROP COLUMN a;",
                "ALTER TABLE t ADD COLUMN a TEXT NOT NULL;",
            ),
        ],
        "sql-error 002:7",
        &["the downgrade of 002", "where the table has rows"],
    );
}

#[test]
fn what_fails_with_rows_and_without_is_told_once() {
    only(
        &[T, ("ALTER TABLE t ADD COLUMN c TEXT NOT NULL UNIQUE;", "ALTER TABLE t DROP COLUMN c;")],
        "sql-error 002:4",
        &["Cannot add a UNIQUE column"],
    );
}

#[test]
fn where_no_rows_can_be_made_up_that_is_remarked() {
    let directory = Directory::of(&[
        ("CREATE TABLE t (a TEXT NOT NULL CHECK (length(a) = 300));", "DROP TABLE t;"),
        (&rebuild("a TEXT NOT NULL", "INSERT INTO new SELECT a FROM t"), ""),
    ]);
    let draft = directory.prove(Scope::All);
    assert!(draft.defects.is_empty());
    assert!(draft.remarks.len() == 1 && draft.remarks[0].contains("`t`"), "{:?}", draft.remarks);
}

#[test]
fn what_needs_the_program_is_passed_over_where_it_says_so() {
    for (name, create, drop) in [
        ("no such function", "CREATE INDEX i ON t (slug(a));", "DROP INDEX i;"),
        ("no such module", "CREATE VIRTUAL TABLE v USING vec0(a float[3]);", "DROP TABLE v;"),
        (
            "no such collation sequence",
            "CREATE TABLE s (a TEXT COLLATE swedish PRIMARY KEY);",
            "DROP TABLE s;",
        ),
        ("no such tokenizer", "CREATE VIRTUAL TABLE f USING fts5(a, tokenize = 'jieba');", "DROP TABLE f;"),
        ("no such function", "UPDATE t SET a = slug(a);", "SELECT 1;"),
    ] {
        only(&[T, (create, drop)], "sql-error 002:4", &[name, "@unproven"]);
        let unproven = format!("@unproven the program registers it\n{create}");
        nothing(&[T, (&unproven, drop), ("CREATE TABLE after (a);", "DROP TABLE after;")]);
    }
    // What it makes is then not there for what comes after it.
    nothing(
        &[
            ("@unproven the program registers vec0\nCREATE VIRTUAL TABLE v USING vec0(a);", "DROP TABLE v;"),
            (
                "INSERT INTO v VALUES (1); CREATE TRIGGER g AFTER INSERT ON v BEGIN SELECT 1; END;",
                "DELETE FROM v;",
            ),
            ("@destroys v it is not there\nDROP TABLE v;", ""),
        ][..2],
    );
    // All the rest is proven.
    only(
        &[(
            "@unproven the program registers slug\nCREATE TABLE t (a, b AS (slug(a)));\nCREATE TABLE u (a;",
            "DROP TABLE t;",
        )],
        "sql-error 001:6",
        &[],
    );
    only(
        &[
            T,
            (
                "@unproven the program registers slug\nUPDATE t SET a = slug(a);\nCREATE TABLE u (a);",
                "SELECT 1;",
            ),
        ],
        "downgrade-does-not-restore 002:8",
        &["+ table u"],
    );
}

#[test]
fn what_can_be_proven_may_not_say_that_it_cannot() {
    only(
        &[("@unproven it is hard\nCREATE TABLE t (a);", "DROP TABLE t;")],
        "needlessly-unproven 001:3",
        &["remove the line"],
    );
    nothing(&[
        T,
        ("@unproven only the downgrade needs it\nUPDATE t SET a = upper(a);", "UPDATE t SET a = slug(a);"),
    ]);
}

#[test]
fn functions_of_the_program_that_give_tables_are_passed_over_where_it_says_so() {
    let series = "SELECT value FROM generate_series(1, 10)";
    nothing(&[
        T,
        (&format!("@unproven the program registers it\nINSERT INTO t (a) {series};"), "DELETE FROM t;"),
    ]);
    nothing(&[(&format!("@unproven the program registers it\nCREATE VIEW v AS {series};"), "DROP VIEW v;")]);
}

#[test]
fn a_locked_revision_is_only_upgraded() {
    let directory = Directory::of(&[
        ("CREATE TABLE t (a);", "SELECT 'the table stays';"),
        ("DROP TABLE t;", "SELECT 'and here it does not come back';"),
        ("CREATE TABLE u (a);", "SELECT 1;"),
    ]);
    directory.lock(&["001", "002"]);
    let told = |scope| sorted(directory.prove(scope)).iter().map(told).collect::<Vec<_>>();
    assert_eq!(told(Scope::Unlocked), ["downgrade-does-not-restore 003:6"]);
    assert_eq!(
        told(Scope::All),
        [
            "downgrade-does-not-restore 001:6",
            "undeclared-destruction 002:4",
            "downgrade-does-not-restore 002:6",
            "downgrade-does-not-restore 003:6"
        ]
    );
    // That its upgrade still runs is proven: another SQLite may see it otherwise.
    let directory = Directory::of(&[("CREATE TABLE t (a;", "DROP TABLE t;")]);
    directory.lock(&["001"]);
    assert_eq!(
        sorted(directory.prove(Scope::Unlocked)).iter().map(self::told).collect::<Vec<_>>(),
        ["sql-error 001:4"]
    );
}

/// The chain of a merge: 002 and 003 both revise 001, and 004 revises both.
fn merge<'s>(
    left: (&'s str, &'s str),
    right: (&'s str, &'s str),
    last: (&'s str, &'s str),
) -> [(&'s str, &'s str); 4] {
    [("CREATE TABLE t (a INTEGER PRIMARY KEY);", "DROP TABLE t;"), left, right, last]
}

#[test]
fn after_a_merge_the_order_of_columns_is_free() {
    let left = ("@revises 001\nALTER TABLE t ADD COLUMN b TEXT;", "ALTER TABLE t DROP COLUMN b;");
    let right = ("@revises 001\nALTER TABLE t ADD COLUMN c TEXT;", "ALTER TABLE t DROP COLUMN c;");
    let merge_of = |last| merge(left, right, last);
    nothing(&merge_of(("@revises 002 003\nCREATE INDEX i ON t (b, c);", "DROP INDEX i;")));
    let other_order =
        "CREATE TABLE new (a INTEGER PRIMARY KEY, c TEXT, b TEXT); INSERT INTO new SELECT a, c, b FROM t;
        DROP TABLE t; ALTER TABLE new RENAME TO t;";
    nothing(&merge_of(("@revises 002 003\nALTER TABLE t ADD COLUMN d;", other_order)));
    // Before, it counts; and a type counts always.
    only(
        &[
            ("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, c TEXT);", "DROP TABLE t;"),
            ("ALTER TABLE t ADD COLUMN d;", other_order),
        ],
        "downgrade-does-not-restore 002:7",
        &["in the order"],
    );
    let other_type = other_order.replace("c TEXT", "c BLOB");
    only(
        &merge_of(("@revises 002 003\nALTER TABLE t ADD COLUMN d;", &other_type)),
        "downgrade-does-not-restore 004:7",
        &["t.c: TEXT → BLOB"],
    );
}

#[test]
fn the_head_of_a_merge_has_one_fingerprint_whichever_branch_came_first() {
    let (b, c) = ("ALTER TABLE t ADD COLUMN b TEXT;", "ALTER TABLE t ADD COLUMN c TEXT;");
    let fingerprint = |first: &str, second: &str| {
        let [first, second] = [first, second].map(|sql| format!("@revises 001\n{sql}"));
        let chain = Directory::of(&merge((&first, ""), (&second, ""), ("@revises 002 003\nSELECT 1;", "")));
        chain.prove(Scope::All).finish().unwrap().head().unwrap().fingerprint().copied().unwrap()
    };
    assert_eq!(fingerprint(b, c), fingerprint(c, b));
    assert_ne!(fingerprint(b, c), fingerprint(b, &c.replace("TEXT", "BLOB")));
}

#[test]
fn temporary_tables_may_not_be_left() {
    only(
        &[
            ("CREATE TABLE t (a);\nCREATE TEMP TABLE s (a);", "DROP TABLE t;"),
            ("CREATE TABLE s (b);\nINSERT INTO s (b) VALUES (1);", "DROP TABLE s;"),
        ],
        "sql-error 001:5",
        &["temporary tables (s)"],
    );
    only(
        &[("CREATE TABLE t (a);", "DROP TABLE t;\nCREATE TEMP VIEW s AS SELECT 1;")],
        "sql-error 001:7",
        &["the downgrade of 001"],
    );
    nothing(&[(
        "CREATE TABLE t (a); CREATE TEMP TABLE s AS SELECT 1; INSERT INTO t SELECT * FROM s; DROP TABLE s;",
        "DROP TABLE t;",
    )]);
}

#[test]
fn a_statement_that_rolls_all_back_does_not_end_the_proof() {
    let table = (
        "CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT ROLLBACK);
         CREATE TRIGGER g BEFORE INSERT ON t WHEN new.a < 0 BEGIN SELECT RAISE(ROLLBACK, 'not below zero'); END;",
        "DROP TABLE t;",
    );
    for (sql, message) in [
        ("INSERT INTO t VALUES (-1);", "not below zero"),
        ("INSERT INTO t VALUES (1), (1);", "UNIQUE constraint failed"),
    ] {
        let upgrade = format!("CREATE TABLE u (a);\n{sql}\nCREATE TABLE w (a);");
        let last = ("CREATE TABLE x (a);", "SELECT 1;");
        let told =
            found(&[table, (&upgrade, "DROP TABLE u; DROP TABLE w;"), ("SELECT 1;", "SELECT 2;"), last]);
        assert_eq!(told, ["sql-error 002:5", "downgrade-does-not-restore 004:6"], "{message}");
    }
    // With rows that are made up, too.
    let copy = "CREATE TABLE new (a INTEGER NOT NULL ON CONFLICT ROLLBACK, b);\nINSERT INTO new (b) SELECT a FROM t;\nDROP TABLE t;\nALTER TABLE new RENAME TO t;";
    let told = found(&[
        ("CREATE TABLE t (a INTEGER);", "DROP TABLE t;"),
        (copy, ""),
        ("CREATE TABLE x (a);", "SELECT 1;"),
    ]);
    assert_eq!(told, ["sql-error 002:6", "downgrade-does-not-restore 003:6"]);
}

#[test]
fn a_downgrade_that_rolls_all_back_does_not_end_the_proof() {
    let table = ("CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT ROLLBACK);", "DROP TABLE t;");
    let told = found(&[
        table,
        ("CREATE TABLE u (a);", "DROP TABLE u;\nINSERT INTO t VALUES (1), (1);"),
        ("CREATE TABLE x (a);", "SELECT 1;"),
    ]);
    assert_eq!(told, ["sql-error 002:7", "downgrade-does-not-restore 003:6"]);
}

#[test]
fn a_file_with_another_defect_does_not_keep_the_rest_from_being_proven() {
    let mut told = found(&[
        T,
        ("BEGIN;\nCREATE TABLE u (a);\nCOMMIT;", "DROP TABLE u;"),
        ("CREATE INDEX ui ON u (a);", "DROP INDEX ui;"),
        ("CREATE TABLE x (a;", "DROP TABLE x;"),
    ]);
    told.sort();
    assert_eq!(told, ["sql-error 004:4", "transaction-control 002:4", "transaction-control 002:6"]);
    // Of the file itself, what follows is not said.
    let directory =
        Directory::of(&[T, ("CREATE TABLE u (a);", "SELECT 1;"), ("CREATE TABLE x (a);", "SELECT 1;")]);
    let path = directory.0.join("20260101_0001_002_step.sql");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("-- Step.\n", "")).unwrap();
    let told: Vec<String> = sorted(directory.prove(Scope::All)).iter().map(self::told).collect();
    assert!(told[0].starts_with("missing-summary 002"), "{told:?}");
    assert_eq!(told[1..], ["downgrade-does-not-restore 003:6"]);
}

#[test]
fn what_the_rules_refuse_does_not_run() {
    let directory = Directory::of(&[("CREATE TABLE t (a);", "DROP TABLE t;")]);
    let file = directory.0.with_extension("attached");
    let attach = format!("ATTACH '{}' AS other; CREATE TABLE other.t (a);", file.display());
    let told = found(&[(&attach, "DROP TABLE other.t;")]);
    let is_there = file.exists();
    let _ = fs::remove_file(&file);
    assert!(!is_there);
    assert_eq!(told, ["not-transactional 001:4"]);
}

#[test]
fn every_revision_has_the_fingerprint_of_a_database_that_is_there() {
    let directory = Directory::of(&[
        T,
        ("INSERT INTO t (a) VALUES ('x');", "DELETE FROM t;"),
        (
            "ALTER TABLE t RENAME COLUMN b TO c; CREATE VIRTUAL TABLE f USING fts5(a);",
            "DROP TABLE f; ALTER TABLE t RENAME COLUMN c TO b;",
        ),
    ]);
    let migrations = Migrations::from_directory(&directory.0).unwrap();
    let mut connection = Connection::open_in_memory().unwrap();
    for revision in migrations.revisions() {
        migrations.upgrade_to(&mut connection, revision.id()).unwrap();
        let mut statement =
            connection.prepare("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").unwrap();
        let texts = statement.query_map([], |row| row.get(0)).unwrap();
        let texts = texts.collect::<Result<Vec<String>, _>>().unwrap();
        let there = Schema::read(texts.iter().map(String::as_str)).fingerprint();
        assert_eq!(revision.fingerprint(), Some(&there), "{}", revision.id());
    }
    let fingerprints: Vec<_> =
        migrations.revisions().iter().map(|revision| revision.fingerprint().unwrap()).collect();
    assert_eq!(fingerprints[0], fingerprints[1]);
    assert_ne!(fingerprints[1], fingerprints[2]);
}

#[test]
fn what_is_not_proven_has_no_fingerprint_nor_what_comes_after_it() {
    let has = |second: &str| {
        let directory = Directory::of(&[T, (second, ""), ("CREATE TABLE u (a);", "DROP TABLE u;")]);
        let chain = directory.prove(Scope::All).finish().unwrap();
        chain.revisions().iter().map(|revision| revision.fingerprint().is_some()).collect::<Vec<_>>()
    };
    let unproven = "@unproven the program registers it\n";
    assert_eq!(has(&format!("{unproven}CREATE VIRTUAL TABLE v USING vec0(a);")), [true, false, false]);
    // Rows are no part of a schema.
    assert_eq!(has(&format!("{unproven}UPDATE t SET a = slug(a);")), [true, true, true]);
}

/// Chains that are right. Each was found in the wild, or could be.
mod false_alarms {
    use super::*;

    #[test]
    fn a_key_can_be_added_to_a_column_that_is_there() {
        nothing(&[
            (
                "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INTEGER);",
                "DROP TABLE t; DROP TABLE p;",
            ),
            (
                &rebuild(
                    "id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id)",
                    "INSERT INTO new SELECT id, p_id FROM t",
                ),
                "",
            ),
        ]);
    }

    #[test]
    fn a_search_index_can_be_made_anew_from_its_table() {
        for options in ["", ", content = 't', content_rowid = 'id'", ", content = ''"] {
            let make = |tokenizer: &str| {
                format!(
                    "CREATE VIRTUAL TABLE f USING fts5(a, b{options}{tokenizer}); INSERT INTO f (rowid, a, b) SELECT id, a, b FROM t;"
                )
            };
            let again = format!("DROP TABLE f; {}", make(", tokenize = 'porter'"));
            let back = format!("DROP TABLE f; {}", make(""));
            nothing(&[T, (&make(""), "DROP TABLE f;"), (&again, &back)]);
        }
    }

    #[test]
    fn values_can_be_converted_by_a_rebuild() {
        for expression in [
            "unixepoch(a)",
            "CASE a WHEN 'open' THEN 1 WHEN 'closed' THEN 2 END",
            "json_extract(CASE WHEN json_valid(a) THEN a END, '$.x')",
        ] {
            let copy = format!("INSERT INTO new SELECT id, {expression}, b FROM t");
            nothing(&[T, (&rebuild("id INTEGER PRIMARY KEY, a INTEGER, b TEXT", &copy), "")]);
        }
    }

    #[test]
    fn a_table_may_be_called_like_a_virtual_one_that_has_no_shadows() {
        nothing(&[
            (
                "CREATE VIRTUAL TABLE docs USING fts5(body); CREATE VIRTUAL TABLE words USING fts5vocab('docs', 'row');
                 CREATE TABLE words_seen (id INTEGER PRIMARY KEY, w TEXT); CREATE TABLE s (w REFERENCES words_seen (id));",
                "DROP TABLE s; DROP TABLE words_seen; DROP TABLE words; DROP TABLE docs;",
            ),
            ("@destroys words_seen.w nobody reads it\nALTER TABLE words_seen DROP COLUMN w;", "ALTER TABLE words_seen ADD COLUMN w TEXT;"),
        ]);
    }

    #[test]
    fn the_content_of_a_search_index_may_be_a_table_called_content() {
        nothing(&[(
            "CREATE TABLE docs_content (id INTEGER PRIMARY KEY, body TEXT);
                 CREATE VIRTUAL TABLE docs USING fts5(body, content = 'docs_content', content_rowid = 'id');
                 CREATE TABLE tags (doc INTEGER REFERENCES docs_content (id), tag TEXT);",
            "DROP TABLE tags; DROP TABLE docs; DROP TABLE docs_content;",
        )]);
    }

    #[test]
    fn a_name_may_be_put_into_quotes_or_not() {
        nothing(&[
            (
                "CREATE TABLE t (filter TEXT, \"left\" INTEGER, \"window\"); CREATE INDEX i ON t (\"filter\", \"left\", \"window\");",
                "DROP TABLE t;",
            ),
            ("DROP INDEX i;", "CREATE INDEX i ON t (filter, left, window);"),
        ]);
    }

    #[test]
    fn a_table_that_refuses_to_be_changed_can_be_rebuilt() {
        let triggers = "CREATE TRIGGER ro AFTER DELETE ON t BEGIN SELECT RAISE(ABORT, 'append only'); END;
            CREATE TRIGGER rw BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'append only'); END;";
        let table = format!("{} {triggers}", T.0);
        let again = rebuild(
            "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT",
            "INSERT INTO new SELECT id, coalesce(a, ''), b FROM t",
        );
        nothing(&[(&table, T.1), (&format!("{again} {triggers}"), "")]);
    }

    #[test]
    fn a_table_can_be_split_and_two_can_be_joined() {
        nothing(&[
            T,
            (
                "@destroys t.b now in u\nCREATE TABLE u (t INTEGER PRIMARY KEY REFERENCES t (id), b TEXT);
                 INSERT INTO u SELECT id, b FROM t WHERE b IS NOT NULL; ALTER TABLE t DROP COLUMN b;",
                "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = (SELECT b FROM u WHERE u.t = t.id); DROP TABLE u;",
            ),
            (
                "@destroys u now in t\nALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = (SELECT b FROM u WHERE u.t = t.id); DROP TABLE u;",
                "CREATE TABLE u (t INTEGER PRIMARY KEY REFERENCES t (id), b TEXT);
                 INSERT INTO u SELECT id, b FROM t WHERE b IS NOT NULL; ALTER TABLE t DROP COLUMN b;",
            ),
        ]);
    }

    #[test]
    fn keys_can_be_numbered_anew() {
        nothing(&[
            ("CREATE TABLE p (id TEXT PRIMARY KEY NOT NULL); CREATE TABLE c (id TEXT PRIMARY KEY NOT NULL, p TEXT NOT NULL REFERENCES p (id));", "DROP TABLE c; DROP TABLE p;"),
            (
                "CREATE TABLE p2 (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE); INSERT INTO p2 (uuid) SELECT id FROM p;
                 CREATE TABLE c2 (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, p INTEGER NOT NULL REFERENCES p2 (id));
                 INSERT INTO c2 (uuid, p) SELECT c.id, p2.id FROM c JOIN p2 ON p2.uuid = c.p;
                 DROP TABLE c; DROP TABLE p; ALTER TABLE p2 RENAME TO p; ALTER TABLE c2 RENAME TO c;",
                "CREATE TABLE p2 (id TEXT PRIMARY KEY NOT NULL); INSERT INTO p2 SELECT uuid FROM p;
                 CREATE TABLE c2 (id TEXT PRIMARY KEY NOT NULL, p TEXT NOT NULL REFERENCES p2 (id));
                 INSERT INTO c2 SELECT c.uuid, p.uuid FROM c JOIN p ON p.id = c.p;
                 DROP TABLE c; DROP TABLE p; ALTER TABLE p2 RENAME TO p; ALTER TABLE c2 RENAME TO c;",
            ),
        ]);
    }
}

/// What a program that does not know a revision can still do after it.
#[test]
fn what_only_adds_is_compatible() {
    let compatible = |upgrade: &str, downgrade: &str| {
        nothing(&[T, FAMILY, (&format!("@compatible\n{upgrade}"), downgrade)]);
    };
    compatible("CREATE TABLE x (a NOT NULL, b UNIQUE, CHECK (a > b));", "DROP TABLE x;");
    compatible("CREATE VIEW x AS SELECT a FROM t;", "DROP VIEW x;");
    compatible("CREATE INDEX x ON t (a);", "DROP INDEX x;");
    compatible(
        "CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM c WHERE id = new.id; END;",
        "DROP TRIGGER x;",
    );
    for column in [
        "n",
        "n INTEGER NOT NULL DEFAULT 0",
        "n INTEGER DEFAULT 1 CHECK (n > 0)",
        "n INTEGER REFERENCES p (id)",
        "n AS (a || b)",
        "n TEXT NOT NULL GENERATED ALWAYS AS ('x') VIRTUAL",
    ] {
        compatible(&format!("ALTER TABLE t ADD COLUMN {column};"), "ALTER TABLE t DROP COLUMN n;");
    }
    compatible(
        "ALTER TABLE t ADD COLUMN n; CREATE UNIQUE INDEX x ON t (n);",
        "DROP INDEX x; ALTER TABLE t DROP COLUMN n;",
    );
    compatible("INSERT INTO t (a) VALUES ('x');", "DELETE FROM t WHERE a = 'x';");
    // Less is asked than before.
    compatible(
        "CREATE TABLE n (id INTEGER PRIMARY KEY, p_id INTEGER REFERENCES p (id) ON DELETE CASCADE); INSERT INTO n SELECT * FROM c; DROP TABLE c; ALTER TABLE n RENAME TO c;",
        "CREATE TABLE n (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE); INSERT INTO n SELECT * FROM c WHERE p_id IS NOT NULL; DROP TABLE c; ALTER TABLE n RENAME TO c;",
    );
}

#[test]
fn what_older_programs_fail_on_is_not_compatible() {
    let incompatible = |upgrade: &str, downgrade: &str, words: &str| {
        only(
            &[T, (&format!("@compatible\n{upgrade}"), downgrade)],
            "incompatible 002:3",
            &["`@compatible`: programs that do not know 002 fail after it", words],
        );
    };
    let rebuilt = |table: &str| {
        format!(
            "CREATE TABLE n {table}; INSERT INTO n (id, a, b) SELECT id, a, b FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
        )
    };
    let back = rebuilt("(id INTEGER PRIMARY KEY, a TEXT, b TEXT)");
    incompatible(
        "@destroys t it is over\nDROP TABLE t;",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "- table t",
    );
    incompatible(
        "@destroys t.b it is over\nALTER TABLE t DROP COLUMN b;",
        "ALTER TABLE t ADD COLUMN b TEXT;",
        "- t.b TEXT",
    );
    incompatible("ALTER TABLE t RENAME TO u;", "ALTER TABLE u RENAME TO t;", "- table t");
    incompatible("ALTER TABLE t RENAME COLUMN a TO c;", "ALTER TABLE t RENAME COLUMN c TO a;", "- t.a TEXT");
    incompatible("CREATE UNIQUE INDEX x ON t (a);", "DROP INDEX x;", "+ index x UNIQUE ON t (a)");
    incompatible("CREATE UNIQUE INDEX x ON t (coalesce(b, a)) WHERE b > 0;", "DROP INDEX x;", "+ index x");
    incompatible(&rebuilt("(id INTEGER PRIMARY KEY, a TEXT, b TEXT) STRICT"), &back, "no options → STRICT");
    incompatible(&rebuilt("(id INTEGER PRIMARY KEY, a TEXT, b TEXT, CHECK (a <> b))"), &back, "+ t CHECK");
}

#[test]
fn what_older_programs_would_have_to_give_is_not_compatible() {
    // An older program gives no `n`, and may give no `a`.
    for (table, line) in [
        ("(id INTEGER PRIMARY KEY, a TEXT, b TEXT, n INTEGER NOT NULL)", "+ t.n INTEGER NOT NULL"),
        ("(id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT, n INTEGER)", "t.a: TEXT → TEXT NOT NULL"),
    ] {
        let upgrade = format!(
            "@compatible\nCREATE TABLE n {table}; INSERT INTO n (id, a, b, n) SELECT id, coalesce(a, ''), b, 0 FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;"
        );
        let downgrade = "CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT, b TEXT); INSERT INTO n SELECT id, a, b FROM t; DROP TABLE t; ALTER TABLE n RENAME TO t;";
        let defects = defects(&[T, (&upgrade, downgrade)]);
        let incompatible = defects.iter().find(|defect| defect.code().name() == "incompatible");
        assert!(incompatible.is_some_and(|defect| defect.to_string().contains(line)), "{defects:?}");
    }
    // A view is read as a table is.
    only(
        &[
            T,
            ("CREATE VIEW v AS SELECT a FROM t;", "DROP VIEW v;"),
            ("@compatible\nDROP VIEW v;", "CREATE VIEW v AS SELECT a FROM t;"),
        ],
        "incompatible 003:3",
        &["- view v"],
    );
}

/// Each kind of defect that the proof finds, with names that would steer a terminal.
#[test]
fn nothing_that_the_proof_tells_steers_the_terminal() {
    let n = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{200b}\u{2028}\r\u{7}".to_owned();
    let made = format!(
        "CREATE TABLE \"t{n}\" (a INTEGER PRIMARY KEY, \"c{n}\"); CREATE INDEX \"i{n}\" ON \"t{n}\" (\"c{n}\");"
    );
    let gone = format!("DROP TABLE \"t{n}\";");
    let rebuild = |copy: &str| {
        format!(
            "CREATE TABLE n (a INTEGER PRIMARY KEY, \"c{n}\"); {copy} DROP TABLE \"t{n}\"; ALTER TABLE n RENAME TO \"t{n}\";"
        )
    };
    let back = "SELECT 1;";
    let mut seen = std::collections::BTreeSet::new();
    for (upgrade, downgrade) in [
        (format!("SELECT \"{n}\"; SELECT nothing(\"{n}\");"), back.to_owned()),
        (format!("SELECT * FROM \"t{n}x\";"), back.to_owned()),
        (format!("CREATE VIEW \"v{n}\" AS SELECT * FROM \"{n}\";"), format!("DROP VIEW \"v{n}\";")),
        (format!("CREATE TABLE \"x{n}\" (a);"), format!("CREATE TABLE \"y{n}\" (a CHECK (a <> '{n}'));")),
        (gone.clone(), made.clone()),
        (format!("@destroys \"{n}\" it is {n} gone\nCREATE TABLE x (a);"), "DROP TABLE x;".to_owned()),
        (
            format!(
                "CREATE TABLE \"k{n}\" (a REFERENCES \"p{n}\" (b)); INSERT INTO \"k{n}\" VALUES ('{n}');"
            ),
            format!("DROP TABLE \"k{n}\";"),
        ),
        (rebuild(&format!("INSERT INTO n (a) SELECT a FROM \"t{n}\";")), rebuild("")),
        (format!("@unproven {n}\nCREATE TABLE x (a);"), "DROP TABLE x;".to_owned()),
        (format!("CREATE TEMP TABLE \"m{n}\" (a);"), back.to_owned()),
        (
            format!("@compatible\nCREATE UNIQUE INDEX \"u{n}\" ON \"t{n}\" (\"c{n}\");"),
            format!("DROP INDEX \"u{n}\";"),
        ),
    ] {
        // A line of a header ends where a line ends.
        let upgrade = match upgrade.split_once('\n') {
            Some((header, sql)) => format!("{}\n{sql}", header.replace(['\r', '\u{2028}'], "")),
            None => upgrade,
        };
        let directory = Directory::of(&[(&made, &gone), (&upgrade, &downgrade)]);
        let draft = directory.prove(Scope::All);
        assert!(!draft.defects.is_empty(), "{upgrade:?}");
        for defect in &draft.defects {
            seen.insert(defect.code().name());
            let message = defect.to_string();
            let is_unseen = |c: &char| c.is_control() || !c.is_ascii() && n.contains(*c);
            let unseen: String = message.chars().filter(|c| *c != '\n' && is_unseen(c)).collect();
            assert!(unseen.is_empty(), "{unseen:?} in {message:?}");
        }
    }
    assert_eq!(
        seen.into_iter().collect::<Vec<_>>(),
        [
            "destroys-nothing",
            "downgrade-does-not-restore",
            "foreign-key-violation",
            "forgotten-in-rebuild",
            "incompatible",
            "needlessly-unproven",
            "rows-lost",
            "sql-error",
            "undeclared-destruction",
        ]
    );
}

/// SQLite stops at its own limits, and what reads its words has none.
#[test]
fn sql_as_deep_as_a_file_is_long_is_an_error() {
    // Before it had a limit for that, SQLite itself could run out of stack.
    if version_number() < 3_053_000 {
        return;
    }
    for sql in [
        format!("SELECT {}1;", "(".repeat(100_000)),
        format!("SELECT {}1{};", "(".repeat(100_000), ")".repeat(100_000)),
        format!("SELECT {}1{};", "CASE WHEN 1 THEN ".repeat(100_000), " END".repeat(100_000)),
        format!("SELECT {}1;", "- ".repeat(100_000)),
        format!("CREATE VIEW v AS {}SELECT 1{};", "SELECT * FROM (".repeat(10_000), ")".repeat(10_000)),
        format!("CREATE TABLE t (a CHECK ({}1{}));", "(".repeat(100_000), ")".repeat(100_000)),
    ] {
        let draft = Directory::of(&[(&sql, "SELECT 1;")]).prove(Scope::All);
        assert_eq!(draft.defects[0].code().name(), "sql-error", "{}", &sql[..40]);
        assert!(draft.defects[0].to_string().len() < 2000);
    }
}
