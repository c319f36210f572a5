//! The commands that users of Alembic, sqlx, Diesel, refinery and Django type.

use clap::CommandFactory;

use crate::support::{App, Shell};

#[test]
fn usage_error_is_json_on_request() {
    let shell = Shell::new();
    let error = &shell.json("heads --json")["error"];
    assert_eq!(error["code"], "usage");
    assert_eq!(error["message"], "unrecognized subcommand 'heads'");
    assert!(
        error["help"][0].as_str().unwrap().contains("`history`"),
        "{error}"
    );
    let (code, out, error) = shell.run("restore --json");
    assert_eq!((code, error.as_str()), (2, ""));
    assert!(
        out.contains("required arguments were not provided"),
        "{out}"
    );
}

/// Commands of other tools that do the same here.
const WORKING: &[&str] = &[
    "upgrade 001",
    "upgrade +1",
    "upgrade head",
    "upgrade",
    "current",
    "history",
    "pending",
    "status",
    "check",
    "upgrade head --sql",
    "downgrade base --sql",
    "downgrade -1 --yes",
    "downgrade base --yes",
    "upgrade +2",
    "stamp head",
];

/// Commands of other tools, and the words of the advice.
const ADVISED: &[(&str, &str)] = &[
    // Alembic
    ("upgrade heads", "`head`"),
    ("history -v", "leave the option out"),
    ("history -r 001:003", "leave the range out"),
    ("current --verbose", "`history`"),
    ("heads", "`history`"),
    ("branches", "`check DIR`"),
    ("show 002", "`history`"),
    ("edit 002", "`history`"),
    ("revision -m tags", "`new \"Summary\"`"),
    ("revision --autogenerate -m tags", "`new \"Summary\"`"),
    ("ensure_version", "no step is needed: `upgrade`"),
    ("init migrations", "`new \"Summary\"`"),
    // sqlx
    ("migrate add tags", "`new \"Summary\"`"),
    ("migrate add -r tags", "`new \"Summary\"`"),
    ("migrate run", "`upgrade`"),
    ("migrate run --source migrations", "`upgrade`"),
    ("migrate revert", "`downgrade`"),
    ("migrate info", "`history`"),
    ("migrate build-script", "`lock --head`"),
    ("database create", "`upgrade`"),
    ("database setup", "`upgrade`"),
    ("database drop", "remove the file"),
    ("prepare", "no step is needed"),
    // Diesel
    ("setup", "`upgrade`"),
    ("database reset", "`upgrade`"),
    ("migration run", "`upgrade`"),
    ("migration revert", "`downgrade`"),
    ("migration redo", "`redo`"),
    ("migration list", "`history`"),
    ("migration pending", "`pending`"),
    ("migration generate tags", "`new \"Summary\"`"),
    // refinery
    ("migrate -c refinery.toml", "`upgrade`"),
    ("migrate files", "`upgrade`"),
    ("migrate config", "`upgrade -d PATH`"),
    // Others
    ("migrate", "`upgrade`"),
    ("migrate up", "`upgrade`"),
    ("migrate down", "`downgrade`"),
    ("migrate status", "`status`"),
    ("makemigrations", "`new \"Summary\"`"),
    ("showmigrations", "`history`"),
    ("up", "`upgrade`"),
    ("down", "`downgrade`"),
    ("rollback", "`downgrade`"),
    ("undo", "`downgrade`"),
    ("goto 002", "`upgrade TARGET`"),
    ("force 002", "`stamp TARGET`"),
    ("validate", "`check`"),
    ("reset", "`upgrade`"),
    ("drop", "remove the file"),
    ("run", "`upgrade`"),
    ("add tags", "`new \"Summary\"`"),
    ("info", "`history`"),
    // Typing errors
    ("upgade", "'upgrade'"),
    ("downgrade --yess", "'--yes'"),
];

#[test]
fn habits_of_other_tools_work_or_get_advice() {
    let shell = Shell::new();
    let files = shell.migrations();
    for command in WORKING {
        let (code, _, error) = shell.run(&format!("{command} -d app.db"));
        assert_eq!(code, 0, "{command}: {error}");
    }
    for (command, advice) in ADVISED {
        for database in ["", " -d app.db"] {
            let (code, out, error) = shell.run(&format!("{command}{database}"));
            assert_eq!(
                (code, out.as_str()),
                (2, ""),
                "{command}{database}: {error}"
            );
            assert!(error.contains(advice), "{command}{database}: {error}");
        }
    }
    assert_eq!(shell.migrations(), files, "no command wrote a file");
}

/// Words of `migrate` are no summaries under the name `new`, either.
#[test]
fn word_of_another_tool_is_no_summary() {
    let shell = Shell::new();
    let files = shell.migrations();
    for word in ["run", "revert", "info"] {
        let (code, _, error) = shell.run(&format!("new {word}"));
        assert_eq!(code, 2, "{word}");
        assert!(
            error.contains("is no summary of a revision\nhelp: run `"),
            "{error}"
        );
    }
    assert_eq!(shell.migrations(), files);
    shell.ok("new runs");
}

/// The advice names commands that exist.
#[test]
fn advice_names_commands() {
    let shell = Shell::new();
    let app = App::command();
    let mut names: Vec<&str> = app.get_subcommands().map(clap::Command::get_name).collect();
    names.extend(["head", "--version"]);
    for (command, _) in ADVISED {
        let (_, _, error) = shell.run(command);
        let Some(advice) = error
            .lines()
            .find(|line| line.contains("tip: ") || line.contains("help: "))
        else {
            panic!("{command}: {error}");
        };
        for code in advice.split('`').skip(1).step_by(2) {
            let word = code.split(' ').next().unwrap();
            assert!(
                names.contains(&word) || word == "heads",
                "{command}: {advice}"
            );
        }
    }
}
