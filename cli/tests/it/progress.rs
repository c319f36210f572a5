//! The progress of commands on standard error.

use std::io::Read;
use std::process::Stdio;

use revchain_runtime::rusqlite::Connection;

use crate::support::{Shell, on_terminal, terminal_command};

/// Returns the lines, with `…` for each duration.
fn without_durations(text: &str) -> Vec<String> {
    let lines = text.lines().map(|line| match line.rsplit_once(" (") {
        Some((event, _)) => format!("{event} …"),
        None => line.to_owned(),
    });
    lines.collect()
}

#[test]
fn log_announces_each_revision_when_it_begins() {
    let shell = Shell::new();
    shell.migration(
        "20260104_0000_004_unique.sql",
        "003\n-- @assumes users(a) unique The program checks it.",
        "CREATE UNIQUE INDEX one ON users (a);",
        "DROP INDEX one;",
    );
    shell.ok("upgrade -d app.db -r 002");
    shell.sql("INSERT INTO users VALUES (1)");
    shell.sql("INSERT INTO users VALUES (1)");
    let (code, out, error) = shell.run("upgrade -d app.db");
    assert_eq!((code, out.as_str()), (1, ""));
    let lines = without_durations(&error);
    assert_eq!(
        lines[..3],
        [
            "upgrading to 003: Add tags.",
            "upgraded to 003 …",
            "upgrading to 004: Add unique.",
        ]
    );
    assert!(lines[3].starts_with("error: app.db: "), "{error}");
}

#[test]
fn terminal_shows_each_revision_when_it_ends() {
    let shell = Shell::new();
    let Some(output) = on_terminal(&shell, "", "upgrade -d app.db --color never") else {
        return;
    };
    let lines: Vec<&str> = output.trim().lines().collect();
    assert_eq!(lines.len(), 5, "{output}");
    assert!(lines[0].starts_with("creating app.db: "), "{output}");
    assert!(lines[1].starts_with("  001  Add users.  "), "{output}");
    assert!(lines[1].ends_with('s'), "the line has a duration: {output}");
}

/// Reads until the text ends with `end`, or until the end of the output.
fn read_until(output: &mut impl Read, end: &str) -> String {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(end.as_bytes()) && output.read(&mut byte).unwrap() == 1 {
        text.push(byte[0]);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn slow_step_on_a_terminal_shows_the_elapsed_time() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db -r 002");
    let db = Connection::open(shell.path("app.db")).unwrap();
    // The command waits for this transaction.
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Some(mut command) = terminal_command(&shell, "", "upgrade -d app.db --color never") else {
        return;
    };
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let output = child.stdout.as_mut().unwrap();
    let line = "00:00:02  waiting for another connection";
    let waited = read_until(output, line);
    assert!(waited.trim_start() == line, "{waited:?}");
    db.execute_batch("ROLLBACK").unwrap();
    let rest = read_until(output, "app.db: upgraded from 002 to 003");
    let (_, after_line) = rest.rsplit_once("waiting").unwrap_or(("", &rest));
    let (_, after_line) = after_line.split_once("\r\u{1b}[2K").unwrap();
    assert!(
        after_line.starts_with("  003  Add tags.  "),
        "the next line replaces the line: {rest:?}"
    );
    child.wait().unwrap();
}
