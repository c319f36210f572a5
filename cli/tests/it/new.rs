//! The command `new`.

use std::fs;
use std::process::{Command, ExitCode};

use revchain_cli::Commands;
use revchain_prove::migrations_from_directory;

use crate::support::{App, Shell};

#[test]
fn migrate_writes_the_next_file() {
    let shell = Shell::new();
    let path = shell.ok("migrate Add-browser-sessions,_and:_more");
    assert!(
        path.starts_with("migrations/20")
            && path.ends_with("_004_add_browser_sessions_and_more.sql"),
        "{path}"
    );
    let text = fs::read_to_string(shell.path(&path)).unwrap();
    assert_eq!(
        text,
        "-- Add-browser-sessions,_and:_more.\n-- @revises 003\n\n-- @upgrade\n\n-- @downgrade\n"
    );
    // An empty revision is a defect. No file is written after it, and the build fails.
    let (code, _, error) = shell.run("migrate again");
    assert_eq!(code, 1);
    assert!(
        error.contains("[empty-section]") && error.contains(&path),
        "{error}"
    );
    fs::write(
        shell.path(&path),
        text.replace("@upgrade\n", "@upgrade\nCREATE TABLE s (a);")
            .replace("@downgrade\n", "@downgrade\nDROP TABLE s;"),
    )
    .unwrap();
    assert_eq!(shell.json("new again --json")["revises"], "004");
}

#[test]
fn migrate_without_a_chain_starts_one() {
    let shell = Shell::new();
    let path = shell.ok("migrate --directory database/migrations Initial");
    assert!(
        path.starts_with("database/migrations/20") && path.ends_with("_001_initial.sql"),
        "{path}"
    );
    assert!(
        fs::read_to_string(shell.path(&path))
            .unwrap()
            .contains("-- @revises base\n")
    );
}

#[test]
fn migrate_accepts_an_id_or_uses_the_next_one() {
    let shell = Shell::new();
    shell.migration(
        "20991231_0000_099_future.sql",
        "003",
        "CREATE TABLE f (a);",
        "DROP TABLE f;",
    );
    let path = shell.ok("migrate x");
    assert!(
        path.starts_with("migrations/20991231_0000_100_x"),
        "the date is not before that of the parent: {path}"
    );
    fs::remove_file(shell.path(&path)).unwrap();
    shell.ok("lock --head");
    assert!(shell.ok("migrate -r abc x").ends_with("_abc_x.sql"));
    let (code, _, error) = shell.run("--directory nowhere migrate -r HEAD x");
    assert_eq!(code, 2, "{error}");
    assert_eq!(shell.run("--directory nowhere migrate ...").0, 2);
}

#[test]
fn migrate_of_an_application_requires_its_own_chain() {
    let shell = Shell::new();
    let migrations = migrations_from_directory(shell.path("migrations")).unwrap();
    let migrate = |directory: Option<&str>| {
        let commands = match directory {
            Some(directory) => {
                Commands::new(migrations.migrator()).directory(shell.path(directory))
            }
            None => Commands::new(migrations.migrator()),
        };
        App::run(&commands, &["new", "More"])
    };
    fs::create_dir(shell.path("elsewhere")).unwrap();
    assert_eq!(migrate(Some("elsewhere")), ExitCode::from(1));
    assert_eq!(fs::read_dir(shell.path("elsewhere")).unwrap().count(), 0);
    assert_eq!(migrate(None), ExitCode::SUCCESS);
    // The new migration, and the lock file.
    assert_eq!(fs::read_dir(shell.path("migrations")).unwrap().count(), 5);
}

#[cfg(unix)]
#[test]
fn migrate_accepts_a_directory_that_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;

    let shell = Shell::new();
    let odd = shell.0.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    let output = Command::new(env!("CARGO_BIN_EXE_revchain"))
        .args(["migrate", "x\u{7}", "--directory"])
        .arg(&odd)
        .output()
        .unwrap();
    assert!(output.status.success());
    let files = fs::read_dir(odd)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let texts: Vec<String> = files
        .map(|file| fs::read_to_string(file).unwrap())
        .collect();
    assert!(
        texts.iter().any(|text| text.starts_with("-- x.\n")),
        "{texts:?}"
    );
}

#[test]
fn new_writes_the_lock_file_from_the_first_revision_on() {
    let shell = Shell::new();
    let lock = || fs::read_to_string(shell.path("migrations/revchain.lock")).unwrap();
    let path = shell.ok("new Fourth");
    let name = path.strip_prefix("migrations/").unwrap();
    assert!(lock().ends_with(&format!("\nhead {name}\n")), "{}", lock());
    // Cargo tracks the file of the old head, but not yet the lock file.
    let modified = |name: &str| {
        let metadata = fs::metadata(shell.path("migrations").join(name)).unwrap();
        metadata.modified().unwrap()
    };
    let old_head = modified("20260103_0000_003_tags.sql");
    assert!(old_head >= modified(name), "the old head is touched");
    let path = shell.ok("new --directory empty First");
    let lock = fs::read_to_string(shell.path("empty/revchain.lock")).unwrap();
    let name = path.strip_prefix("empty/").unwrap();
    assert!(lock.ends_with(&format!("\nhead {name}\n")), "{lock}");
}

#[test]
fn rebuild_proves_as_it_stands_and_after_an_edit() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_codes.sql",
        "003",
        "CREATE TABLE \"code list\" (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);
         CREATE INDEX i ON \"code list\" (a);
         CREATE VIEW codes AS SELECT a FROM \"code list\";",
        "DROP VIEW codes; DROP TABLE \"code list\";",
    );
    let output = |table: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_revchain"));
        command
            .current_dir(shell.0.path())
            .args(["new", "--rebuild", table]);
        command.output().unwrap()
    };
    let output = |table: &str| {
        let output = output(table);
        let text = [output.stdout, output.stderr].concat();
        String::from_utf8(text).unwrap().trim_end().to_owned()
    };
    let path = output("code list");
    assert!(path.ends_with("_005_rebuild_code_list.sql"), "{path}");
    let text = fs::read_to_string(shell.path(&path)).unwrap();
    let rebuild = "DROP VIEW codes;

CREATE TABLE \"new_code list\" (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT);

INSERT INTO \"new_code list\" (id, a)
SELECT id, a FROM \"code list\";

DELETE FROM sqlite_sequence WHERE name = 'new_code list';
INSERT INTO sqlite_sequence (name, seq)
SELECT 'new_code list', seq FROM sqlite_sequence WHERE name = 'code list';

DROP TABLE \"code list\";
ALTER TABLE \"new_code list\" RENAME TO \"code list\";

CREATE INDEX i ON \"code list\" (a);

CREATE VIEW codes AS SELECT a FROM \"code list\";
";
    assert_eq!(
        text,
        format!(
            "-- Rebuild code list.
-- @revises 004

-- @upgrade
-- Edit the new table, and the copy of its rows.
{rebuild}
-- @downgrade
-- Keep the old table, and edit the copy of its rows.
{rebuild}"
        )
    );
    assert!(shell.ok("check migrations").contains("5 revisions proven"));
    let edited = text.replacen("a TEXT)", "a TEXT NOT NULL)", 1);
    let edited = edited.replacen("SELECT id, a FROM", "SELECT id, coalesce(a, '') FROM", 1);
    fs::write(shell.path(&path), edited).unwrap();
    assert!(shell.ok("check migrations").contains("5 revisions proven"));
    // An error writes nothing.
    let lock = fs::read(shell.path("migrations/revchain.lock")).unwrap();
    assert_eq!(
        output("note"),
        "error: the head has no table note\nhelp: did you mean `notes`?\n\
         more: run `revchain explain no-table`"
    );
    assert_eq!(
        lock,
        fs::read(shell.path("migrations/revchain.lock")).unwrap()
    );
    assert_eq!(shell.run("new").0, 2);
}

#[test]
fn downgrade_is_written_from_the_schemas() {
    let shell = Shell::new();
    let path = shell.ok("new Fourth");
    let text = "-- Fourth.\r\n-- @revises 003\r\n\r\n-- @upgrade\r\n\
                CREATE TABLE more (a);\r\nCREATE INDEX i ON more (a);\r\nDROP TABLE tags;\r\n\
                ALTER TABLE notes ADD COLUMN b TEXT;\r\nALTER TABLE users RENAME TO people;\r\n";
    let file = shell.path(&path);
    // The section may be empty or missing.
    for section in [
        "",
        "\r\n-- @downgrade\r\n",
        "\r\n-- @downgrade\r\n-- Later.\r\n\r\n",
    ] {
        let header = "-- @revises 003\r\n-- @destroys tags nobody reads tags";
        let text = text.replace("-- @revises 003", header);
        fs::write(&file, text + section).unwrap();
        let out = shell.ok("new --downgrade");
        assert_eq!(
            out,
            format!("{path}\nnote: the downgrade does not restore the rows of tags")
        );
        let text = fs::read_to_string(&file)
            .unwrap()
            .replace("-- Later.\r\n", "");
        assert!(!text.replace("\r\n", "").contains('\n'));
        let downgrade = text.split("-- @downgrade\r\n").nth(1).unwrap();
        let expected = "DROP TABLE more;

ALTER TABLE people RENAME TO users;

ALTER TABLE notes DROP COLUMN b;

-- Fill tags below, if its rows are kept elsewhere.
CREATE TABLE tags (a);
";
        assert_eq!(downgrade.replace("\r\n", "\n"), expected);
        assert!(shell.ok("check migrations").contains("4 revisions proven"));
    }
    let (code, _, error) = shell.run("new --downgrade");
    assert!(code == 1 && error.contains("has a downgrade"), "{error}");
    let unchanged = fs::read(&file).unwrap();
    fs::write(
        &file,
        text.replace("-- @revises", "-- @irreversible why\r\n-- @revises"),
    )
    .unwrap();
    let (code, _, error) = shell.run("new --downgrade");
    assert!(code == 1 && error.contains("irreversible"), "{error}");
    fs::write(&file, &unchanged).unwrap();
    shell.ok("lock");
    assert_eq!(shell.run("new --downgrade Name").0, 2);
}

#[test]
fn downgrade_of_changed_rows_is_not_guessed() {
    let shell = Shell::new();
    let file = shell.path(&shell.ok("new Fourth"));
    let text =
        |sql: &str| format!("-- Fourth.\n-- @revises 003\n-- @upgrade\n{sql}\n-- @downgrade\n");
    fs::write(&file, text("UPDATE users SET a = 1;")).unwrap();
    let (code, _, error) = shell.run("new --downgrade");
    assert!(
        code == 1 && error.contains("does not change the schema"),
        "{error}"
    );
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        text("UPDATE users SET a = 1;")
    );
    fs::write(
        &file,
        text("CREATE TABLE t (a); INSERT INTO users VALUES (1);"),
    )
    .unwrap();
    let out = shell.json("new --downgrade --json");
    assert_eq!(
        out["unknown"][0],
        "the rows of users that the upgrade changes"
    );
    let written = fs::read_to_string(&file).unwrap();
    let downgrade = "-- Revert the rows of users, which the upgrade changes.\n\nDROP TABLE t;\n";
    assert!(written.ends_with(downgrade), "{written}");
    // A statement that fails is reported.
    fs::write(&file, text("CREATE TABLE users (a);")).unwrap();
    let (code, _, error) = shell.run("new --downgrade");
    assert!(code == 1 && error.contains("already exists"), "{error}");
}

#[test]
fn rebuild_in_a_missing_directory_names_the_directory() {
    let shell = Shell::new();
    let (code, _, error) = shell.run("new --rebuild notes --directory elsewhere");
    assert_eq!(code, 1);
    assert!(
        error.contains("[unreadable-directory] there is no such directory\n  elsewhere\n"),
        "{error}"
    );
    assert!(!shell.path("elsewhere").exists());
}
