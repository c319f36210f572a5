//! The output of all commands: JSON, colors, escaping, exit codes.

use std::fs;

use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

use crate::support::{App, Shell, on_terminal};

#[test]
fn argument_definitions_are_consistent() {
    App::command().debug_assert();
}

#[test]
fn help_of_each_command_lists_its_exit_codes() {
    for mut command in App::command().get_subcommands().cloned() {
        let is_operators = command
            .get_arguments()
            .any(|argument| argument.get_id() == "busy_timeout");
        let help = command.render_help().to_string();
        assert!(!is_operators || help.contains("Exit codes: 0 "), "{help}");
    }
}

#[test]
fn help_lines_have_at_most_60_characters() {
    for command in App::command().get_subcommands() {
        let name = command.get_name();
        let arguments = command.get_arguments().map(|argument| argument.get_help());
        for help in arguments.chain([command.get_about()]) {
            let help = help.unwrap().to_string();
            assert!(help.chars().count() <= 60, "{name}: {help}");
        }
    }
}

#[test]
fn output_on_a_terminal_has_colors() {
    let shell = Shell::new();
    let Some(output) = on_terminal(&shell, "", "history -d app.db") else {
        return;
    };
    assert!(
        output.contains('\u{1b}') && output.contains("Add tags."),
        "{output}"
    );
}

#[test]
fn json_output_has_documented_fields() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    assert_eq!(
        shell.json("current -d app.db --json"),
        json!({ "database": "app.db", "current": "003", "head": "003", "pending": [], "newer": [] })
    );
    fs::remove_file(shell.path("app.db")).unwrap();
    let mut report = shell.json("upgrade -d app.db --json");
    for applied in report["applied"].as_array_mut().unwrap() {
        assert!(applied["duration_us"].take().as_u64().is_some());
    }
    assert!(report["foreign_key_check_us"].take().as_u64().is_some());
    assert_eq!(
        report,
        json!({
            "database": "app.db", "outcome": "new", "from": null, "to": "003",
            "applied": [
                { "revision": "001", "duration_us": null },
                { "revision": "002", "duration_us": null },
                { "revision": "003", "duration_us": null },
            ],
            "reverted": [], "stamped": [], "unstamped": [], "jobs": [], "foreign_key_check_us": null,
            "kept_violations": 0,
            "recorded_by": [], "replaced_user_version": null, "backup": null, "dry_run": null,
        })
    );
    assert_eq!(
        shell.json("downgrade --yes -d app.db --json")["reverted"][0]["revision"],
        "003"
    );
    assert_eq!(
        shell.json("pending -d app.db --json")["pending"],
        json!([{ "revision": "003", "summary": "Add tags.", "jobs_before": [] }])
    );
    let history = shell.json("history -d app.db --json");
    assert_eq!(history["revisions"][0]["applied_at"], Value::Null);
    assert_eq!(
        (
            &history["revisions"][1]["current"],
            &history["revisions"][1]["origin"]
        ),
        (&json!(true), &json!("upgrade"))
    );
    let (code, out, error) = shell.run("upgrade -d app.db -r nowhere --json");
    assert_eq!((code, error.as_str()), (1, ""));
    let error: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        error,
        json!({ "revchain": 1, "error": {
            "code": "unknown-target",
            "message": "app.db: there is no revision `nowhere`",
            "help": ["name a revision from 001 to 003"],
            "database": "app.db",
        } })
    );
}

#[test]
fn directory_commands_reject_database_options() {
    let shell = Shell::new();
    for command in ["migrate x", "lock", "rebase"] {
        for option in ["-d app.db", "--database app.db", "--ignore-tables a"] {
            let (code, out, error) = shell.run(&format!("{command} {option}"));
            assert_eq!((code, out.as_str()), (2, ""), "{command} {option}");
            assert!(error.starts_with("error: unexpected argument"), "{error}");
        }
    }
    let files = fs::read_dir(shell.path("migrations")).unwrap();
    assert_eq!(files.count(), 3, "no command wrote a file");
}

#[test]
fn usage_errors_exit_with_code_2() {
    let shell = Shell::new();
    for command in ["new x", "lock", "rebase"] {
        let (code, _, error) = shell.run(&format!("{command} --name billing"));
        assert_eq!(code, 2, "{command}");
        assert!(error.starts_with("error: --name has no effect"), "{error}");
    }
    let (code, _, error) = shell.run("upgrade");
    assert_eq!(
        (code, error.as_str()),
        (
            2,
            "error: no database given\nhelp: pass -d PATH, or set DATABASE_URL"
        )
    );
    assert_eq!(shell.run("no-such-command").0, 2);
    assert_eq!(shell.run("").0, 2);
}

#[test]
fn color_flag_overrides_the_terminal() {
    let shell = Shell::new();
    let colored = |command: &str| shell.output(command).stdout.contains(&0x1b);
    assert!(colored("history -d app.db --color always"));
    assert!(!colored("history -d app.db --color auto"));
    let error = shell.output("upgrade --color always").stderr;
    assert!(error.starts_with(b"\x1b"), "{error:?}");
    if let Some(output) = on_terminal(&shell, "", "history -d app.db --color never") {
        assert!(!output.contains('\u{1b}'), "{output}");
    }
}

#[test]
fn quiet_command_prints_errors_only() {
    let shell = Shell::new();
    let nothing = (0, String::new(), String::new());
    assert_eq!(shell.run("upgrade -d app.db --quiet"), nothing);
    assert_eq!(shell.run("history -d app.db --quiet"), nothing);
    assert_eq!(shell.run("lock --quiet"), nothing);
    let (code, out, error) = shell.run("upgrade -d app.db -r 007 --quiet");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.starts_with("error: app.db: there is no revision"));
}

#[test]
fn quiet_command_prints_json_without_progress() {
    let shell = Shell::new();
    let (code, out, error) = shell.run("upgrade -d app.db --quiet --json");
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &out["to"], error.as_str()), (0, &json!("003"), ""));
}

/// An application with global flags of the same names.
#[derive(clap::Parser)]
struct AppWithFlags {
    #[arg(long, global = true)]
    quiet: bool,
    #[arg(long, global = true, default_value_t)]
    color: clap::ColorChoice,
    #[command(subcommand)]
    command: revchain_cli::Command,
}

#[test]
fn global_flags_of_an_application_are_shared() {
    AppWithFlags::command().debug_assert();
    for arguments in [
        "app --quiet --color never current",
        "app current --quiet --color never",
    ] {
        let app = AppWithFlags::parse_from(arguments.split(' '));
        assert!(app.quiet && app.color == clap::ColorChoice::Never);
        let command = format!("{:?}", app.command);
        assert!(command.contains("quiet: true, color: Never"), "{command}");
    }
}

#[test]
fn output_without_a_terminal_has_no_colors() {
    let shell = Shell::new();
    let output = shell.output("history -d app.db");
    assert!(!output.stdout.contains(&0x1b));
    assert!(!shell.output("upgrade").stderr.contains(&0x1b));
}

#[test]
fn control_characters_in_a_summary_are_escaped() {
    let shell = Shell::new();
    let path = shell.path("migrations/20260104_0000_004_x.sql");
    let text = "-- A \u{1b}[31m summary.\n-- @revises 003\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 1;\n";
    fs::write(path, text).unwrap();
    for command in ["pending", "history", "upgrade", "current"] {
        let (_, out, error) = shell.run(&format!("{command} -d app.db"));
        assert!(
            !out.contains('\u{1b}') && !error.contains('\u{1b}'),
            "{command}"
        );
        // Without a terminal, the output omits escape sequences. The summary must be escaped.
        assert!(
            format!("{out}{error}").contains("A \\u{1b}[31m summary."),
            "{command}: {out}{error}"
        );
    }
}

/// The output for people and for scripts contains names from directories and databases.
#[cfg(unix)]
#[test]
fn control_characters_in_a_name_are_escaped() {
    let odd = "\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{200b}";
    let check = |case: &str, output: (i32, String, String)| {
        let output = [output.1, output.2].concat();
        let is_unseen = |c: &char| c.is_control() || !c.is_ascii() && odd.contains(*c);
        let unseen: String = output
            .chars()
            .filter(|c| *c != '\n' && is_unseen(c))
            .collect();
        assert!(unseen.is_empty(), "{case}: {unseen:?} in {output:?}");
        output
    };
    let shell = Shell::new();
    // This table has no sample rows, which causes a note.
    shell.migration(
        "20260104_0000_004_odd.sql",
        "003",
        &format!(
            "CREATE TABLE \"t{odd}\" (a TEXT NOT NULL, never TEXT AS (nullif(a, a)) NOT NULL); CREATE INDEX \"i{odd}\" ON \"t{odd}\" (a);"
        ),
        &format!("DROP TABLE \"t{odd}\";"),
    );
    shell.migration(
        "20260105_0000_005_odd.sql",
        "004",
        &format!("ALTER TABLE \"t{odd}\" ADD COLUMN b TEXT NOT NULL DEFAULT '';"),
        &format!("ALTER TABLE \"t{odd}\" DROP COLUMN b;"),
    );
    assert!(check("proof", shell.run("check migrations")).contains("note: "));
    assert!(check("dry run", shell.run("upgrade -d app.db --dry-run")).contains("\\u{1b}"));
    check("upgrade", shell.run("upgrade -d app.db"));
    revchain_runtime::rusqlite::Connection::open(shell.path("app.db"))
        .unwrap()
        .execute_batch(&format!("CREATE TABLE \"x{odd}\" (a)"))
        .unwrap();
    check("drift", shell.run("check -d app.db"));
    check("drift as JSON", shell.run("check -d app.db --json"));
    fs::write(shell.path("migrations").join(format!("{odd}.txt")), "").unwrap();
    fs::write(
        shell.path("migrations").join(format!("2026{odd}\n.sql")),
        format!("-- @{odd}\n"),
    )
    .unwrap();
    for command in [
        "check migrations",
        "check migrations --json",
        "pending -d app.db",
        "migrate x",
        "rebase",
        "lock --json",
    ] {
        let output = check(command, shell.run(command));
        assert!(output.contains("stray-file"), "{command}: {output}");
    }
    let stray = &shell.json("check migrations --json")["error"]["defects"];
    assert!(
        stray
            .as_array()
            .unwrap()
            .iter()
            .any(|defect| defect["path"] == format!("migrations/{odd}.txt"))
    );
}
