//! The forms of `-d`, and the environment variable that names the database.

use std::process::Command;

use crate::support::Shell;

/// Returns the exit code, the standard output and the standard error.
fn run_with_url(shell: &Shell, url: &str, arguments: &str) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_revchain"))
        .current_dir(shell.0.path())
        .args(arguments.split_whitespace())
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let code = output.status.code().unwrap();
    (code, text(&output.stdout), text(&output.stderr))
}

#[test]
fn urls_and_uris_name_a_file() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    let absolute = shell.path("app.db");
    let absolute = absolute.to_str().unwrap();
    for name in [
        "./app.db",
        "sqlite:app.db",
        "sqlite://app.db",
        "sqlite:app.db?mode=rwc",
        "sqlite:app.db?mode=ro&cache=private",
        "sqlite:%61pp.db",
        "file:app.db",
        "file:app.db?mode=rw",
        "file:app.db?nolock=0",
        &format!("sqlite://{absolute}"),
        &format!("file://{absolute}"),
    ] {
        let out = shell.ok(&format!("current -d {name}"));
        assert!(
            out.ends_with("app.db: 003 (head)  Add tags."),
            "{name}: {out}"
        );
    }
    assert!(!shell.path("sqlite:app.db").exists() && !shell.path("file:app.db").exists());
}

#[test]
fn parameter_mode_limits_the_access() {
    let shell = Shell::new();
    let (code, _, error) = shell.run("upgrade -d sqlite:new.db?mode=rw");
    assert_eq!(code, 1, "{error}");
    assert!(!shell.path("new.db").exists());
    shell.ok("upgrade 001 -d app.db");
    let (code, _, error) = shell.run("upgrade -d file:app.db?mode=ro");
    assert_eq!(code, 1, "{error}");
    let help = "help: open the database for writing: without mode=ro";
    assert!(error.contains(help), "{error}");
    assert!(shell.ok("current -d app.db").starts_with("app.db: 001"));
    shell.ok("upgrade -d sqlite:app.db?mode=rw");
    shell.ok("upgrade -d sqlite:new.db?mode=rwc");
}

#[test]
fn names_of_no_file_are_usage_errors() {
    let shell = Shell::new();
    for name in [
        ":memory:",
        "sqlite::memory:",
        "file::memory:",
        "postgres://localhost/app",
    ] {
        for command in ["upgrade", "current", "status", "stamp head", "check"] {
            let (code, out, error) = shell.run(&format!("{command} -d {name}"));
            assert_eq!((code, out.as_str()), (2, ""), "{command} -d {name}");
            assert!(error.contains("\nhelp: "), "{error}");
        }
    }
    let files = std::fs::read_dir(shell.0.path()).unwrap();
    assert_eq!(files.count(), 1, "only the migrations");
}

#[test]
fn variable_names_the_database_unless_the_option_does() {
    let shell = Shell::new();
    let (code, out, _) = run_with_url(&shell, "sqlite:by_variable.db", "upgrade");
    assert_eq!(code, 0);
    assert!(
        out.starts_with("by_variable.db: new database at 003"),
        "{out}"
    );
    let (_, out, _) = run_with_url(&shell, "sqlite:by_variable.db", "upgrade -d by_option.db");
    assert!(
        out.starts_with("by_option.db: new database at 003"),
        "{out}"
    );
    let (code, _, error) = run_with_url(&shell, "", "status");
    assert_eq!(code, 2);
    assert_eq!(
        error,
        "error: no database given\nhelp: pass -d PATH, or set DATABASE_URL\n"
    );
}

#[test]
fn error_tells_that_the_variable_names_the_database() {
    let shell = Shell::new();
    let help = "help: pass -d PATH if DATABASE_URL names the wrong database\n";
    let cases = [
        ("sqlite:gone.db", "more: run `revchain explain missing`\n"),
        // The wrong use of a command has no page.
        ("postgres://localhost/app", ""),
    ];
    for (url, more) in cases {
        let (_, _, error) = run_with_url(&shell, url, "status");
        assert!(error.ends_with(&format!("{help}{more}")), "{error}");
        let (_, _, error) = run_with_url(&shell, url, "status -d gone.db");
        assert!(!error.contains("DATABASE_URL"), "{error}");
    }
    let (_, _, error) = run_with_url(&shell, "sqlite:new.db", "upgrade nowhere");
    assert!(
        error.contains("nowhere") && !error.contains("DATABASE_URL"),
        "{error}"
    );
}
