//! The command `new`.

use std::fs;
use std::process::ExitCode;

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
    assert_eq!(fs::read_dir(shell.path("migrations")).unwrap().count(), 4);
}

#[cfg(unix)]
#[test]
fn migrate_accepts_a_directory_that_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    let shell = Shell::new();
    let odd = shell.0.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    let output = Command::new(env!("CARGO_BIN_EXE_revchain"))
        .args(["migrate", "x\u{7}", "--directory"])
        .arg(&odd)
        .output()
        .unwrap();
    assert!(output.status.success());
    let file = fs::read_dir(odd).unwrap().next().unwrap().unwrap().path();
    assert!(fs::read_to_string(file).unwrap().starts_with("-- x.\n"));
}
