//! The output of `--json`, held against `docs/output.schema.json`.
//!
//! `Shell::json` holds the output of each command of the other tests against the schema, too.

use std::collections::BTreeSet;
use std::fs;

use clap::CommandFactory;
use serde_json::{Value, json};

use crate::schema::Schema;
use crate::support::{App, Shell};

/// Commands that succeed in this order.
const SUCCESSES: [&str; 27] = [
    "check migrations",
    "pending -d app.db",
    "upgrade 002 -d app.db",
    "current -d app.db",
    "history -d app.db",
    "status -d app.db",
    "check -d app.db",
    "run-jobs -d app.db",
    "upgrade -d app.db --dry-run",
    "upgrade -d app.db --backup backups",
    "wait -d app.db --timeout 0",
    "redo -d app.db",
    "downgrade -d app.db --yes",
    "stamp head -d app.db",
    "backup -d app.db",
    "restore backup.db -d app.db --yes",
    "lock",
    "graph -d app.db",
    "rebase",
    "merge",
    "schema",
    "schema -d app.db",
    "schema --diff 001 head",
    "script",
    "new tags",
    "explain",
    "explain rows-lost",
];

/// Commands that fail.
const FAILURES: [&str; 22] = [
    "upgrade nowhere -d app.db",
    "downgrade nowhere -d app.db --yes",
    "downgrade 001 -d app.db",
    "current -d missing.db",
    "status -d missing.db",
    "history",
    "pending",
    "check -d missing.db",
    "stamp nowhere -d app.db",
    "backup -d missing.db",
    "restore missing.db -d app.db --yes",
    "redo -d missing.db",
    "lock -r nowhere",
    "new ?",
    "import missing",
    "graph missing",
    "schema -d missing.db",
    "script missing",
    "explain nothing",
    "run-jobs -d missing.db",
    "wait -d missing.db --timeout 0",
    "queries",
];

/// Returns the commands that have `--json`.
fn commands() -> BTreeSet<String> {
    let app = App::command();
    let has_json = |command: &&clap::Command| {
        let mut arguments = command.get_arguments();
        arguments.any(|argument| argument.get_id() == "json")
    };
    let commands = app.get_subcommands().filter(has_json);
    commands
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// Returns the first words of commands.
fn names(commands: &[&str]) -> BTreeSet<String> {
    let names = commands.iter().map(|command| command.split(' ').next());
    names.map(|name| name.unwrap().to_owned()).collect()
}

#[test]
fn each_command_has_a_definition() {
    let schema = Schema::load();
    for command in commands() {
        assert!(schema.definition(&command).is_some(), "{command}");
    }
}

#[test]
fn output_of_each_command_matches_the_schema() {
    let shell = Shell::new();
    shell.ok("upgrade -d backup.db");
    for command in SUCCESSES {
        let object = shell.json(&format!("{command} --json"));
        assert!(object.get("error").is_none(), "{command}: {object}");
    }
    fs::create_dir(shell.path("old")).unwrap();
    fs::write(shell.path("old/V1__a.sql"), "CREATE TABLE a (a);").unwrap();
    let object = shell.json("import old --directory imported --json");
    assert_eq!(object["tool"], "refinery");
    let mut tested = names(&SUCCESSES);
    // The tests of `queries` have a package with queries.
    tested.extend(names(&["import", "queries"]));
    let untested: Vec<String> = (&commands() - &tested).into_iter().collect();
    assert_eq!(untested, Vec::<String>::new(), "commands without a case");
}

#[test]
fn error_of_each_command_matches_the_schema() {
    let shell = Shell::new();
    shell.ok("upgrade -d app.db");
    for command in FAILURES {
        let object = shell.json(&format!("{command} --json"));
        assert!(object.get("error").is_some(), "{command}: {object}");
    }
    fs::write(
        shell.path("migrations/20260104_0000_004_bad.sql"),
        "-- Bad.\n",
    )
    .unwrap();
    let mut tested = names(&FAILURES);
    for command in ["rebase", "merge", "check migrations", "new x"] {
        let object = shell.json(&format!("{command} --json"));
        assert_eq!(object["error"]["code"], "defects", "{command}: {object}");
        tested.extend(names(&[command]));
    }
    let untested: Vec<String> = (&commands() - &tested).into_iter().collect();
    assert_eq!(untested, Vec::<String>::new(), "commands without a case");
}

#[test]
fn progress_leaves_one_object_on_standard_output() {
    let shell = Shell::new();
    let (_, out, error) = shell.run("upgrade -d app.db --json");
    assert!(error.contains("\nupgrading to 001: "), "{error}");
    assert!(serde_json::from_str::<Value>(&out).unwrap().is_object());
}

#[test]
fn objects_of_another_form_are_found() {
    let schema = Schema::load();
    let object = json!({ "revchain": 1, "path": "a", "revision": "001", "revises": "base" });
    let check = |object: &Value| schema.check("new", object).len();
    assert_eq!(check(&object), 0);
    let changes: [(&str, Value); 3] = [
        ("revchain", json!(2)),
        ("path", json!(null)),
        ("other", json!("a")),
    ];
    for (name, value) in changes {
        let mut object = object.clone();
        object[name] = value;
        assert_ne!(check(&object), 0, "{object}");
    }
    let mut object = object;
    object.as_object_mut().unwrap().remove("revises");
    assert_ne!(check(&object), 0, "{object}");
}
