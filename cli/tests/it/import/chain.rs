//! The chain that `import` writes.

use std::fs;

use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};

use super::{failure, migration, shell, write, written};
use crate::support::Shell;

const A: (&str, &str) = ("old/0001_a.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
const B: (&str, &str) = ("old/0002_b.sql", "CREATE TABLE b (b);");
const EMPTY: &str = "-- Nothing yet.\n;";

fn import(shell: &Shell) -> Value {
    shell.json("import sqlx old --json")
}

#[test]
fn second_run_says_that_all_files_are_there() {
    let shell = shell(&[A, B]);
    let first = shell.ok("import sqlx old");
    assert!(first.contains("\nmigrations: 2 revisions written and locked; the head is 0002\n"));
    let before: Vec<String> = written(&shell)
        .iter()
        .map(|name| migration(&shell, name))
        .collect();
    let second = shell.ok("import sqlx old");
    assert_eq!(
        second,
        "old: 2 migrations of sqlx\n\
         migrations: 2 revisions up to 0002: all are there, so nothing was written"
    );
    let after: Vec<String> = written(&shell)
        .iter()
        .map(|name| migration(&shell, name))
        .collect();
    assert_eq!(before, after);
}

#[test]
fn other_migrations_are_not_overwritten() {
    let shell = shell(&[A, B]);
    let name = "20000101_0000_0001_a.sql";
    write(&shell, &format!("migrations/{name}"), "-- Mine.\n");
    let (code, _, error) = shell.run("import sqlx old");
    assert_eq!(code, 1);
    assert!(
        error.contains("1 of the 2 to import, and 0 others"),
        "{error}"
    );
    assert_eq!(written(&shell), [name]);
    assert_eq!(migration(&shell, name), "-- Mine.\n");
    write(&shell, "migrations/20000102_0000_0002_c.sql", "-- Mine.\n");
    let (_, _, error) = shell.run("import sqlx old");
    assert!(
        error.contains("1 of the 2 to import, and 1 other; the first is 2000"),
        "{error}"
    );
}

#[test]
fn chain_among_the_old_files_is_a_usage_error() {
    let shell = shell(&[("migrations/0001_a.sql", A.1)]);
    let (code, _, error) = shell.run("import sqlx migrations");
    assert_eq!(code, 2);
    assert!(
        error.contains("import from there: mv migrations old && revchain import old\n"),
        "{error}"
    );
    assert_eq!(written(&shell), ["0001_a.sql"]);
}

#[test]
fn dry_run_writes_nothing() {
    let shell = shell(&[A]);
    let text = shell.ok("import sqlx old --dry-run");
    assert!(
        text.contains("migrations: 1 revision up to 0001 would be written"),
        "{text}"
    );
    assert_eq!(written(&shell), [""; 0]);
    assert_eq!(
        shell.json("import sqlx old --dry-run --json")["dry_run"],
        true
    );
}

#[test]
fn revisions_are_locked() {
    let shell = shell(&[A, B]);
    import(&shell);
    let lock = migration(&shell, "revchain.lock");
    assert!(
        lock.contains("\n0001 base ") && lock.contains("\n0002 0001 "),
        "{lock}"
    );
    assert!(
        lock.ends_with("\nhead 20000102_0000_0002_b.sql\n"),
        "{lock}"
    );
}

#[test]
fn empty_migration_is_recorded_at_the_revision_before_it() {
    let shell = shell(&[
        ("old/0001_x.sql", EMPTY),
        ("old/0002_a.sql", A.1),
        ("old/0003_x.sql", "BEGIN; COMMIT;"),
        ("old/0004_b.sql", B.1),
    ]);
    let report = import(&shell);
    let was = |index: usize| report["revisions"][index]["was"].clone();
    let one = |version: &str, empty: bool| json!({ "version": version, "empty": empty });
    assert_eq!(
        was(0),
        json!([one("1", true), one("2", false), one("3", true)])
    );
    assert_eq!(was(1), json!([one("4", false)]));
    assert_eq!(report["skipped"].as_array().unwrap().len(), 2);
    let text = migration(&shell, "20000101_0000_0002_a.sql");
    let lines = "-- @was sqlx:1 empty\n-- @was sqlx:2\n-- @was sqlx:3 empty\n";
    assert!(text.contains(lines), "{text}");
}

#[test]
fn migrations_without_sql_are_an_error() {
    let shell = shell(&[("old/0001_x.sql", EMPTY)]);
    let (code, error) = failure(&shell, "import sqlx old");
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: the migrations have no SQL\nmore: run `revchain explain no-migrations`"
        )
    );
}

/// Imports a migration with this downgrade, and returns why the revision is irreversible.
fn irreversible(downgrade: &str) -> Value {
    let shell = shell(&[
        (
            "old/1_a.up.sql",
            "CREATE TABLE a (a);\nCREATE INDEX i ON a (a);",
        ),
        ("old/1_a.down.sql", downgrade),
    ]);
    let report = import(&shell);
    shell.ok("check migrations");
    report["revisions"][0]["irreversible"].clone()
}

#[test]
fn wrong_downgrade_is_irreversible_with_the_reason() {
    assert_eq!(irreversible("DROP TABLE a;"), Value::Null);
    assert_eq!(irreversible("-- Later."), "the downgrade for sqlx is empty");
    assert_eq!(
        irreversible("DROP TABLE b;"),
        "the downgrade of 1 fails: no such table: b"
    );
    assert_eq!(
        irreversible("DROP INDEX i;"),
        "the downgrade of 1 does not give back an empty schema: + table a (a)"
    );
    assert_eq!(
        irreversible("DROP TABLE a; DETACH x;"),
        "the downgrade for sqlx has `DETACH x`"
    );
}

#[test]
fn downgrade_that_fails_or_loses_rows_is_irreversible() {
    let reason = |upgrade: &str, downgrade: &str| {
        let shell = shell(&[
            ("old/1_a.sql", "CREATE TABLE a (a TEXT NOT NULL, b TEXT);"),
            ("old/2_b.up.sql", upgrade),
            ("old/2_b.down.sql", downgrade),
        ]);
        let report = import(&shell);
        report["revisions"][1]["irreversible"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let lost = "CREATE TABLE new (a TEXT NOT NULL, b TEXT);\nINSERT INTO new SELECT a, b FROM a WHERE 0;\n\
                DROP TABLE a;\nALTER TABLE new RENAME TO a;";
    let reason_for_lost = reason("ALTER TABLE a ADD COLUMN c TEXT;", lost);
    assert!(
        reason_for_lost.starts_with("the downgrade of 2 loses all rows"),
        "{reason_for_lost}"
    );
    let upgrade = "CREATE TABLE new (b TEXT);\nINSERT INTO new SELECT b FROM a;\nDROP TABLE a;\n\
                   ALTER TABLE new RENAME TO a;";
    let fails = "ALTER TABLE a RENAME TO new;\nCREATE TABLE a (a TEXT NOT NULL, b TEXT);\n\
                 INSERT INTO a (b) SELECT b FROM new;\nDROP TABLE new;";
    let reason_for_failure = reason(upgrade, fails);
    assert!(
        reason_for_failure.contains("fails where the table has rows"),
        "{reason_for_failure}"
    );
}

#[test]
fn downgrade_with_a_finding_is_kept() {
    let shell = shell(&[
        ("old/1_a.sql", "CREATE TABLE a (a TEXT, b TEXT);"),
        ("old/2_b.up.sql", "UPDATE a SET b = 'x' WHERE b IS NULL;"),
        ("old/2_b.down.sql", "UPDATE a SET b = NULL WHERE b = \"x\";"),
    ]);
    let report = import(&shell);
    assert_eq!(report["revisions"][1]["irreversible"], Value::Null);
    let findings = report["findings"].as_array().unwrap().iter();
    let codes: Vec<_> = findings.map(|finding| finding["code"].clone()).collect();
    assert_eq!(codes, ["double-quoted-string"]);
}

#[test]
fn downgrade_that_breaks_the_next_upgrade_is_irreversible() {
    let shell = shell(&[
        ("old/1_a.up.sql", "CREATE TABLE a (a UNIQUE);"),
        ("old/2_b.up.sql", "INSERT INTO a VALUES (1);"),
        ("old/2_b.down.sql", "SELECT 1;"),
    ]);
    let report = import(&shell);
    let reason = report["revisions"][1]["irreversible"].as_str().unwrap();
    assert!(
        reason.contains("runs again after the downgrade"),
        "{reason}"
    );
}

#[test]
fn squash_joins_revisions_and_their_versions() {
    let shell = shell(&[
        A,
        (
            "old/0002_b.up.sql",
            "-- Make b.\n-- @function f(1)\nCREATE TABLE b (b DEFAULT (f(1)))",
        ),
        ("old/0002_b.down.sql", "DROP TABLE b"),
        ("old/0003_x.sql", EMPTY),
        ("old/0004_c.up.sql", "CREATE TABLE c (c);"),
        ("old/0004_c.down.sql", "DROP TABLE c;"),
        ("old/0005_d.sql", "CREATE TABLE d (d);"),
    ]);
    let report = shell.json("import sqlx old --squash 2..4 --json");
    assert_eq!(report["revisions"].as_array().unwrap().len(), 3);
    let text = migration(&shell, "20000103_0000_0004_c.sql");
    let expected = "-- Squash of 2 to 4.
-- @revises 0001
-- @was sqlx:2
-- @was sqlx:3 empty
-- @was sqlx:4
-- @function f(1)

-- @upgrade
-- Make b.
CREATE TABLE b (b DEFAULT (f(1)));

-- C.
CREATE TABLE c (c);

-- @downgrade
DROP TABLE c;

DROP TABLE b;
";
    assert_eq!(text, expected);
    assert_eq!(report["revisions"][2]["revises"], json!(["0004"]));
    shell.ok("check migrations --all");
}

#[test]
fn second_run_finds_files_that_differ() {
    let shell = shell(&[
        ("old/1_a.sql", "CREATE TABLE a (a);"),
        ("old/2_b.sql", "CREATE TABLE b (b);"),
    ]);
    shell.ok("import sqlx old");
    std::fs::remove_file(shell.path("migrations/revchain.lock")).unwrap();
    let (code, _, error) = shell.run("import sqlx old");
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("migrations/revchain.lock"), "{error}");
    std::fs::remove_dir_all(shell.path("migrations")).unwrap();
    shell.ok("import sqlx old");
    std::fs::write(shell.path("old/2_b.sql"), "CREATE TABLE b (c);").unwrap();
    let (code, _, error) = shell.run("import sqlx old");
    assert_eq!(code, 1, "{error}");
    assert!(error.contains("_b.sql: the file is not the one"), "{error}");
}

#[test]
fn downgrade_with_an_open_quote_is_irreversible() {
    let shell = shell(&[
        ("old/1_a.up.sql", "CREATE TABLE a (a);"),
        ("old/1_a.down.sql", "DROP TABLE 'a;"),
    ]);
    shell.ok("import sqlx old");
    let text = migration(&shell, &written(&shell)[0]);
    let reason = "-- @irreversible old/1_a.down.sql:1: a quote is opened and never closed";
    assert!(text.contains(reason), "{text}");
    shell.ok("check migrations");
}

#[test]
fn squash_in_the_wrong_order_is_a_usage_error() {
    let shell = shell(&[
        ("old/1_a.sql", "CREATE TABLE a (a);"),
        ("old/2_b.sql", "CREATE TABLE b (b);"),
    ]);
    for range in ["2..1", "2..2"] {
        let (code, error) = failure(&shell, &format!("import sqlx old --squash {range}"));
        assert_eq!(code, 2, "{error}");
    }
    assert!(!shell.path("migrations").exists());
}

#[test]
fn squash_of_an_unknown_version_is_a_usage_error() {
    let shell = shell(&[A, B]);
    let (code, error) = failure(&shell, "import sqlx old --squash 1..9");
    assert_eq!(code, 2);
    assert!(error.contains("there is no version `9`"), "{error}");
    assert_eq!(failure(&shell, "import sqlx old --squash 1").0, 2);
}

#[test]
fn first_takes_the_schema_of_a_database() {
    let shell = shell(&[("old/0001_b.sql", "ALTER TABLE \"a b\" ADD COLUMN b;")]);
    let (code, error) = failure(&shell, "import sqlx old");
    assert_eq!(code, 1);
    assert!(error.contains("no such table: a b"), "{error}");
    let db = Connection::open(shell.path("first.db")).unwrap();
    db.execute_batch(
        "CREATE TABLE \"a b\" (a UNIQUE);
         CREATE VIRTUAL TABLE words USING fts5(word);
         CREATE TABLE _sqlx_migrations (version);
         CREATE INDEX i ON \"a b\" (a);
         CREATE TRIGGER t AFTER INSERT ON \"a b\" BEGIN DELETE FROM v; END;
         CREATE VIEW v AS SELECT * FROM \"a b\";
         CREATE TRIGGER u INSTEAD OF DELETE ON v BEGIN SELECT 1; END;
         INSERT INTO \"a b\" VALUES (1);",
    )
    .unwrap();
    let report = shell.json("import sqlx old --first first.db --json");
    assert_eq!(report["revisions"][0]["revision"], "first");
    assert_eq!(report["revisions"][0]["was"], json!([]));
    assert_eq!(report["revisions"][1]["revises"], json!(["first"]));
    let text = migration(
        &shell,
        "20000101_0000_first_schema_before_the_first_migration.sql",
    );
    assert!(
        !text.contains("_sqlx_migrations") && !text.contains("words_data"),
        "{text}"
    );
    assert!(
        text.contains("CREATE INDEX i") && text.contains("CREATE VIEW v"),
        "{text}"
    );
}

#[test]
fn first_keeps_a_comment_at_the_end_of_a_view() {
    let shell = shell(&[("old/1_a.sql", "CREATE TABLE b (b);")]);
    let db = revchain_runtime::rusqlite::Connection::open(shell.path("first.db")).unwrap();
    db.execute_batch(
        "CREATE TABLE a (a);
         CREATE VIEW v AS SELECT a FROM a -- Comment.
         ;
         CREATE VIEW w AS SELECT a FROM a;",
    )
    .unwrap();
    drop(db);
    shell.ok("import sqlx old --first first.db");
    shell.ok("check migrations");
}

#[test]
fn first_takes_an_sql_file() {
    let shell = shell(&[
        ("old/0001_b.sql", "ALTER TABLE a ADD COLUMN b;"),
        ("schema.sql", "BEGIN;\nCREATE TABLE a (a);\nCOMMIT;\n"),
    ]);
    let text = shell.ok("import sqlx old --first schema.sql");
    assert!(text.contains("2 revisions written"), "{text}");
    assert_eq!(
        failure(
            shell_without_chain(&shell),
            "import sqlx old --first missing"
        )
        .0,
        1
    );
}

/// Removes the chain.
fn shell_without_chain(shell: &Shell) -> &Shell {
    fs::remove_dir_all(shell.path("migrations")).unwrap();
    shell
}

#[test]
fn application_imports_into_its_directory() {
    let shell = shell(&[A]);
    let old = shell.path("old");
    let chain = Shell::new();
    let migrations = revchain_prove::migrations_from_directory(chain.path("migrations")).unwrap();
    let commands = revchain_cli::Commands::new(migrations.migrator());
    let commands = commands.directory(shell.path("migrations"));
    let arguments = ["import", "sqlx", old.to_str().unwrap()];
    let code = crate::support::App::run(&commands, &arguments);
    assert_eq!(code, std::process::ExitCode::SUCCESS);
    assert_eq!(written(&shell).len(), 2);
}
