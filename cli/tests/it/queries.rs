//! `queries`, with a program in the place of cargo.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::Shell;

const SEARCH: &str = r#"{"sql":"SELECT a FROM users WHERE a = ?1","file":"src/b.rs","line":7,"column":9,"reads":["users"],"writes":[],"plan":["SEARCH users USING INDEX i (a=?)"],"scans":[]}"#;

const SCAN: &str = r#"{"sql":"DELETE FROM users\n    WHERE a > 1","file":"src/a.rs","line":30,"column":5,"reads":["users"],"writes":["users"],"plan":["SCAN users"],"scans":["users"]}"#;

/// Runs `queries` with a cargo that runs `script`, in a shell.
fn queries(shell: &Shell, script: &str, arguments: &[&str]) -> Output {
    let cargo = shell.path("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    Command::new(env!("CARGO_BIN_EXE_revchain"))
        .arg("queries")
        .args(arguments)
        .current_dir(shell.0.path())
        .env("CARGO", cargo)
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn recording() -> String {
    format!(
        "cat > \"$REVCHAIN_QUERIES/app.jsonl\" <<'END'\n{SEARCH}\n{SCAN}\nEND\n\
         cp \"$REVCHAIN_QUERIES/app.jsonl\" \"$REVCHAIN_QUERIES/app.test.jsonl\"\n\
         echo \"$REVCHAIN_QUERIES\" > directory"
    )
}

#[test]
fn queries_are_listed_by_their_places() {
    let shell = Shell::new();
    let output = queries(&shell, &recording(), &[]);
    let expected = "\
src/a.rs:30:5
  DELETE FROM users
  WHERE a > 1
  reads users
  writes users
  plan  SCAN users

src/b.rs:7:9
  SELECT a FROM users WHERE a = ?1
  reads users
  plan  SEARCH users USING INDEX i (a=?)
";
    assert_eq!(text(&output), expected);
    // The directory is temporary.
    let directory = fs::read_to_string(shell.path("directory")).unwrap();
    assert!(!fs::exists(directory.trim()).unwrap());
}

#[test]
fn scan_lists_queries_that_read_every_row() {
    let shell = Shell::new();
    let scans = text(&queries(&shell, &recording(), &["--scan"]));
    assert!(scans.starts_with("src/a.rs:30:5\n"), "{scans}");
    assert!(!scans.contains("src/b.rs"), "{scans}");
    let none = text(&queries(&shell, "true", &["--scan"]));
    assert_eq!(none, "no query scans a table\n");
    let none = text(&queries(&shell, "true", &[]));
    assert!(none.starts_with("no queries: "), "{none}");
}

#[test]
fn json_has_the_records() {
    let shell = Shell::new();
    let json: Value =
        serde_json::from_str(&text(&queries(&shell, &recording(), &["--json"]))).unwrap();
    let found = json["queries"].as_array().unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0], serde_json::from_str::<Value>(SCAN).unwrap());
}

#[test]
fn arguments_go_to_cargo_check() {
    let shell = Shell::new();
    let arguments = ["--", "--workspace", "--all-features"];
    queries(&shell, "echo \"$@\" > arguments", &arguments);
    let passed = fs::read_to_string(shell.path("arguments")).unwrap();
    assert_eq!(passed, "check --workspace --all-features\n");
}

#[test]
fn failed_check_is_an_error() {
    let shell = Shell::new();
    let output = queries(&shell, "exit 101", &[]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("error: `cargo check` has failed\n"),
        "{error}"
    );
}
