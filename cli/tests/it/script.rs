//! `script`, `upgrade --sql` and `downgrade --sql`: SQL that a shell runs.
//!
//! A test emulates the shell of SQLite: it reads lines, runs each complete input, and goes on after
//! an error. `.ci/script-runners` runs the SQL in real shells and in D1.

use std::fs;
use std::mem;
use std::process::Command;

use revchain_runtime::rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::Shell;

/// Runs a text as the shell of SQLite does without `.bail on`. Returns the errors.
///
/// A line that begins with `.` is a command if no statement is incomplete. A line with only `/` or
/// `go` ends a statement.
fn run_lines(db: &Connection, text: &str) -> Vec<String> {
    let (mut errors, mut input) = (Vec::new(), String::new());
    for line in text.lines() {
        if input.is_empty() && (line.starts_with(['.', '#']) || line.trim().is_empty()) {
            assert!(line.trim().is_empty(), "a command of the shell: {line}");
            continue;
        }
        let is_terminator = matches!(line.trim(), "/" | "go" | "GO");
        if is_terminator && is_complete(&format!("{input};")) {
            input += ";";
        } else {
            input += line;
        }
        input.push('\n');
        let ends = input.trim_end().ends_with(';');
        if ends && is_complete(&input) {
            let input = mem::take(&mut input);
            errors.extend(
                db.execute_batch(&input)
                    .err()
                    .map(|error| error.to_string()),
            );
        }
    }
    if !input.trim().is_empty() {
        errors.extend(
            db.execute_batch(&input)
                .err()
                .map(|error| error.to_string()),
        );
    }
    errors
}

/// Returns `true` if the text ends with a complete statement, as `sqlite3_complete()` decides.
fn is_complete(text: &str) -> bool {
    use revchain_core::sql::tokenizer::{statements, tokens};
    let tokens = tokens(text);
    let Some(last) = tokens.iter().rev().find(|token| !token.is_comment()) else {
        return false;
    };
    let statements = statements(text, &tokens);
    let after = statements
        .last()
        .map_or(0, |last| last.last().unwrap().span.end);
    last.is_mark(text, ";") && after <= last.span.start
}

/// Returns the schema and all rows of the tables, but for the times of the history.
fn dump(db: &Connection) -> Vec<String> {
    let sql = "SELECT coalesce(sql, name) FROM sqlite_master ORDER BY type, name";
    let mut lines = texts(db, sql);
    let tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    for table in texts(db, tables) {
        let sql = format!("SELECT count(*) || ' {table}' FROM \"{table}\"");
        lines.extend(texts(db, &sql));
        if table == "revchain_history" {
            let sql = "SELECT concat_ws('|', revision, checksum, origin, program, summary,
                compatible, revises, upgrade_checksum, downgrade, irreversible, code)
                FROM revchain_history ORDER BY rowid";
            lines.extend(texts(db, sql));
        }
    }
    lines
}

fn texts(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A chain of three revisions: the second fills a table by a trigger, the third rebuilds a parent.
fn chain() -> Shell {
    let shell = Shell(tempfile::tempdir().unwrap());
    fs::create_dir(shell.path("migrations")).unwrap();
    shell.migration(
        "20260101_0000_001_users.sql",
        "base",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'a;
.quit
/
go
b');
CREATE TABLE logins (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users ON DELETE CASCADE);
CREATE INDEX logins_user ON logins (user);",
        "DROP TABLE logins;\nDROP TABLE users;",
    );
    shell.migration(
        "20260102_0000_002_trigger.sql",
        "001",
        "CREATE TABLE log (line TEXT);
CREATE TRIGGER users_log AFTER INSERT ON users -- first;
BEGIN
  INSERT INTO log VALUES ('it''s; new'); -- second;
  INSERT INTO log SELECT CASE WHEN new.id > 1 THEN ';' ELSE 'end;' END;
END; -- third;
CREATE VIEW go AS SELECT
  count(*)
  /
  1 AS half
  FROM log -- fourth;
;
CREATE TABLE \"odd;name\" (
  go
  , [b;]
);",
        "DROP TABLE \"odd;name\";\nDROP VIEW go;\nDROP TRIGGER users_log;\nDROP TABLE log;",
    );
    shell.migration(
        "20260103_0000_003_rebuild.sql",
        "002",
        "DROP TRIGGER users_log;
CREATE TABLE new_users (id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
INSERT INTO new_users SELECT id, coalesce(name, '') FROM users;
DROP TABLE users;
ALTER TABLE new_users RENAME TO users;",
        "CREATE TABLE old_users (id INTEGER PRIMARY KEY, name TEXT DEFAULT 'a;
.quit
/
go
b');
INSERT INTO old_users SELECT id, name FROM users;
DROP TABLE users;
ALTER TABLE old_users RENAME TO users;
CREATE TRIGGER users_log AFTER INSERT ON users
BEGIN
  INSERT INTO log VALUES ('it''s; new');
  INSERT INTO log SELECT CASE WHEN new.id > 1 THEN ';' ELSE 'end;' END;
END;",
    );
    shell
}

fn open(shell: &Shell, name: &str) -> Connection {
    let db = Connection::open(shell.path(name)).unwrap();
    // As in a shell, which does not turn them on.
    db.pragma_update(None, "foreign_keys", false).unwrap();
    db
}

fn run_script(shell: &Shell, arguments: &str, name: &str) -> Vec<String> {
    run_lines(&open(shell, name), &(shell.ok(arguments) + "\n"))
}

#[test]
fn script_makes_the_database_that_the_program_makes() {
    let shell = chain();
    shell.ok("upgrade -d program.db");
    assert_eq!(run_script(&shell, "script", "script.db"), [""; 0]);
    let [program, script] = ["program.db", "script.db"].map(|name| open(&shell, name));
    // A shell keeps the line break before the semicolon of a CREATE INDEX and a CREATE VIEW.
    let trimmed = dump(&script).into_iter();
    let trimmed: Vec<String> = trimmed
        .map(|line| line.trim_end().replace("/**/ ", ""))
        .collect();
    assert_eq!(trimmed, dump(&program));
    let out = shell.ok("check -d script.db");
    assert!(
        out.ends_with("script.db: the schema is that of 003"),
        "{out}"
    );
    assert_eq!(shell.ok("status -d script.db"), "script.db: 003 (head)");
}

#[test]
fn program_continues_after_a_script_and_a_script_after_it() {
    let shell = chain();
    shell.ok("upgrade -d program.db");
    assert_eq!(run_script(&shell, "script --to 001", "a.db"), [""; 0]);
    assert_eq!(
        shell.ok("current -d a.db"),
        "a.db: 001 (2 pending)  Add users."
    );
    open(&shell, "a.db")
        .execute_batch(
            "INSERT INTO users (id) VALUES (1), (2);
        INSERT INTO logins (user) VALUES (1), (2)",
        )
        .unwrap();
    shell.ok("upgrade 002 -d a.db --quiet");
    assert_eq!(run_script(&shell, "upgrade --sql -d a.db", "a.db"), [""; 0]);
    assert_eq!(shell.ok("status -d a.db"), "a.db: 003 (head)");
    let logins = texts(
        &open(&shell, "a.db"),
        "SELECT user || '' FROM logins ORDER BY user",
    );
    assert_eq!(logins, ["1", "2"]);
    assert_eq!(
        run_script(&shell, "script --from head --to 001", "a.db"),
        [""; 0]
    );
    assert_eq!(
        shell.ok("current -d a.db"),
        "a.db: 001 (2 pending)  Add users."
    );
    assert_eq!(
        run_script(&shell, "downgrade base --sql -d a.db", "a.db"),
        [""; 0]
    );
    assert_eq!(shell.ok("current -d a.db"), "a.db: base (3 pending)");
    // The history stays, without rows, and the script from base accepts it.
    assert_eq!(run_script(&shell, "script", "a.db"), [""; 0]);
    assert_eq!(shell.ok("status -d a.db"), "a.db: 003 (head)");
}

#[test]
fn script_on_another_database_changes_nothing() {
    let shell = chain();
    shell.ok("upgrade 001 -d one.db --quiet");
    shell.ok("upgrade 002 -d two.db --quiet");
    shell.ok("upgrade -d three.db --quiet");
    open(&shell, "tables.db")
        .execute_batch("CREATE TABLE t (a)")
        .unwrap();
    shell.ok("upgrade 002 -d edited.db --quiet");
    let edit = "UPDATE revchain_history SET checksum = 'x' WHERE revision = '001'";
    open(&shell, "edited.db").execute_batch(edit).unwrap();
    let starts = ", and the script starts at";
    for (arguments, database, message) in [
        (
            "script --from 002",
            "one.db",
            format!("this database is at 001{starts} 002"),
        ),
        (
            "script --from 002",
            "three.db",
            format!("this database is at 003{starts} 002"),
        ),
        (
            "script",
            "two.db",
            format!("this database is at 002{starts} base"),
        ),
        (
            "script",
            "tables.db",
            "this database is not new: it has t".to_owned(),
        ),
        (
            "script --from 002",
            "tables.db",
            format!("this database has no table revchain_history{starts} 002"),
        ),
        (
            "script --from 002",
            "edited.db",
            "the history of this database is not that of the script up to 002".to_owned(),
        ),
    ] {
        let before = dump(&open(&shell, database));
        let errors = run_script(&shell, arguments, database);
        assert_eq!(errors.len(), 1, "{arguments} {database}: {errors:?}");
        let expected = format!("revchain: {message}");
        assert!(
            errors[0].contains(&expected),
            "{arguments} {database}: {errors:?}"
        );
        assert!(errors[0].contains("; nothing was changed"), "{errors:?}");
        assert_eq!(
            dump(&open(&shell, database)),
            before,
            "{arguments} {database}"
        );
    }
}

#[test]
fn error_in_the_middle_changes_nothing() {
    let shell = chain();
    shell.ok("upgrade 002 -d a.db --quiet");
    // The table that 003 makes is there already.
    open(&shell, "a.db")
        .execute_batch("CREATE TABLE new_users (a)")
        .unwrap();
    let before = dump(&open(&shell, "a.db"));
    let errors = run_script(&shell, "script --from 002", "a.db");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("new_users already exists"), "{errors:?}");
    assert_eq!(dump(&open(&shell, "a.db")), before);
}

#[test]
fn broken_key_changes_nothing_unless_it_is_elsewhere() {
    let shell = chain();
    let text = "-- Add a login.\n-- @revises 003\n-- @irreversible it stays\n
-- @upgrade\nINSERT INTO logins (user) VALUES (NULL);\n";
    let name = "migrations/20260104_0000_004_login.sql";
    fs::write(shell.path(name), text).unwrap();
    shell.migration(
        "20260105_0000_005_note.sql",
        "004",
        "CREATE TABLE note (a);",
        "DROP TABLE note;",
    );
    shell.ok("upgrade 003 -d a.db --quiet");
    let violation = "INSERT INTO logins (user) VALUES (7)";
    open(&shell, "a.db").execute_batch(violation).unwrap();
    let before = dump(&open(&shell, "a.db"));
    let errors = run_script(&shell, "script --from 003 --to 004", "a.db");
    let message = "revchain: a row of logins refers to a row of users that does not exist";
    assert!(
        errors.len() == 1 && errors[0].contains(message),
        "{errors:?}"
    );
    assert_eq!(dump(&open(&shell, "a.db")), before);
    // 005 does not touch the tables, so the old violation is accepted, as by the program.
    shell.ok("stamp 004 -d a.db --yes");
    assert_eq!(run_script(&shell, "script --from 004", "a.db"), [""; 0]);
    assert_eq!(shell.ok("current -d a.db"), "a.db: 005 (head)  Add note.");
}

#[test]
fn script_that_only_changes_rows_leaves_no_marker() {
    let shell = Shell::new();
    let name = "20260104_0000_004_rows.sql";
    shell.migration(
        name,
        "003",
        "INSERT INTO tags VALUES (1);",
        "DELETE FROM tags;",
    );
    shell.ok("upgrade -d a.db --quiet");
    assert_eq!(
        run_script(&shell, "script --from 004 --to 003", "a.db"),
        [""; 0]
    );
    assert!(
        shell
            .ok("upgrade -d a.db")
            .contains("upgraded from 003 to 004")
    );
    // A program without 004 must find out that the database is newer.
    fs::create_dir(shell.path("old")).unwrap();
    fs::rename(
        shell.path("migrations").join(name),
        shell.path("old").join(name),
    )
    .unwrap();
    shell.ok("upgrade -d b.db --quiet");
    fs::rename(
        shell.path("old").join(name),
        shell.path("migrations").join(name),
    )
    .unwrap();
    assert_eq!(run_script(&shell, "script --from 003", "b.db"), [""; 0]);
    fs::remove_file(shell.path("migrations").join(name)).unwrap();
    let (code, _, error) = shell.run("upgrade -d b.db");
    assert!(code == 1 && error.contains("newer"), "{error}");
}

#[test]
fn named_chain_shares_a_database() {
    let shell = Shell::new();
    open(&shell, "a.db")
        .execute_batch("CREATE TABLE other (a)")
        .unwrap();
    let errors = run_script(&shell, "script --name billing", "a.db");
    assert_eq!(errors, [""; 0]);
    let out = shell.ok("current --name billing -d a.db");
    assert_eq!(out, "a.db: 003 (head)  Add tags.");
    assert!(
        shell
            .ok("check --name billing -d a.db")
            .ends_with("the schema is that of 003")
    );
    open(&shell, "b.db")
        .execute_batch("CREATE TABLE Notes (a)")
        .unwrap();
    let errors = run_script(&shell, "script --name billing", "b.db");
    assert!(errors[0].contains("it has Notes"), "{errors:?}");
}

#[test]
fn sql_for_a_database_of_another_chain_ignores_its_tables() {
    let shell = Shell::new();
    let other = "CREATE TABLE revchain_history_other (revision TEXT PRIMARY KEY, checksum TEXT);
                 CREATE TABLE items (a)";
    open(&shell, "a.db").execute_batch(other).unwrap();
    let script = shell.ok("upgrade --sql -d a.db") + "\n";
    assert_eq!(run_lines(&open(&shell, "a.db"), &script), [""; 0]);
    assert_eq!(shell.ok("current -d a.db"), "a.db: 003 (head)  Add tags.");
}

#[test]
fn adopted_database_is_guarded_by_its_schema() {
    let shell = Shell::new();
    let tables = "CREATE TABLE users (a); CREATE TABLE notes (a);";
    open(&shell, "a.db").execute_batch(tables).unwrap();
    let script = shell.ok("upgrade --sql -d a.db") + "\n";
    open(&shell, "b.db")
        .execute_batch("CREATE TABLE users (a);")
        .unwrap();
    let errors = run_lines(&open(&shell, "b.db"), &script);
    let message = "revchain: the schema of this database is not as expected";
    assert!(
        errors.len() == 1 && errors[0].contains(message),
        "{errors:?}"
    );
    assert_eq!(run_lines(&open(&shell, "a.db"), &script), [""; 0]);
    let origins = texts(&open(&shell, "a.db"), "SELECT origin FROM revchain_history");
    assert_eq!(origins, ["adopt", "adopt", "upgrade"]);
}

#[test]
fn sql_of_a_request_changes_nothing() {
    let shell = Shell::new();
    shell.ok("upgrade -d a.db --quiet");
    let before = fs::read(shell.path("a.db")).unwrap();
    let nothing = "/* The database is at 003: nothing to do. */";
    assert_eq!(shell.ok("upgrade --sql -d a.db"), nothing);
    assert!(
        shell
            .ok("downgrade --sql -d a.db")
            .contains("DROP TABLE tags")
    );
    assert!(
        shell
            .ok("upgrade --sql -d new.db")
            .contains("CREATE TABLE tags")
    );
    assert_eq!(fs::read(shell.path("a.db")).unwrap(), before);
    assert!(!shell.path("new.db").exists());
}

#[test]
fn json_has_the_statements_as_a_list() {
    let shell = Shell::new();
    let object = shell.json("script --from 002 --json");
    assert_eq!(
        (&object["from"], &object["to"]),
        (&json!("002"), &json!("003"))
    );
    let statements: Vec<&str> = object["statements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sql| sql.as_str().unwrap())
        .collect();
    assert_eq!(
        &statements[..2],
        ["PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE"]
    );
    assert_eq!(statements.last(), Some(&"COMMIT"));
    assert!(statements.contains(&"CREATE TABLE tags (a)"));
    assert_eq!(shell.json("script --json")["from"], Value::Null);
    shell.ok("upgrade 001 -d a.db --quiet");
    let object = shell.json("upgrade 002 --sql -d a.db --json");
    assert_eq!(object["to"], "002");
}

#[test]
fn bare_script_runs_in_a_transaction_with_foreign_keys_on() {
    let shell = Shell::new();
    let mut db = Connection::open(shell.path("a.db")).unwrap();
    db.pragma_update(None, "foreign_keys", true).unwrap();
    let text = shell.ok("script --bare");
    let transaction = db.transaction().unwrap();
    transaction.execute_batch(&text).unwrap();
    transaction.commit().unwrap();
    assert_eq!(shell.ok("status -d a.db"), "a.db: 003 (head)");
    let statements = shell.json("script --bare --from 003 --to 002 --json")["statements"].clone();
    let transaction = db.transaction().unwrap();
    for statement in statements.as_array().unwrap() {
        transaction
            .execute_batch(statement.as_str().unwrap())
            .unwrap();
    }
    transaction.commit().unwrap();
    assert_eq!(
        shell.ok("current -d a.db"),
        "a.db: 002 (1 pending)  Add notes."
    );
}

#[test]
fn bare_script_is_proven_for_a_cluster() {
    let shell = Shell::new();
    let upgrade = "CREATE TABLE c (a);\nINSERT INTO c VALUES (random());";
    shell.migration("20260104_0000_004_c.sql", "003", upgrade, "DROP TABLE c;");
    shell.ok("script");
    let (code, _, error) = shell.run("script --bare --from 003");
    assert!(
        code == 1 && error.contains("[replicated-function]"),
        "{error}"
    );
    shell.ok("script --bare --to 003");
}

#[test]
fn chain_that_needs_the_program_has_no_script() {
    for (header, upgrade, message) in [
        (
            "",
            "-- @code hash",
            "there is no SQL for 004: it runs the function hash of the program",
        ),
        (
            "-- @job fill\n",
            "CREATE TABLE c (a);",
            "there is no SQL for 004: the program runs its job fill",
        ),
        (
            "-- @function norm(1)\n",
            "CREATE INDEX i ON tags (norm(a));",
            "there is no SQL for a shell: 004 needs the function norm(1) of the program",
        ),
    ] {
        let shell = Shell::new();
        let text = format!(
            "-- Add c.\n-- @revises 003\n{header}-- @irreversible gone\n\n-- @upgrade\n{upgrade}\n"
        );
        fs::write(shell.path("migrations/20260104_0000_004_c.sql"), text).unwrap();
        let (code, out, error) = shell.run("script");
        assert_eq!((code, out), (1, String::new()));
        assert!(error.starts_with(&format!("error: {message}")), "{error}");
        assert!(
            error.ends_with("more: run `revchain explain no-script`"),
            "{error}"
        );
        // The revisions before it have one.
        shell.ok("script --to 003");
    }
}

#[test]
fn unproven_revision_that_needs_the_program_has_no_script() {
    let shell = Shell::new();
    let text = "-- Add c.\n-- @revises 003\n-- @unproven the program registers it\n-- @irreversible gone\n\n-- @upgrade\nINSERT INTO tags SELECT only_here(1);\n";
    fs::write(shell.path("migrations/20260104_0000_004_c.sql"), text).unwrap();
    let (code, _, error) = shell.run("script");
    let message = "error: SQLite alone cannot run 004: no such function: only_here";
    assert!(code == 1 && error.starts_with(message), "{error}");
}

#[test]
fn unusable_revisions_are_usage_errors() {
    let shell = Shell::new();
    let usage = |arguments: &str, message: &str| {
        let (code, _, error) = shell.run(arguments);
        assert!(
            code == 2 && error.contains(message),
            "{arguments}: {code} {error}"
        );
    };
    usage("script --from nowhere", "there is no revision `nowhere`");
    usage("script --from 002 --to 002", "--from and --to are both 002");
    usage("upgrade --sql --dry-run -d a.db", "cannot be used with");
    usage(
        "upgrade --sql --allow-existing-violations -d a.db",
        "cannot be used with",
    );
    let text =
        "-- Add c.\n-- @revises 003\n-- @irreversible gone\n\n-- @upgrade\nCREATE TABLE c (a);\n";
    fs::write(shell.path("migrations/20260104_0000_004_c.sql"), text).unwrap();
    let (code, _, error) = shell.run("script --from head --to 001");
    assert!(
        code == 1 && error.contains("004 cannot be reverted"),
        "{error}"
    );
}

/// Runs a script in the shell `sqlite3`, if it is installed.
#[test]
fn installed_shell_takes_the_script() {
    let shell = chain();
    let Ok(version) = Command::new("sqlite3").arg("--version").output() else {
        return;
    };
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let text = shell.ok("script") + "\n";
    fs::write(shell.path("up.sql"), &text).unwrap();
    let sqlite3 = |arguments: &[&str]| {
        let mut command = Command::new("sqlite3");
        let output = command
            .current_dir(shell.path(""))
            .arg("a.db")
            .args(arguments);
        let output = output.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), error)
    };
    assert_eq!(
        sqlite3(&[".read up.sql"]),
        (true, String::new()),
        "{version}"
    );
    let before = dump(&open(&shell, "a.db"));
    for arguments in [&[".read up.sql"][..], &["-bail", ".read up.sql"], &[&text]] {
        let (is_success, error) = sqlite3(arguments);
        assert!(
            !is_success && error.contains("this database is at 003"),
            "{error}"
        );
    }
    assert_eq!(dump(&open(&shell, "a.db")), before);
}
