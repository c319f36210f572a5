//! The words with which the user started the command.

use std::env;
use std::path::Path;

use clap::Subcommand;

use crate::args::Command;

/// The names of the developers' commands.
const DEVELOPER_COMMANDS: &[&str] = &[
    "new", "migrate", "redo", "lock", "rebase", "merge", "import", "graph", "schema",
];

/// Returns the command line of another command of this program, such as `app db explain busy`.
///
/// Returns `command` alone if the words before the current command are unclear.
pub(crate) fn command_line(command: &str) -> String {
    let words: Vec<String> = env::args().collect();
    match prefix(&words) {
        Some(prefix) => format!("{prefix} {command}"),
        None => command.to_owned(),
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
        "revchain" => Some("revchain".to_owned()),
        "cargo-revchain" => Some("cargo revchain".to_owned()),
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
    use super::prefix;
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

    #[test]
    fn option_before_the_command_hides_the_prefix() {
        assert_eq!(prefix_of("app --config upgrade.toml db upgrade"), None);
        assert_eq!(prefix_of("app serve"), None);
    }
}
