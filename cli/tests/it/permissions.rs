//! Files and directories that the user of the program may not use.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use revchain_runtime::rusqlite::Connection;

use crate::support::Shell;

/// The user `nobody`. Root ignores the modes of files, so root's tests run the program as nobody.
const NOBODY: u32 = 65534;

/// A user without privileges, who runs the program in the directory of a shell.
struct User {
    shell: Shell,
    program: PathBuf,
    is_nobody: bool,
}

impl User {
    /// Returns a user, and a shell with the database `app.db` at 001.
    fn new() -> Self {
        let shell = Shell::new();
        shell.ok("upgrade -d app.db -r 001");
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_revchain"));
        let is_nobody = fs::metadata("/proc/self").unwrap().uid() == 0;
        if is_nobody {
            // Nobody may not reach the directory in which root has built the program.
            program = shell.path("revchain");
            // A copy by this process would be busy while another test starts a process.
            let mut copy = Command::new("cp");
            copy.arg(env!("CARGO_BIN_EXE_revchain")).arg(&program);
            assert!(copy.status().unwrap().success());
            set_mode(shell.0.path(), 0o755);
        }
        let user = Self {
            shell,
            program,
            is_nobody,
        };
        user.give(".");
        user.give("app.db");
        user
    }

    /// Gives a file to the user.
    fn give(&self, name: &str) {
        if self.is_nobody {
            chown(self.shell.path(name), Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// Takes a file from the user, and sets its mode.
    fn take(&self, name: &str, mode: u32) {
        if self.is_nobody {
            chown(self.shell.path(name), Some(0), Some(0)).unwrap();
        }
        set_mode(&self.shell.path(name), mode);
    }

    /// Returns the message and the help of a command that must fail.
    fn fail(&self, arguments: &str) -> String {
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.shell.0.path())
            .args(arguments.split_whitespace());
        if self.is_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        error
    }

    /// Fails a command, and checks that the message and the help name the file or directory.
    #[track_caller]
    fn is_denied(&self, arguments: &str, access: &str, name: &str) {
        let error = self.fail(arguments);
        let denied = format!("has no permission to {access} {name} (owner ");
        assert!(error.contains(&denied), "{error}");
        let help = if self.is_nobody && access == "enter" {
            "help: move the database to a directory that the user nobody may use".to_owned()
        } else if self.is_nobody && name == "backups" {
            "help: name a directory that the user nobody may write to".to_owned()
        } else if self.is_nobody {
            format!("help: if the program runs as nobody, give it the file: `chown nobody {name}`")
        } else {
            format!("help: permit the access: `chmod u+rwX {name}`")
        };
        assert!(error.contains(&help), "{error}");
    }

    fn full_path(&self, name: &str) -> String {
        let path = fs::canonicalize(self.shell.path(name)).unwrap();
        path.display().to_string()
    }
}

/// The database of a running server must not change its owner, so the command must.
#[test]
fn file_of_another_user_says_to_run_as_the_owner() {
    let user = User::new();
    // Only root can give a file away.
    if !user.is_nobody {
        return;
    }
    const DAEMON: u32 = 1;
    for name in [".", "app.db"] {
        chown(user.shell.path(name), Some(DAEMON), Some(DAEMON)).unwrap();
    }
    set_mode(&user.shell.path("app.db"), 0o600);
    let error = user.fail("status -d app.db");
    assert!(
        error.contains(
            "\nhelp: run the command as the owner: `su -s /bin/sh daemon -c '…'`\n\
             help: or, if the program runs as nobody, give it the file: `chown nobody app.db`\n"
        ),
        "{error}"
    );
    set_mode(&user.shell.path("app.db"), 0o644);
    let error = user.fail("backup -d app.db");
    assert!(
        error.contains(
            "\nhelp: name a directory that the user nobody may write to\n\
             help: or run the command as the owner: `su -s /bin/sh daemon -c '…'`\n"
        ),
        "{error}"
    );
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn unreadable_file_is_named_with_owner_and_mode() {
    let user = User::new();
    user.take("app.db", 0o200);
    for command in ["upgrade", "current", "check"] {
        user.is_denied(&format!("{command} -d app.db"), "read", "app.db");
    }
}

#[test]
fn read_only_file_is_named_if_a_revision_is_pending() {
    let user = User::new();
    user.take("app.db", 0o444);
    let error = user.fail("upgrade -d app.db");
    assert!(
        error.contains("the database is read-only, but revisions are pending: 002, 003\n"),
        "{error}"
    );
    user.is_denied("upgrade -d app.db", "write to", &user.full_path("app.db"));
}

#[test]
fn read_only_directory_is_named() {
    let user = User::new();
    fs::create_dir(user.shell.path("data")).unwrap();
    fs::rename(user.shell.path("app.db"), user.shell.path("data/app.db")).unwrap();
    user.take("data", 0o555);
    let directory = user.full_path("data");
    user.is_denied("upgrade -d data/app.db", "write to", &directory);
    user.is_denied("upgrade -d data/new.db", "write to", "data");
    // A reader need not write to the directory, so the missing file is the reason.
    let error = user.fail("wait -d data/new.db --timeout 0");
    assert!(error.contains("the file does not exist"), "{error}");
    set_mode(&user.shell.path("data"), 0o755);
}

/// Only root can have files that the user of the program may not read.
#[test]
fn catalogue_shows_denied_accesses() {
    let user = User::new();
    if !user.is_nobody {
        return;
    }
    user.shell.ok("upgrade -d app.db -r 002");
    for (page, mode) in [("open", 0o600), ("read-only", 0o644)] {
        user.take("app.db", mode);
        let error = user.fail("upgrade -d app.db").replace("003", "002");
        let error = error.replace(&user.full_path("."), "/srv");
        // Lines before the error show the progress.
        let error = &error[error.find("error: ").unwrap()..];
        let page = format!("{}/catalogue/{page}.md", env!("CARGO_MANIFEST_DIR"));
        let page = fs::read_to_string(page).unwrap();
        assert!(page.contains(error), "the page lacks this text:\n{error}");
    }
}

#[test]
fn closed_directory_is_named() {
    let user = User::new();
    fs::create_dir_all(user.shell.path("data/deep")).unwrap();
    user.take("data", 0o600);
    user.is_denied("upgrade -d data/deep/app.db", "enter", "data");
    set_mode(&user.shell.path("data"), 0o755);
}

#[test]
fn journal_of_another_user_is_named() {
    let user = User::new();
    let db = Connection::open(user.shell.path("app.db")).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    drop(db);
    fs::write(user.shell.path("app.db-wal"), "").unwrap();
    user.take("app.db-wal", 0o000);
    let error = user.fail("upgrade -d app.db");
    assert!(error.contains("app.db-wal (owner "), "{error}");
}

#[test]
fn directory_of_backups_is_named() {
    let user = User::new();
    fs::create_dir(user.shell.path("backups")).unwrap();
    user.take("backups", 0o555);
    user.is_denied("upgrade -d app.db --backup backups", "write to", "backups");
    let error = user.fail("upgrade -d app.db --backup backups");
    assert!(
        error.contains("app.db: cannot make a backup in backups; nothing was changed: the user "),
        "{error}"
    );
    for backup in ["backup backups -d app.db", "backup backups/a.db -d app.db"] {
        user.is_denied(backup, "write to", "backups");
        let error = user.fail(backup);
        assert!(!error.contains("continue without backups"), "{error}");
    }
}
