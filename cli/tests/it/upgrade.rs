//! The command `upgrade`.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use revchain_cli::Commands;
use revchain_prove::migrations_from_directory;
use revchain_runtime::rusqlite::Connection;
use serde_json::json;

use crate::support::{App, Shell, without_duration};

#[test]
fn upgrade_of_a_missing_file_creates_it() {
    let shell = Shell::new();
    let (code, out, error) = shell.run("upgrade -d app.db");
    assert_eq!(
        (code, without_duration(&out).as_str()),
        (0, "app.db: new database at 003: 3 revisions applied")
    );
    assert!(error.contains("upgrading to 001: Add users."), "{error}");
    assert_eq!(
        shell.ok("upgrade -d app.db"),
        "app.db: at 003, nothing to do"
    );
}

#[test]
fn upgrade_stops_at_the_given_revision() {
    let shell = Shell::new();
    assert!(
        shell
            .ok("upgrade -d app.db -r 001")
            .contains("new database at 001: 1 revision applied")
    );
    assert!(
        shell
            .ok("upgrade -d app.db --revision +1")
            .contains("upgraded from 001 to 002")
    );
    let (code, _, error) = shell.run("upgrade -d app.db -r 004");
    assert_eq!(
        (code, error.as_str()),
        (
            1,
            "error: app.db: there is no revision `004`\nhelp: name a revision from 001 to 003\n\
             more: run `revchain explain unknown-target`"
        )
    );
    assert_eq!(shell.run("upgrade -d new.db -r 004").0, 1);
    assert!(
        !shell.path("new.db").exists(),
        "a failed upgrade creates no file"
    );
}

#[test]
fn dry_run_shows_the_result_and_changes_nothing() {
    let shell = Shell::new();
    let text = shell.ok("upgrade -d app.db --dry-run");
    assert!(
        text.starts_with("app.db: new database at 003: 3 revisions applied in "),
        "{text}"
    );
    assert!(!shell.path("app.db").exists());
    shell.ok("upgrade -d app.db -r 001");
    shell.sql("INSERT INTO users VALUES (7)");
    let before = fs::read(shell.path("app.db")).unwrap();
    let text = shell.ok("upgrade -d app.db --dry-run");
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(
        first.starts_with("app.db: upgraded from 001 to 003: 2 revisions applied in "),
        "{text}"
    );
    assert_eq!(
        rest,
        "dry run: only a copy was changed\n  rows of notes: none → 0\n  \
         rows of tags: none → 0\n  + table notes (a)\n  + table tags (a)"
    );
    // A dry run of a downgrade shows the loss without a confirmation.
    let text = shell.ok("downgrade -d app.db -r base --dry-run");
    assert!(
        text.contains("rows of users: 1 → none\n  - table users (a)"),
        "{text}"
    );
    let json = shell.json("upgrade -d app.db --dry-run --json");
    assert_eq!(
        json["dry_run"]["tables"][0],
        json!({ "table": "notes", "before": null, "after": 0 })
    );
    assert_eq!(json["dry_run"]["diff"][1], "+ table tags (a)");
    assert_eq!(fs::read(shell.path("app.db")).unwrap(), before);
}

#[test]
fn database_without_a_history_is_adopted() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_data.sql",
        "003",
        "UPDATE tags SET a = 1;",
        "UPDATE tags SET a = 0;",
    );
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch("CREATE TABLE users (a); CREATE TABLE notes (a);")
        .unwrap();
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: base (it has tables but no history; an upgrade adopts 002 and applies 2 revisions)"
    );
    let (code, _, error) = shell.run("upgrade -d app.db --adopt-as 003");
    assert_eq!(code, 1);
    assert!(
        error.contains("its revision is 002, not 003\n") && error.ends_with("explain not-among`"),
        "{error}"
    );
    db.execute_batch("CREATE TABLE tags (a)").unwrap();
    let (_, _, error) = shell.run("upgrade -d app.db --adopt-as 001");
    assert!(
        error.contains("001 is not among the revisions with its schema: 003, 004\n"),
        "{error}"
    );
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains(
            "several revisions have its schema\n  003  Add tags.\n  004  Add data.\nhelp: "
        ) && error.ends_with(
            "name that revision: `revchain upgrade -d app.db --adopt-as REVISION`\n\
                 more: run `revchain explain ambiguous`"
        ),
        "{error}"
    );
    assert!(
        shell
            .ok("upgrade -d app.db --adopt-as 003")
            .contains("adopted at 003, then upgraded to 004")
    );
    assert!(
        shell
            .ok("history -d app.db")
            .contains("  adopt     Add tags.")
    );
}

/// Creates a database of a program that has counted two migrations in `user_version`.
fn recorded(shell: &Shell) -> Connection {
    for (file, number) in [("001_users", 1), ("002_notes", 2), ("003_tags", 3)] {
        let path = shell.path(&format!("migrations/2026010{number}_0000_{file}.sql"));
        let text = fs::read_to_string(&path).unwrap();
        let was = format!("\n-- @was user_version:{number}\n\n-- @upgrade");
        fs::write(path, text.replace("\n\n-- @upgrade", &was)).unwrap();
    }
    let db = Connection::open(shell.path("app.db")).unwrap();
    let sql = "CREATE TABLE users (a); CREATE TABLE notes (a); PRAGMA user_version = 2";
    db.execute_batch(sql).unwrap();
    db
}

#[test]
fn record_of_another_tool_is_taken_over() {
    let shell = Shell::new();
    recorded(&shell);
    let out = shell.ok("upgrade -d app.db");
    assert!(
        out.starts_with("app.db: adopted at 002 as user_version recorded, then upgraded to 003: ")
            && out.ends_with("; `user_version` 2 of the other tool is now revchain's marker"),
        "{out}"
    );
    let other = Shell::new();
    recorded(&other);
    let report = other.json("upgrade -d app.db --json");
    assert_eq!(report["recorded_by"], json!(["user_version"]));
    assert_eq!(report["replaced_user_version"], json!(2));
}

#[test]
fn user_version_is_kept_with_the_flag() {
    let shell = Shell::new();
    let db = recorded(&shell);
    let (code, out, error) = shell.run("upgrade -d app.db --keep-user-version");
    assert_eq!(code, 0, "{error}");
    assert!(!out.contains("marker"), "{out}");
    assert!(
        error.contains("`user_version` is 2, of another program"),
        "{error}"
    );
    let version: i64 = db
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 2);
}

#[test]
fn record_that_disagrees_is_an_error_with_its_code() {
    let shell = Shell::new();
    let db = recorded(&shell);
    db.execute_batch("PRAGMA user_version = 1").unwrap();
    let failure = shell.json("upgrade -d app.db --json");
    assert_eq!(
        failure["error"]["code"],
        json!("record-differs"),
        "{failure}"
    );
    assert_eq!(
        shell.ok("current -d app.db"),
        "app.db: base (it has tables but no history)"
    );
}

#[test]
fn other_order_of_columns_is_adopted_with_the_flag() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_pairs.sql",
        "003",
        "CREATE TABLE pairs (a, b);",
        "DROP TABLE pairs;",
    );
    shell.ok("upgrade -d app.db");
    let db = Connection::open(shell.path("app.db")).unwrap();
    db.execute_batch(
        "DROP TABLE revchain_history; PRAGMA user_version = 0;
         DROP TABLE pairs; CREATE TABLE pairs (b, a);",
    )
    .unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(error.contains("--ignore-column-order"), "{error}");
    assert!(
        shell
            .ok("upgrade -d app.db --ignore-column-order")
            .contains("adopted at 004")
    );
    assert!(
        shell
            .ok("check -d app.db")
            .contains("the schema is that of 004")
    );
}

#[test]
fn newer_database_is_rejected_and_shown() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path("migrations/20260103_0000_003_tags.sql")).unwrap();
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains(
            "the database is newer than this program, whose head is 002; it has\n  003  Add tags. ("
        ),
        "{error}"
    );
    assert!(
        error.contains(concat!(
            ", by revchain ",
            env!("CARGO_PKG_VERSION"),
            ")\nhelp: use a version"
        )),
        "{error}"
    );
    let history = shell.ok("history -d app.db");
    let newest = history.lines().nth(1).unwrap();
    let words = concat!(
        "  Add tags. (current) (unknown to this program, by revchain ",
        env!("CARGO_PKG_VERSION"),
        ")"
    );
    assert!(newest.ends_with(words), "{history}");
    let revisions = shell.json("history -d app.db --json")["revisions"].take();
    assert_eq!(
        revisions[0]["program"],
        concat!("revchain ", env!("CARGO_PKG_VERSION"))
    );
    assert!(
        history
            .lines()
            .nth(2)
            .unwrap()
            .ends_with("Add notes. (head)"),
        "{history}"
    );
    assert_eq!(
        shell.json("upgrade -d app.db --json")["error"]["code"],
        "newer"
    );
    let error = shell.json("downgrade -d app.db --yes --json")["error"].take();
    assert_eq!(error["code"], "newer");
    assert_eq!(
        (
            &error["unknown"][0]["revision"],
            &error["unknown"][0]["summary"]
        ),
        (&json!("003"), &json!("Add tags."))
    );
}

#[test]
fn compatible_newer_database_needs_nothing() {
    let shell = Shell::new();
    let file = "migrations/20260103_0000_003_tags.sql";
    let text = fs::read_to_string(shell.path(file)).unwrap();
    fs::write(
        shell.path(file),
        text.replace("-- @upgrade", "-- @compatible\n-- @upgrade"),
    )
    .unwrap();
    shell.ok("upgrade -d app.db");
    fs::remove_file(shell.path(file)).unwrap();
    assert!(
        shell
            .ok("upgrade -d app.db")
            .ends_with("app.db: at 003, nothing to do")
    );
    let current = shell.ok("current -d app.db");
    let words =
        "app.db: 002 (head; a newer program has added a compatible revision: 003  Add tags. (";
    assert!(current.starts_with(words), "{current}");
    assert_eq!(
        shell.json("current -d app.db --json")["newer"],
        json!(["003"])
    );
    assert!(shell.ok("pending -d app.db").ends_with("nothing pending"));
    let (code, _, error) = shell.run("check -d app.db");
    let unknown = "app.db: the schema of 003 is not known: a newer program has added the revision";
    assert_eq!(
        (code, error),
        (
            1,
            format!("error: {unknown}\nmore: run `revchain explain unknown-schema`")
        )
    );
    assert_eq!(
        shell.json("check -d app.db --json")["error"],
        json!({
            "code": "unknown-schema", "message": unknown, "help": [],
            "reason": "a newer program has added the revision",
            "database": "app.db", "current": "003", "drift": null,
            "failing_jobs": [],
        })
    );
}

#[test]
fn unusable_database_file_has_a_reason() {
    let shell = Shell::new();
    let error = |path: &str| shell.run(&format!("upgrade -d {path}")).2;
    let missing = "no/such/app.db: cannot open the database: the directory no does not exist\n\
                   help: check the path, which begins at ";
    assert!(error("no/such/app.db").contains(missing));
    assert!(error("no/such/app.db").ends_with(
        "\nhelp: or create the directory: `mkdir -p no`\nmore: run `revchain explain open`"
    ));
    assert!(error("migrations").ends_with(
        "migrations: cannot open the database: the path is a directory\n\
         help: name a file in the directory\n\
         more: run `revchain explain open`"
    ));
    fs::write(shell.path("text.db"), "no database ".repeat(100)).unwrap();
    assert_eq!(
        error("text.db"),
        "error: text.db: the file is not an SQLite database, or it is encrypted: file is not a database\nhelp: check the path of the database\nhelp: if the database is encrypted, set its key in .on_connect(…)\nhelp: if its beginning was overwritten, restore a backup\nmore: run `revchain explain not-a-database`"
    );
}

#[test]
fn defects_are_shown_as_in_a_build() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_other.sql",
        "002",
        "CREATE TABLE o (a);",
        "DROP TABLE o;",
    );
    let (code, _, error) = shell.run("upgrade -d app.db");
    assert_eq!(code, 1);
    assert!(
        error.contains("[multiple-heads] two revisions revise 002: only one can"),
        "{error}"
    );
    assert!(
        error.contains("help: run `revchain rebase`, or make 004 revise 003"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn path_after_a_dot_has_no_special_meaning() {
    let shell = Shell::new();
    for path in ["./file:app.db?mode=memory", "./:memory:"] {
        shell.ok(&format!("upgrade -d {path}"));
        assert!(shell.path(path).exists());
        assert!(
            shell
                .ok(&format!("current -d {path}"))
                .contains("003 (head)")
        );
    }
}

#[test]
fn application_prepares_the_file_before_an_upgrade() {
    let shell = Shell::new();
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    let upgrade = |target: &str| {
        let prepare = |path: &Path| {
            if !path.ends_with("new/app.db") {
                return Err("not there".to_owned());
            }
            fs::create_dir(path.parent().unwrap()).map_err(|error| error.to_string())
        };
        let commands = Commands::new(migrations.migrator()).before_upgrade(prepare);
        let commands = commands.database(shell.path("new/app.db"));
        let code = App::run(&commands, &["upgrade", "-r", target]);
        (code, shell.path("new/app.db").exists())
    };
    assert_eq!(upgrade("nowhere"), (ExitCode::from(1), false));
    assert!(
        !shell.path("new").exists(),
        "an impossible upgrade prepares nothing"
    );
    assert_eq!(upgrade("head"), (ExitCode::SUCCESS, true));
    assert_eq!(
        upgrade("head"),
        (ExitCode::from(1), true),
        "an error of the callback ends the command"
    );
}

#[test]
fn new_file_is_announced_before_the_upgrade() {
    let shell = Shell::new();
    let (code, _, progress) = shell.run("upgrade -d typo.db");
    assert_eq!(code, 0);
    assert!(
        progress.starts_with("creating typo.db: there is no such file\nupgrading to 001"),
        "{progress}"
    );
    shell.ok("downgrade base -d typo.db --yes");
    let (_, _, progress) = shell.run("upgrade -d typo.db");
    assert!(progress.starts_with("upgrading to 001"), "{progress}");
    assert_eq!(shell.run("upgrade -d quiet.db --quiet").2, "");
}
