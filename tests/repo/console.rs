//! The console blocks of the documents: each shows what its commands print.
//!
//! With the environment variable `REVCHAIN_BLESS`, the test writes the output into the documents.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::sources::{assert_none, read};

const DIRECTORIES: [&str; 2] = ["docs/guide", "cli/catalogue"];

/// The pages that add a revision to those of the token store.
const NEXT_VERSION: [&str; 3] = ["newer.md", "unknown-schema.md", "untrusted.md"];

/// Runs the example application from a clone. A test runs the program without cargo.
const CARGO_RUN: &str = "cargo run -p token-store --";

/// Runs all tests, among them this one, so no test runs the command.
const CARGO_TEST: &str = "cargo test ";

/// Returns the ```` ```console ```` blocks of a page.
fn console_blocks(page: &str) -> Vec<String> {
    let blocks = page.split("\n```console\n").skip(1);
    blocks
        .map(|rest| rest.split("\n```").next().unwrap().to_owned() + "\n")
        .collect()
}

/// Returns the ```` ```mermaid ```` blocks below a ```` ```sh ```` block, with the command there.
fn pictures(page: &str) -> Vec<(String, String)> {
    let mut pictures = Vec::new();
    let mut parts = page.split("\n```mermaid\n");
    let mut before = parts.next().unwrap();
    for part in parts {
        let command = before
            .strip_suffix("\n```\n")
            .and_then(|before| before.rsplit_once("\n```sh\n"))
            .map(|(_, command)| command);
        if let Some(command) = command {
            let picture = part.split("\n```").next().unwrap();
            pictures.push((command.to_owned(), format!("{picture}\n")));
        }
        before = part;
    }
    pictures
}

/// Builds the programs once, and returns their directory.
///
/// A second build would replace the programs while another test runs them.
pub(crate) fn build_programs() -> PathBuf {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let packages = ["-p", "revchain-cli", "-p", "token-store"];
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet"])
            .args(packages)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .unwrap();
        assert!(status.success());
        // The test binary is in `deps`, beside the programs.
        let test = env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().to_owned()
    };
    DIRECTORY.get_or_init(build).clone()
}

/// Makes the directory in which the commands of a page run.
///
/// A page `from-TOOL.md` has the files of the tool in `old`, and one of its databases, `app.db`.
/// A page with a directory in `tests/fixtures/pages` has the files of this directory.
/// The pages in `NEXT_VERSION` have the migrations of the token store, and others the real chain.
fn new_directory(page: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = root
        .join("tests/fixtures/pages")
        .join(page.trim_end_matches(".md"));
    if files.exists() {
        for entry in fs::read_dir(files).unwrap().map(Result::unwrap) {
            copy(&entry.path(), &directory.path().join(entry.file_name()));
        }
        return directory;
    }
    let Some(tool) = page.strip_prefix("from-") else {
        let package = if NEXT_VERSION.contains(&page) {
            root.join("examples/token-store")
        } else {
            root.to_owned()
        };
        copy(
            &package.join("migrations"),
            &directory.path().join("migrations"),
        );
        return directory;
    };
    let fixture = root
        .join("tests/fixtures/tools")
        .join(tool.trim_end_matches(".md"));
    // Alembic writes its SQL beside its scripts.
    let is_alembic = fixture.join("upgrade.sql").exists();
    let old = if is_alembic {
        fixture.clone()
    } else {
        fixture.join("migrations")
    };
    copy(&old, &directory.path().join("old"));
    fs::copy(fixture.join("middle.db"), directory.path().join("app.db")).unwrap();
    directory
}

/// Copies a file, or a directory with its subdirectories, without databases.
pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else if from.extension().is_none_or(|extension| extension != "db") {
            fs::copy(from, to).unwrap();
        }
    }
}

/// Returns `true` for a duration such as `1.2ms`.
fn is_duration(word: &str) -> bool {
    let units = ["ns", "µs", "ms", "s"];
    let mut numbers = units.iter().filter_map(|unit| word.strip_suffix(unit));
    numbers.any(|number| number.parse::<f64>().is_ok())
}

/// Returns `true` for a time such as `2026-11-23T20:33:12Z`, also in the name of a backup.
///
/// A history shows a time in two words, such as `2026-11-23` and `20:33`.
fn is_time(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let form: String = word
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    digits >= 14 && word.contains('T') && word.contains('Z')
        || ["0000-00-00", "00:00"].contains(&form.trim_matches(['(', ')', ',']))
}

/// Replaces durations, times, and process ids, which differ between runs.
fn without_chance(text: &str) -> String {
    let mut is_process = false;
    let mut line = |line: &str| {
        let words = line.split(' ').map(|word| {
            let number = word.trim_matches(['(', ')', ';', ',']);
            let replaced = if is_duration(number) {
                word.replace(number, "<duration>")
            } else if is_time(word) {
                "<time>".to_owned()
            } else if is_process {
                "<process>".to_owned()
            } else {
                word.to_owned()
            };
            is_process = word == "process";
            replaced
        });
        words.collect::<Vec<_>>().join(" ") + "\n"
    };
    text.lines().map(&mut line).collect()
}

/// Runs a line `sqlite3 FILE "SQL"` with the SQLite of the tests, and returns the rows of a SELECT.
///
/// A machine that builds revchain may have no program `sqlite3`.
fn sqlite3(arguments: &str, directory: &Path) -> String {
    let (file, sql) = arguments.split_once(' ').unwrap();
    let connection = Connection::open(directory.join(file)).unwrap();
    // The shell would remove one pair of quotes.
    let quoted = sql.strip_prefix('"').and_then(|sql| sql.strip_suffix('"'));
    let sql = quoted.unwrap_or_else(|| sql.trim_matches('\''));
    if !sql.starts_with("SELECT") {
        connection.execute_batch(sql).unwrap();
        return String::new();
    }
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut shown = String::new();
    while let Some(row) = rows.next().unwrap() {
        let value = |column| match row.get::<_, Value>(column).unwrap() {
            Value::Null => String::new(),
            Value::Integer(number) => number.to_string(),
            Value::Real(number) => number.to_string(),
            Value::Text(text) => text,
            Value::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        shown += &(0..columns).map(value).collect::<Vec<_>>().join("|");
        shown.push('\n');
    }
    shown
}

/// Runs the commands of a block, and returns the block as it should be.
fn run(page: &str, block: &str, programs: &Path) -> String {
    let directory = new_directory(page);
    let path = env::var("PATH").unwrap();
    let path = format!("{}:{path}", programs.display());
    let mut shown = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        shown += &format!("$ {command}\n");
        if let Some(arguments) = command.strip_prefix("sqlite3 ") {
            shown += &sqlite3(arguments, directory.path());
            continue;
        }
        if command.starts_with(CARGO_TEST) {
            continue;
        }
        let command = command.replace(CARGO_RUN, "token-store");
        let output = Command::new("sh")
            .args(["-c", &format!("exec 2>&1; {command}")])
            .current_dir(directory.path())
            .env("PATH", &path)
            .env_remove("TOKEN_STORAGE_DB")
            .env_remove("DATABASE_URL")
            .output()
            .unwrap();
        shown += &String::from_utf8(output.stdout).unwrap();
    }
    shown
}

/// Returns `true` if a block shows an output. The line `…` of a block stands for any lines.
fn is_same(shown: &str, block: &str) -> bool {
    let (shown, block) = (without_chance(shown), without_chance(block));
    match block.split_once("\n…\n") {
        Some((first, last)) => {
            shown.starts_with(&format!("{first}\n")) && shown.ends_with(&format!("\n{last}"))
        }
        None => shown == block,
    }
}

/// Returns the paths of the documents whose blocks are run.
fn documents() -> Vec<String> {
    let mut paths = vec!["README.md".to_owned()];
    for directory in DIRECTORIES {
        let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)).unwrap();
        for page in pages.map(Result::unwrap) {
            let name = page.file_name().into_string().unwrap();
            paths.push(format!("{directory}/{name}"));
        }
    }
    paths
}

#[test]
fn documents_show_the_output_of_their_commands() {
    let programs = build_programs();
    let mut problems = Vec::new();
    let mut pages = Vec::new();
    for path in documents() {
        let name = path.rsplit('/').next().unwrap();
        let mut text = read(&path);
        for block in console_blocks(&text) {
            pages.push(name.to_owned());
            let shown = run(name, &block, &programs);
            if !is_same(&shown, &block) {
                text = text.replacen(&block, &shown, 1);
                problems.push(format!("{path}:\n{block}prints\n{shown}"));
            }
        }
        for (command, picture) in pictures(&text) {
            let shown = run(name, &format!("$ {command}\n"), &programs);
            let shown = shown.split_once('\n').unwrap().1;
            if shown != picture {
                text = text.replacen(&picture, shown, 1);
                problems.push(format!("{path}: {command} draws\n{shown}"));
            }
        }
        if env::var_os("REVCHAIN_BLESS").is_some() {
            fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path), text).unwrap();
        }
    }
    assert_none(&problems);
    assert!(pages.len() >= 10, "{pages:?}");
    assert!(pages.iter().any(|page| page == "README.md"));
}

#[test]
fn picture_below_a_command_is_found() {
    let page = "a\n\n```sh\nb c\n```\n\n```mermaid\nd\ne\n```\n\nf\n\n```mermaid\ng\n```\n";
    assert_eq!(pictures(page), [("b c".to_owned(), "d\ne\n".to_owned())]);
}

#[test]
fn ellipsis_stands_for_lines() {
    let shown = "$ a\nb\nc 1ms\nd\n";
    assert!(is_same(shown, "$ a\n…\nc 2ms\nd\n"));
    assert!(is_same(shown, "$ a\nb\n…\nd\n"));
    assert!(!is_same(shown, "$ a\n…\nc\n"));
    assert!(!is_same(shown, "$ b\n…\nd\n"));
    assert!(!is_same(shown, "$ a\nd\n"));
}

#[test]
fn durations_times_and_processes_are_no_difference() {
    let text = "to 002 (1.2µs)\nin 3ms; b\nas 4s of a 5ks\nat 2026-11-23T20:33:12Z process 7 (a)\n\
                (2026-11-23 20:33, by a)\n";
    let expected = "to 002 (<duration>)\nin <duration>; b\nas <duration> of a 5ks\n\
                    at <time> process <process> (a)\n<time> <time> by a)\n";
    assert_eq!(without_chance(text), expected);
}
