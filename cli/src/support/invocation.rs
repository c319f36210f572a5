//! The words with which the user started the command, in the commands that the output names.

use std::env;
use std::path::Path;

use clap::Subcommand;

use crate::args::{Command, DatabaseArgs};

const REVCHAIN: &str = "revchain";
const CARGO_REVCHAIN: &str = "cargo revchain";

/// The names of the developers' commands.
const DEVELOPER_COMMANDS: &[&str] = &[
    "new", "migrate", "redo", "lock", "rebase", "merge", "import", "graph", "schema", "script",
    "queries",
];

/// The words before help that suggests a name, which can be that of a command.
const BEFORE_NAME: &str = "did you mean ";

/// Returns the command line of another command of this program, such as `app db explain busy`.
///
/// Returns `command` alone if the words before the current command are unclear.
pub(crate) fn command_line(command: &str) -> String {
    Invocation::new(None).command(command)
}

/// The words that another command on the same database needs.
#[derive(Debug, Default)]
pub(crate) struct Invocation {
    /// The program, and the words of the application before the command.
    prefix: Option<String>,
    /// The options of the program `revchain` that name the migrations, such as `--directory DIR`.
    migrations: String,
    /// The value of `-d`, quoted for a shell.
    database: Option<String>,
}

impl Invocation {
    /// Returns the words of this process, for a command on the database of `args`.
    pub(crate) fn new(args: Option<&DatabaseArgs>) -> Self {
        let words: Vec<String> = env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let path = args.and_then(|args| args.path.as_deref());
        Self::of(&words, path)
    }

    fn of(words: &[String], database: Option<&Path>) -> Self {
        Self {
            prefix: prefix(words),
            migrations: migrations_options(words),
            database: database.map(|path| quote(&path.to_string_lossy())),
        }
    }

    /// Returns the whole command line of `command`, which begins with the name of a command.
    pub(crate) fn command(&self, command: &str) -> String {
        let (name, rest) = command.split_once(' ').unwrap_or((command, ""));
        let mut line = String::new();
        if let Some(prefix) = &self.prefix {
            line += prefix;
            let is_program = matches!(&**prefix, REVCHAIN | CARGO_REVCHAIN);
            if is_program && name != "explain" {
                line += &self.migrations;
            }
            line += " ";
        }
        line += name;
        let has_database = rest.split(' ').any(|word| word == "-d");
        if let (Some(database), true, false) = (&self.database, is_on_database(name), has_database)
        {
            line += &format!(" -d {database}");
        }
        if !rest.is_empty() {
            line += &format!(" {rest}");
        }
        line
    }

    /// Returns help in which each command in backquotes is a whole command line.
    pub(crate) fn complete(&self, help: &str) -> String {
        let mut parts: Vec<String> = help.split('`').map(str::to_owned).collect();
        // The parts with odd indices are in backquotes.
        for index in (1..parts.len()).step_by(2) {
            if !parts[index - 1].ends_with(BEFORE_NAME) {
                parts[index] = self.complete_command(&parts[index]);
            }
        }
        parts.join("`")
    }

    fn complete_command(&self, text: &str) -> String {
        let is_program = matches!(self.prefix.as_deref(), Some(REVCHAIN | CARGO_REVCHAIN));
        let command = match text.strip_prefix("revchain ") {
            Some(command) if is_program => command,
            _ => text,
        };
        if is_command(command.split(' ').next().unwrap_or_default()) {
            self.command(command)
        } else {
            text.to_owned()
        }
    }
}

/// Returns `true` if the command takes `-d`, and an error can advise it.
fn is_on_database(name: &str) -> bool {
    name == "redo" || (Command::has_subcommand(name) && name != "explain")
}

/// Returns the options `--directory` and `--name` with a space before each.
fn migrations_options(words: &[String]) -> String {
    let mut options = String::new();
    for (index, word) in words.iter().enumerate() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (&**word, words.get(index + 1).map(String::as_str)),
        };
        if let ("--directory" | "--name", Some(value)) = (name, value) {
            options += &format!(" {name} {}", quote(value));
        }
    }
    options
}

/// Returns a word as a shell reads it.
fn quote(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:\\=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Returns the program, and the words of the application before the command.
///
/// Returns `None` if an option is among these words, because its value looks like a word.
fn prefix(words: &[String]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let program = Path::new(program).file_name()?.to_str()?;
    match program.strip_suffix(".exe").unwrap_or(program) {
        // The commands of these programs need no word before them.
        "revchain" => Some(REVCHAIN.to_owned()),
        "cargo-revchain" => Some(CARGO_REVCHAIN.to_owned()),
        program => {
            let count = arguments.iter().position(|word| is_command(word))?;
            let before = &arguments[..count];
            if before.iter().any(|word| word.starts_with('-')) {
                return None;
            }
            let words = before.iter().map(String::as_str);
            Some(
                [program]
                    .into_iter()
                    .chain(words)
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        }
    }
}

fn is_command(word: &str) -> bool {
    Command::has_subcommand(word) || DEVELOPER_COMMANDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Invocation, prefix};
    #[cfg(feature = "developer")]
    use crate::developer::args::DeveloperCommand;

    fn prefix_of(line: &str) -> Option<String> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        prefix(&words)
    }

    #[test]
    fn words_before_the_command_are_the_prefix() {
        let expected = Some("app db".to_owned());
        assert_eq!(prefix_of("target/debug/app db upgrade -d x"), expected);
        let expected = Some("my.app".to_owned());
        assert_eq!(prefix_of("/bin/my.app upgrade"), expected);
    }

    #[test]
    fn program_revchain_needs_no_other_word() {
        let expected = Some("revchain".to_owned());
        assert_eq!(prefix_of("revchain.exe --directory x upgrade"), expected);
        let expected = Some("cargo revchain".to_owned());
        assert_eq!(prefix_of("bin/cargo-revchain revchain upgrade"), expected);
    }

    #[cfg(feature = "developer")]
    #[test]
    fn every_command_of_developers_is_listed() {
        use clap::Subcommand;
        let all = DeveloperCommand::augment_subcommands(clap::Command::new("app"));
        for command in all.get_subcommands() {
            assert!(super::is_command(command.get_name()), "{command}");
        }
    }

    fn complete(line: &str, database: Option<&str>, help: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        Invocation::of(&words, database.map(Path::new)).complete(help)
    }

    #[test]
    fn command_in_help_gets_the_words_before_it_and_the_database() {
        let help = "run `restore bk/a.db`, or read `user_version`, or run `revchain new`";
        assert_eq!(
            complete("bin/app db upgrade -d srv/a.db", Some("srv/a.db"), help),
            "run `app db restore -d srv/a.db bk/a.db`, or read `user_version`, or run \
             `revchain new`"
        );
        assert_eq!(
            complete("bin/app db upgrade", None, "run `stamp 008`, or `check`"),
            "run `app db stamp 008`, or `app db check`"
        );
        // Without a clear prefix, the database is still that of the user.
        assert_eq!(
            complete("app serve", Some("a.db"), "run `stamp 008`"),
            "run `stamp -d a.db 008`"
        );
    }

    #[test]
    fn command_of_the_program_revchain_names_its_migrations() {
        let line = "revchain --directory sql upgrade --name=billing -d a.db";
        assert_eq!(
            complete(line, Some("a.db"), "run `revchain redo`, or `explain busy`"),
            "run `revchain --directory sql --name billing redo -d a.db`, or \
             `revchain explain busy`"
        );
    }

    #[cfg(not(windows))]
    #[test]
    fn path_with_spaces_is_quoted() {
        assert_eq!(
            complete("app upgrade", Some("it's a.db"), "run `check`"),
            "run `app check -d 'it'\\''s a.db'`"
        );
    }

    #[test]
    fn suggested_name_is_no_command() {
        let help = "did you mean `backup`?";
        assert_eq!(complete("app upgrade", Some("a.db"), help), help);
    }

    #[test]
    fn option_before_the_command_hides_the_prefix() {
        assert_eq!(prefix_of("app --config upgrade.toml db upgrade"), None);
        assert_eq!(prefix_of("app serve"), None);
    }
}
