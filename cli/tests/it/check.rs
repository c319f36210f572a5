//! The command `check`.

use std::fs;
use std::process::ExitCode;

use revchain_cli::Commands;
use revchain_prove::{migrations_from_directory, migrations_from_directory_unproven};
use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{App, Shell};

#[test]
fn check_of_a_drifted_database_shows_the_difference() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let proven = "migrations: 3 revisions proven; the head is 003";
    assert_eq!(
        shell.ok("check -d app.db"),
        format!("{proven}\napp.db: the schema is that of 003")
    );
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("DROP TABLE notes; CREATE TABLE of_others (a)")
        .unwrap();
    let (code, out, error) = shell.run("check -d app.db");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        error.contains(
            "app.db: the schema differs from that of 003:\n    - table notes (a)\n    + table of_others (a)\n"
        ),
        "{error}"
    );
    let (_, out, _) = shell.run("check -d app.db --ignore-tables of_*,none --json");
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(json["error"]["code"], "drifted");
    assert_eq!(json["error"]["drift"], json!(["- table notes (a)"]));
    assert_eq!(shell.run("check -d missing.db").0, 1);
    assert!(!shell.path("missing.db").exists());
}

#[test]
fn check_of_a_directory_proves_it() {
    let shell = Shell::new();
    assert_eq!(shell.json("check migrations --json")["revisions"], 3);
    shell.ok("lock");
    assert_eq!(
        shell.ok("check"),
        "migrations: 3 revisions locked, so not proven in full (--all proves them); the head is 003"
    );
    // A full check also proves revisions that were locked without a proof.
    fs::remove_file(shell.path("migrations/revchain.lock")).unwrap();
    shell.migration(
        "20260103_0000_003_tags.sql",
        "002",
        "CREATE TABLE tags (a);",
        "SELECT 1;",
    );
    let (code, _, error) = shell.run("check migrations");
    assert_eq!(code, 1);
    assert!(
        error.starts_with("error: [downgrade-does-not-restore] the downgrade of 003 does not give back the schema of 002\n  migrations/20260103_0000_003_tags.sql:8:1\n"),
        "{error}"
    );
    let (code, out, _) = shell.run("check --json");
    assert_eq!(code, 1);
    let defect = serde_json::from_str::<Value>(&out).unwrap()["error"]["defects"][0].clone();
    assert_eq!(
        (&defect["code"], &defect["line"]),
        (&json!("downgrade-does-not-restore"), &json!(8))
    );
    assert_eq!(defect["details"], json!(["+ table tags (a)"]));
    assert!(
        shell.run("lock").2.contains("[downgrade-does-not-restore]"),
        "an unproven revision is not locked"
    );
    assert!(!shell.path("migrations/revchain.lock").exists());
}

#[test]
fn check_all_proves_locked_revisions_again() {
    let shell = Shell::new();
    shell.ok("lock -r 002");
    assert_eq!(
        shell.ok("check"),
        "migrations: 1 revision proven; 2 revisions locked, so not proven in full (--all proves them); the head is 003"
    );
    assert_eq!(
        shell.ok("check --all"),
        "migrations: 3 revisions proven; the head is 003"
    );
    // This lock contains a downgrade that was not proven.
    shell.migration(
        "20260102_0000_002_notes.sql",
        "001",
        "CREATE TABLE notes (a);",
        "SELECT 1;",
    );
    fs::remove_file(shell.path("migrations/revchain.lock")).unwrap();
    let chain = migrations_from_directory_unproven(shell.path("migrations")).unwrap();
    let text = revchain_core::lock_file::render(chain.chain(), chain.revisions());
    fs::write(shell.path("migrations/revchain.lock"), text).unwrap();
    shell.ok("check");
    assert!(
        shell
            .run("check --all")
            .2
            .contains("[downgrade-does-not-restore] the downgrade of 002")
    );
}

#[test]
fn check_reports_irreversible_and_unproven_revisions() {
    let shell = Shell::new();
    let write =
        |name: &str, text: &str| fs::write(shell.path("migrations").join(name), text).unwrap();
    let irreversible =
        "-- Hash.\n-- @revises 003\n-- @irreversible the texts are gone\n-- @upgrade\n";
    write(
        "20260104_0000_004_hash.sql",
        &format!("{irreversible}UPDATE users SET a = 1;\n"),
    );
    assert!(
        shell
            .ok("check")
            .ends_with("4 revisions proven; 1 irreversible; the head is 004")
    );
    shell.migration(
        "20260105_0000_005_index.sql",
        "004",
        "CREATE INDEX i ON users (norm(a));",
        "DROP INDEX i;",
    );
    let index = fs::read_to_string(shell.path("migrations/20260105_0000_005_index.sql")).unwrap();
    write(
        "20260105_0000_005_index.sql",
        &index.replace(
            "@revises 004",
            "@revises 004\n-- @unproven the program registers norm()",
        ),
    );
    let text = shell.ok("check");
    assert!(
        text.contains("; the schema is unknown from 005 on; 1 irreversible"),
        "{text}"
    );
    assert_eq!(shell.json("check --json")["unknown_from"], "005");
}

#[test]
fn check_notes_a_table_without_sample_rows() {
    let shell = Shell::new();
    shell.table_without_sample_rows();
    let text = shell.ok("check");
    assert!(
        text.lines()
            .nth(1)
            .is_some_and(|line| line.starts_with("note: ") && line.contains("codes")),
        "{text}"
    );
    let notes = &shell.json("check --json")["notes"];
    assert_eq!(
        text.lines().nth(1),
        notes[0]
            .as_str()
            .map(|note| format!("note: {note}"))
            .as_deref()
    );
}

#[test]
fn check_rejects_an_unlocked_head() {
    let shell = Shell::new();
    shell.ok("lock");
    shell.migration(
        "20260104_0000_004_more.sql",
        "003",
        "CREATE TABLE more (a);",
        "DROP TABLE more;",
    );
    let (code, _, error) = shell.run("check");
    assert!(
        code == 1 && error.contains("[lock-head-differs]"),
        "{error}"
    );
}

#[test]
fn check_accepts_a_directory_and_a_database() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let json = shell.json("check -d app.db --json");
    assert_eq!(
        (&json["revisions"], &json["current"], &json["drift"]),
        (&json!(3), &json!("003"), &json!([]))
    );
    // An application accepts the same arguments.
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    let (directory, database) = (shell.path("migrations"), shell.path("app.db"));
    let (directory, database) = (directory.to_str().unwrap(), database.to_str().unwrap());
    let check = |arguments: &[&str]| {
        let commands = Commands::new(migrations.migrator()).database(database);
        App::run(&commands, &[&["check"], arguments].concat())
    };
    assert_eq!(check(&[directory, "-d", database]), ExitCode::SUCCESS);
    assert_eq!(
        check(&["--all"]),
        ExitCode::from(2),
        "there is nothing to prove"
    );
    assert_eq!(check(&["--replicated"]), ExitCode::from(2));
    Connection::open(database)
        .unwrap()
        .execute_batch("DROP TABLE notes")
        .unwrap();
    assert_eq!(check(&[directory, "-d", database]), ExitCode::from(1));
    assert_eq!(check(&[directory]), ExitCode::SUCCESS);
}

#[test]
fn check_proves_for_a_cluster_what_follows_a_revision() {
    let shell = Shell::new();
    let add_clocks = |default: &str| {
        let table = format!("CREATE TABLE clocks (a, at TEXT{default});");
        let name = "20260104_0000_004_clocks.sql";
        shell.migration(name, "003", &table, "DROP TABLE clocks;");
    };
    add_clocks(" DEFAULT CURRENT_TIMESTAMP");
    assert_eq!(shell.json("check --json")["replicated"], json!(null));
    for command in ["check --replicated=003", "check --replicated"] {
        let (code, _, error) = shell.run(command);
        assert_eq!(code, 1);
        assert!(error.contains("[replicated-function]"), "{error}");
    }
    add_clocks("");
    let json = shell.json("check --replicated=003 --json");
    assert_eq!(json["replicated"], json!(1));
    let last = "4 revisions and the schema at the head proven for a cluster";
    assert_eq!(shell.ok("check --replicated").lines().last(), Some(last));
    let (code, _, error) = shell.run("check --replicated=3");
    assert_eq!(code, 2);
    assert!(error.contains("did you mean 003?"), "{error}");
}

#[test]
fn check_notes_why_a_new_cluster_needs_a_file() {
    let shell = Shell::new();
    let table = "CREATE TABLE clocks (at TEXT); INSERT INTO clocks VALUES (CURRENT_TIMESTAMP);";
    shell.migration(
        "20260104_0000_004_clocks.sql",
        "003",
        table,
        "DROP TABLE clocks;",
    );
    let note = "a new cluster must begin with a file of a single machine: \
                the upgrade of 004 evaluates current_timestamp, which differs between machines";
    let json = shell.json("check --replicated=004 --json");
    assert_eq!(json["notes"], json!([note]));
}
