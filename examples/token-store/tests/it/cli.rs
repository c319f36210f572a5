//! The program, as a process.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use revchain::rusqlite::Connection;
use revchain_prove::migrations_from_directory;
use tempfile::TempDir;
use token_store::{Key, MIGRATIONS, TokenStore};

use crate::fixture::{database_from_before_migrations, key};

/// A temporary directory in which the program runs.
pub(crate) struct Program {
    folder: TempDir,
}

/// The exit code and the output of the program.
pub(crate) struct Finished {
    code: i32,
    out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn with_database() -> Self {
        let program = Self::new();
        program.run(&["db", "upgrade"]).succeeds();
        program
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Finished {
        let Output {
            status,
            stdout,
            stderr,
        } = Command::new(env!("CARGO_BIN_EXE_token-store"))
            .args(arguments)
            .current_dir(self.path())
            // Cargo sets `CARGO_MANIFEST_DIR`, with which `new` would find the real chain.
            .env_remove("TOKEN_STORAGE_DB")
            .env_remove("TOKEN_ENCRYPTION_KEY")
            .env_remove("CARGO_MANIFEST_DIR")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        Finished {
            code: status.code().unwrap(),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }

    fn revision(&self) -> Option<String> {
        let connection = Connection::open(self.path().join("tokens.db")).unwrap();
        MIGRATIONS
            .migrator()
            .current(&connection)
            .unwrap()
            .map(|revision| revision.id().to_owned())
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.path()).unwrap().next().is_none()
    }
}

impl Finished {
    #[track_caller]
    pub(crate) fn succeeds(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn fails_with(self, code: i32) -> String {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        self.err
    }
}

#[track_caller]
pub(crate) fn assert_starts(text: &str, start: &str) {
    assert!(text.starts_with(start), "{text}");
}

#[track_caller]
pub(crate) fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{text}");
}

#[test]
fn help_names_the_database_variable() {
    assert_contains(
        &Program::new().run(&["db", "--help"]).succeeds(),
        "TOKEN_STORAGE_DB",
    );
}

#[test]
fn commands_of_other_tools_get_advice() {
    let program = Program::new();
    let said = program.run(&["db", "migrate", "run"]).fails_with(2);
    assert_contains(&said, "help: run `upgrade`");
    let said = program.run(&["db", "migration", "run"]).fails_with(2);
    assert_contains(&said, "tip: run `upgrade`");
    assert!(program.is_empty());
}

#[test]
fn completions_have_the_commands_of_revchain() {
    let script = Program::new().run(&["completions", "bash"]).succeeds();
    assert_contains(&script, "token__store__subcmd__db__subcmd__upgrade");
    assert_contains(&script, "--busy-timeout");
}

#[test]
fn upgrade_of_a_missing_file_creates_it() {
    let program = Program::new();
    let said = program.run(&["db", "upgrade"]).succeeds();
    assert_starts(
        &said,
        "tokens.db: new database at 010: 10 revisions applied",
    );
    assert_eq!(program.revision().as_deref(), Some("010"));
}

#[test]
fn second_upgrade_does_nothing() {
    let program = Program::with_database();
    program.run(&["db", "run-jobs"]).succeeds();
    let before = fs::read(program.path().join("tokens.db")).unwrap();
    assert_eq!(
        program.run(&["db", "upgrade"]).succeeds(),
        "tokens.db: at 010, nothing to do\n"
    );
    assert_eq!(fs::read(program.path().join("tokens.db")).unwrap(), before);
}

#[test]
fn upgrade_stops_at_the_given_revision() {
    let program = Program::new();
    let said = program.run(&["db", "upgrade", "-r", "003"]).succeeds();
    assert_starts(&said, "tokens.db: new database at 003: 3 revisions applied");
    let said = program.run(&["db", "upgrade", "-r", "+1"]).succeeds();
    assert_starts(&said, "tokens.db: upgraded from 003 to 004");
}

#[test]
fn upgrade_creates_the_directory() {
    let program = Program::new();
    program
        .run(&["db", "upgrade", "-d", "var/lib/my.db"])
        .succeeds();
    assert!(program.path().join("var/lib/my.db").is_file());
}

#[test]
#[cfg(unix)]
fn upgrade_creates_a_private_file() {
    use std::os::unix::fs::PermissionsExt;

    let program = Program::with_database();
    let mode = fs::metadata(program.path().join("tokens.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

/// Root can change any mode, so root's test runs a copy of the program as nobody.
#[test]
#[cfg(target_os = "linux")]
fn file_of_another_user_names_the_owner() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let program = Program::with_database();
    if fs::metadata(program.path()).unwrap().uid() != 0 {
        return;
    }
    let copy = program.path().join("copy");
    // A copy by this process would be busy while another test starts a process.
    let mut cp = Command::new("cp");
    cp.arg(env!("CARGO_BIN_EXE_token-store")).arg(&copy);
    assert!(cp.status().unwrap().success());
    for (path, mode) in [
        (program.path(), 0o755),
        (&program.path().join("tokens.db"), 0o644),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut command = Command::new(copy);
    command.args(["db", "upgrade"]).current_dir(program.path());
    let output = command.uid(65534).gid(65534).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_contains(
        &said,
        "it belongs to the user with the id 0: run the command as that user",
    );
}

#[test]
fn upgrade_error_names_the_path() {
    let program = Program::new();
    fs::write(program.path().join("file"), "").unwrap();
    let said = program
        .run(&["db", "upgrade", "-d", "file/my.db"])
        .fails_with(1);
    assert_starts(&said, "error: file");
}

#[test]
fn upgrade_rejects_a_database_in_memory() {
    let program = Program::new();
    for path in [":memory:", "file:my.db?mode=memory"] {
        let said = program.run(&["db", "upgrade", "-d", path]).fails_with(2);
        assert_contains(&said, "a database in memory is lost");
    }
    // The default of the application is a path for the server, too.
    let variable = [("TOKEN_STORAGE_DB", "file:my.db")];
    let said = program
        .run_with(&["db", "upgrade"], &variable)
        .fails_with(1);
    assert_contains(&said, "write ./ before it");
    assert!(program.is_empty());
}

#[test]
fn upgrade_of_a_uri_creates_its_file() {
    let program = Program::new();
    let said = program
        .run(&["db", "upgrade", "-d", "file:my.db"])
        .succeeds();
    assert_starts(&said, "my.db: new database at 010");
    assert!(program.path().join("my.db").is_file());
}

#[test]
fn upgrade_adopts_a_database_from_before_migrations() {
    let program = Program::new();
    let path = program.path().join("tokens.db");
    database_from_before_migrations(&path);

    let said = program.run(&["db", "upgrade"]).succeeds();

    assert_starts(
        &said,
        "tokens.db: adopted at 001, then upgraded to 010: 9 revisions applied",
    );
    let mut store = TokenStore::open(&path, Some(key())).unwrap();
    assert_eq!(
        store
            .refresh_token("alice")
            .unwrap()
            .unwrap()
            .token
            .expose(),
        "hello"
    );
    assert_eq!(store.webhooks().unwrap().len(), 1);
}

#[test]
fn database_is_the_option_then_the_variable_then_the_default() {
    let commands: [&[&str]; 5] = [
        &["upgrade"],
        &["current"],
        &["history"],
        &["pending"],
        &["downgrade", "--yes"],
    ];
    for command in commands {
        let program = Program::new();
        let variable = [("TOKEN_STORAGE_DB", "by_variable.db")];
        let named = [&["db"], command, &["-d", "by_option.db"]].concat();
        let unnamed = [&["db"], command].concat();
        for path in ["by_option.db", "by_variable.db", "tokens.db"] {
            program.run(&["db", "upgrade", "-d", path]).succeeds();
        }
        assert_starts(
            &program.run_with(&named, &variable).succeeds(),
            "by_option.db",
        );
        assert_starts(
            &program.run_with(&unnamed, &variable).succeeds(),
            "by_variable.db",
        );
        assert_starts(&program.run(&unnamed).succeeds(), "tokens.db");
    }
}

#[test]
fn read_only_commands_create_no_file() {
    for command in ["history", "pending"] {
        let program = Program::new();
        let said = program.run(&["db", command]).succeeds();
        assert_starts(&said, "tokens.db");
        assert!(program.is_empty(), "{command}");
    }
}

#[test]
fn state_of_a_missing_file_is_an_error() {
    for command in ["current", "status"] {
        let program = Program::new();
        assert_contains(
            &program.run(&["db", command]).fails_with(1),
            "tokens.db: there is no such file",
        );
        assert!(program.is_empty(), "{command}");
    }
}

#[test]
fn downgrade_and_stamp_create_no_file() {
    for command in [
        &["db", "downgrade", "--yes"][..],
        &["db", "stamp", "-r", "001"],
    ] {
        let program = Program::new();
        assert_contains(
            &program.run(command).fails_with(1),
            "tokens.db: there is no such file",
        );
        assert!(program.is_empty(), "{command:?}");
    }
}

#[test]
fn current_shows_the_revision() {
    let program = Program::with_database();
    assert_contains(&program.run(&["db", "current"]).succeeds(), "010 (head)");
    program.run(&["db", "downgrade", "--yes"]).succeeds();
    assert_contains(
        &program.run(&["db", "current"]).succeeds(),
        "009 (1 pending)",
    );
}

#[test]
fn history_shows_all_revisions_newest_first() {
    let said = Program::with_database().run(&["db", "history"]).succeeds();
    let ids: Vec<&str> = said
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        ids,
        [
            "010", "009", "008", "007", "006", "005", "004", "003", "002", "001"
        ]
    );
    assert_contains(&said, "Add app passwords for multi-user BasicAuth");
}

#[test]
fn pending_shows_the_pending_revisions() {
    let program = Program::new();
    program.run(&["db", "upgrade", "-r", "007"]).succeeds();
    let said = program.run(&["db", "pending"]).succeeds();
    assert_starts(&said, "tokens.db: 3 pending");
    assert_contains(&said, "010  Bind each secret to its user");
}

#[test]
fn downgrade_reverts_one_revision_by_default() {
    let program = Program::with_database();
    let said = program.run(&["db", "downgrade", "--yes"]).succeeds();
    assert_starts(
        &said,
        "tokens.db: downgraded from 010 to 009: 1 revision reverted",
    );
    assert_eq!(program.revision().as_deref(), Some("009"));
}

#[test]
fn downgrade_stops_at_the_given_revision() {
    let program = Program::with_database();
    program
        .run(&["db", "downgrade", "--yes", "-r", "003"])
        .succeeds();
    assert_eq!(program.revision().as_deref(), Some("003"));
    program
        .run(&["db", "downgrade", "--yes", "-r", "base"])
        .succeeds();
    assert_eq!(program.revision(), None);
}

#[test]
fn downgrade_without_a_terminal_requires_yes() {
    let program = Program::with_database();
    let said = program.run(&["db", "downgrade"]).fails_with(2);
    assert_contains(&said, "010  Bind each secret to its user");
    assert_contains(&said, "--yes");
    assert_eq!(program.revision().as_deref(), Some("010"));
}

#[test]
fn stamp_records_and_runs_nothing() {
    let program = Program::with_database();
    let said = program.run(&["db", "stamp", "-r", "008"]).succeeds();
    assert_contains(&said, "to undo: `token-store db stamp 010`");
    assert_eq!(program.revision().as_deref(), Some("008"));
    let connection = Connection::open(program.path().join("tokens.db")).unwrap();
    assert!(connection.prepare("SELECT * FROM document_paths").is_ok());
}

#[test]
fn migrate_writes_the_next_file() {
    let program = Program::new();
    let copy = program.path().join("migrations");
    fs::create_dir(&copy).unwrap();
    for entry in
        fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(MIGRATIONS.directory())).unwrap()
    {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }

    let said = program
        .run(&[
            "db",
            "migrate",
            "Add browser themes",
            "--directory",
            "migrations",
        ])
        .succeeds();

    let file = said.trim_end();
    assert_starts(file, "migrations/");
    assert!(file.ends_with("_011_add_browser_themes.sql"), "{file}");
    let text = fs::read_to_string(program.path().join(file)).unwrap();
    assert_starts(&text, "-- Add browser themes.\n-- @revises 010\n");
}

#[test]
fn migrate_outside_the_source_tree_writes_nothing() {
    let program = Program::new();
    let said = program
        .run(&["db", "migrate", "Add browser themes"])
        .fails_with(1);
    assert_contains(&said, "--directory");
    assert!(program.is_empty());
}

#[test]
fn database_commands_need_no_key() {
    let program = Program::new();
    program
        .run_with(
            &["db", "upgrade"],
            &[("TOKEN_ENCRYPTION_KEY", "open sesame")],
        )
        .succeeds();
}

#[test]
fn key_command_generates_a_key() {
    let (first, second) = (
        Program::new().run(&["key"]).succeeds(),
        Program::new().run(&["key"]).succeeds(),
    );
    assert!(first.parse::<Key>().is_ok());
    assert_ne!(first, second);
}

/// A user tries the next version and returns to this one.
#[test]
fn database_of_the_next_version_can_be_downgraded() {
    let program = Program::new();
    let next = program.path().join("next");
    fs::create_dir(&next).unwrap();
    for revision in MIGRATIONS.revisions() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(revision.path());
        fs::copy(file, next.join(revision.file_name())).unwrap();
    }
    fs::write(
        next.join("20261201_1200_011_add_devices.sql"),
        "-- Remember devices.\n-- @revises 010\n-- @upgrade\nCREATE TABLE devices (name TEXT);\n-- @downgrade\nDROP TABLE devices;\n",
    )
    .unwrap();
    let database = program.path().join("tokens.db");
    migrations_from_directory(&next)
        .unwrap()
        .stamped_by("token-store 9.9.9")
        .open(&database)
        .unwrap();
    let refused = program.run(&["db", "upgrade"]).fails_with(1);
    assert!(
        refused.contains("011  Remember devices. (") && refused.contains(", by token-store 9.9.9)"),
        "{refused}"
    );
    assert!(
        refused.ends_with(
            "help: or run `token-store db downgrade -r head`, which loses what the newer revisions added\n\
             more: run `token-store db explain newer`\n"
        ),
        "{refused}"
    );
    let shown = program.run(&["db", "downgrade", "-r", "010"]).fails_with(2);
    assert!(
        shown.contains("going from 011 to 010 reverts\n  011  Remember devices.\n"),
        "{shown}"
    );
    let done = program
        .run(&["db", "downgrade", "-r", "head", "--yes"])
        .succeeds();
    assert!(
        done.starts_with("tokens.db: downgraded from 011 to 010: 1 revision reverted"),
        "{done}"
    );
    assert!(
        program
            .run(&["db", "upgrade"])
            .succeeds()
            .starts_with("tokens.db: at 010, nothing to do\n")
    );
}
