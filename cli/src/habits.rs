//! Words that users of other tools type, with the words of revchain.

use std::env;
use std::ffi::OsString;
use std::process;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ColorChoice, Error, Parser};

use crate::args::OutputArgs;
use crate::support::{Failure, finish};

/// The commands that users of other tools type, with advice.
///
/// The first row whose words all occur in the arguments, in this order, decides.
pub(crate) const HABITS: &[(&str, &str)] = &[
    (
        "upgrade --tag",
        "`upgrade` records the time and the program by itself",
    ),
    (
        "history -v",
        "`history` shows everything: leave the option out",
    ),
    (
        "history --verbose",
        "`history` shows everything: leave the option out",
    ),
    (
        "history -r",
        "`history` shows all revisions: leave the range out",
    ),
    (
        "current -v",
        "run `history` to see when each revision was applied",
    ),
    (
        "current --verbose",
        "run `history` to see when each revision was applied",
    ),
    (
        "revision --autogenerate",
        "run `new \"Summary\"`, and write the SQL into the file",
    ),
    ("revision -m", "run `new \"Summary\"`"),
    ("revision", "run `new \"Summary\"`"),
    ("migration generate", "run `new \"Summary\"`"),
    ("migration run", "run `upgrade`"),
    ("migration revert", "run `downgrade`"),
    ("migration redo", "run `redo`"),
    ("migration list", "run `history`"),
    ("migration pending", "run `pending`"),
    (
        "migration",
        "run `upgrade`, `downgrade`, or `new \"Summary\"`",
    ),
    ("migrate add", "run `new \"Summary\"`"),
    ("migrate run", "run `upgrade`"),
    ("migrate up", "run `upgrade`"),
    ("migrate latest", "run `upgrade`"),
    ("migrate revert", "run `downgrade`"),
    ("migrate down", "run `downgrade`"),
    ("migrate rollback", "run `downgrade`"),
    ("migrate redo", "run `redo`"),
    ("migrate info", "run `history`"),
    ("migrate list", "run `history`"),
    ("migrate status", "run `status`"),
    ("migrate files", "run `upgrade`"),
    ("migrate config", "run `upgrade -d PATH`"),
    (
        "migrate build-script",
        "run `lock --head`: cargo then notices new migrations",
    ),
    (
        "migrate",
        "to apply the pending revisions, run `upgrade`; to write one, run `new \"Summary\"`",
    ),
    ("database create", "run `upgrade`: it creates the database"),
    ("database setup", "run `upgrade`: it creates the database"),
    ("database reset", "remove the file, then run `upgrade`"),
    ("database drop", "remove the file"),
    ("database", "run `upgrade`: it creates the database"),
    (
        "prepare",
        "no step is needed: the build proves the migrations",
    ),
    (
        "heads",
        "run `history`: it marks the head, and a chain has only one",
    ),
    (
        "branches",
        "run `check DIR`: it reports a second head, which `rebase` removes",
    ),
    (
        "show",
        "run `history`; the text of a revision is in its file",
    ),
    (
        "edit",
        "open the file of the revision: `history` lists the revisions",
    ),
    (
        "ensure_version",
        "no step is needed: `upgrade` creates the history",
    ),
    (
        "init",
        "run `new \"Summary\"`: it creates the directory of the migrations",
    ),
    (
        "setup",
        "run `new \"Summary\"` for the first migration, then `upgrade`",
    ),
    (
        "makemigrations",
        "run `new \"Summary\"`, and write the SQL into the file",
    ),
    ("showmigrations", "run `history`"),
    (
        "sqlmigrate",
        "run `upgrade --sql`; the SQL is in the migrations",
    ),
    ("generate", "run `new \"Summary\"`"),
    (
        "create",
        "run `new \"Summary\"` for a migration, or `upgrade` for a database",
    ),
    ("add", "run `new \"Summary\"`"),
    ("run", "run `upgrade`"),
    ("up", "run `upgrade`"),
    ("apply", "run `upgrade`"),
    ("revert", "run `downgrade`"),
    ("down", "run `downgrade`"),
    ("rollback", "run `downgrade`"),
    ("undo", "run `downgrade`"),
    ("goto", "run `upgrade TARGET` or `downgrade TARGET`"),
    ("force", "run `stamp TARGET`"),
    ("validate", "run `check`"),
    ("reset", "remove the file, then run `upgrade`"),
    ("drop", "remove the file"),
    ("info", "run `history`, or `status`"),
    ("list", "run `history`"),
    (
        "version",
        "run `current` for the database, or `--version` for the program",
    ),
];

/// Parses the arguments of the process, as `clap::Parser::parse` does.
///
/// If they are wrong, and users of another tool type them, the error names the right words.
/// Wrong arguments exit with the code 2.
///
/// ```no_run
/// #[derive(clap::Parser)]
/// enum Cli {
///     /// Manage the database
///     #[command(subcommand)]
///     Db(revchain::cli::Command),
/// }
///
/// let cli: Cli = revchain::cli::parse();
/// ```
pub fn parse<P: Parser>() -> P {
    parse_from(env::args_os().collect())
}

/// Does the same as [`parse`] with other arguments. The first is the name of the program.
pub(crate) fn parse_from<P: Parser>(arguments: Vec<OsString>) -> P {
    P::try_parse_from(&arguments).unwrap_or_else(|error| {
        let words = arguments.iter().skip(1).filter_map(|word| word.to_str());
        let words: Vec<&str> = words.collect();
        let error = match advice(&words) {
            Some(advice) if error.use_stderr() => with_advice::<P>(&error, advice),
            _ => error,
        };
        let is_help = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if words.contains(&"--json") && error.use_stderr() && !is_help {
            exit_with_json(&error);
        }
        error.exit()
    })
}

/// Prints a usage error as the JSON that a script expects, and ends the process.
fn exit_with_json(error: &Error) -> ! {
    let output = OutputArgs {
        json: true,
        quiet: false,
        color: ColorChoice::Never,
    };
    finish(Err(usage_failure(&error.render().to_string())), &output);
    process::exit(error.exit_code())
}

/// Converts the text of clap: the error, tips, and the usage, with empty lines between them.
fn usage_failure(text: &str) -> Failure {
    let message = text.split("\n\n").next().unwrap_or_default().trim_end();
    let tips = text.lines().filter_map(|line| line.strip_prefix("  tip: "));
    let message = message.strip_prefix("error: ").unwrap_or(message);
    Failure::usage(message).help(&tips.collect::<Vec<_>>().join("\n"))
}

/// Replaces the suggestion of clap, which guesses from the spelling.
fn with_advice<P: Parser>(error: &Error, advice: &'static str) -> Error {
    let mut advised = Error::new(error.kind()).with_cmd(&P::command());
    for (kind, value) in error.context() {
        if kind != ContextKind::SuggestedSubcommand {
            advised.insert(kind, value.clone());
        }
    }
    let advice = ContextValue::StyledStrs(vec![StyledStr::from(advice)]);
    advised.insert(ContextKind::Suggested, advice);
    advised
}

/// Returns the advice for a word that another tool's `migrate` takes, such as `run`.
#[cfg(feature = "developer")]
pub(crate) fn advice_on_migrate(word: &str) -> Option<&'static str> {
    let mut rows = HABITS.iter();
    rows.find(|(typed, _)| typed.strip_prefix("migrate ") == Some(word))
        .map(|(_, advice)| *advice)
}

/// Returns the advice for these arguments; `None` if no row has their words.
pub(crate) fn advice(words: &[&str]) -> Option<&'static str> {
    let mut rows = HABITS.iter();
    rows.find(|(typed, _)| {
        let mut words = words.iter();
        typed
            .split(' ')
            .all(|wanted| words.any(|word| *word == wanted))
    })
    .map(|(_, advice)| *advice)
}
