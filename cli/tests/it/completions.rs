//! The completions of a shell, and the program as a command of cargo.

use std::process::Command;

use crate::support::Shell;

#[test]
fn completions_name_the_commands() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let out = shell.ok(&format!("completions {name}"));
        for word in ["upgrade", "downgrade", "status", "rebase", "--busy-timeout"] {
            // fish writes `-l busy-timeout`.
            assert!(out.contains(word.trim_start_matches('-')), "{name}: {word}");
        }
    }
    assert_eq!(shell.run("completions tcsh").0, 2);
}

#[test]
fn cargo_passes_the_name_of_the_command_first() {
    let shell = Shell::new();
    for arguments in [
        &["revchain", "status", "-d", "app.db"][..],
        &["status", "-d", "app.db"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-revchain"));
        command.current_dir(shell.0.path()).args(arguments);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(
            error.starts_with("error: app.db: there is no such file"),
            "{error}"
        );
    }
}
