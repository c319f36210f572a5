//! The command `wait`.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::Shell;

#[test]
fn database_at_the_head_is_shown() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    for database in ["app.db", "sqlite:app.db", "file:app.db?mode=rw"] {
        assert_eq!(
            shell.ok(&format!("wait -d {database}")),
            "app.db: 003 (head)  Add tags."
        );
    }
    let object = shell.json("wait -d app.db --json");
    assert_eq!(object["current"], "003");
}

#[test]
fn timeout_is_an_error_that_names_the_revisions() {
    let shell = Shell::new();
    shell.ok("upgrade 001 -d app.db");
    let before = fs::read(shell.path("app.db")).unwrap();
    let (code, out, error) = shell.run("wait -d app.db --timeout 0.05");
    assert_eq!((code, out.as_str()), (1, ""));
    let (progress, error) = error.split_once('\n').unwrap();
    assert_eq!(progress, "waiting for the migrations, at most 50.0ms");
    assert!(
        error.starts_with("error: app.db: the database is still at 001"),
        "{error}"
    );
    let state = "but revisions are pending: 002, 003; gave up after ";
    assert!(error.contains(state), "{error}");
    assert!(
        error.ends_with("more: run `revchain explain behind`"),
        "{error}"
    );
    assert_eq!(fs::read(shell.path("app.db")).unwrap(), before);
}

#[test]
fn missing_file_is_not_created() {
    let shell = Shell::new();
    let (code, _, error) = shell.run("wait -d app.db --timeout 0");
    assert_eq!(code, 1);
    assert!(error.contains("the file does not exist"), "{error}");
    assert!(!shell.path("app.db").exists());
}

#[test]
fn upgrade_by_another_command_ends_the_wait() {
    let shell = Shell::new();
    let start = Instant::now();
    thread::scope(|scope| {
        let wait = scope.spawn(|| shell.ok("wait -d app.db --timeout 60"));
        thread::sleep(Duration::from_millis(100));
        shell.ok("upgrade -d app.db");
        assert_eq!(wait.join().unwrap(), "app.db: 003 (head)  Add tags.");
    });
    assert!(start.elapsed() < Duration::from_secs(50));
}
