//! The console blocks of the guide: each shows what its commands print.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sources::{assert_none, read};

const PAGES: &str = "docs/guide";

/// Returns the ```` ```console ```` blocks of a page.
fn console_blocks(page: &str) -> Vec<String> {
    let blocks = page.split("\n```console\n").skip(1);
    blocks
        .map(|rest| rest.split("\n```").next().unwrap().to_owned() + "\n")
        .collect()
}

/// Builds the programs, and returns their directory.
pub(crate) fn build_programs() -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "-p",
            "revchain-cli",
            "-p",
            "token-store",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success());
    // The test binary is in `deps`, beside the programs.
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

/// Makes the directory in which the commands of a page run.
///
/// A page `from-TOOL.md` has the files of the tool in `old`, and one of its databases, `app.db`.
/// Other pages have the migrations of the token store.
fn new_directory(page: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Some(tool) = page.strip_prefix("from-") else {
        copy(
            &root.join("migrations"),
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

/// Copies a directory with its subdirectories, without databases.
pub(crate) fn copy(from: &Path, to: &Path) {
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

fn is_duration(word: &str) -> bool {
    let units = ["ns", "µs", "ms", "s"];
    let mut numbers = units.iter().filter_map(|unit| word.strip_suffix(unit));
    numbers.any(|number| number.parse::<f64>().is_ok())
}

/// Replaces durations such as `1.2ms`, which differ between runs.
fn without_durations(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let words = line.split(' ').map(|word| {
            let number = word.trim_matches(['(', ')', ';']);
            if is_duration(number) {
                word.replace(number, "<duration>")
            } else {
                word.to_owned()
            }
        });
        words.collect::<Vec<_>>().join(" ") + "\n"
    });
    lines.collect()
}

/// Runs the commands of a block, and returns the block as it should be.
fn run(page: &str, block: &str, programs: &Path) -> String {
    let directory = new_directory(page);
    let mut shown = String::new();
    for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
        let mut words = command.split(' ');
        let program = words.next().unwrap();
        let output = Command::new(programs.join(program))
            .args(words)
            .current_dir(directory.path())
            .env_remove("TOKEN_STORAGE_DB")
            .output()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        shown += &format!("$ {command}\n");
        shown += &String::from_utf8(output.stderr).unwrap();
        shown += &String::from_utf8(output.stdout).unwrap();
    }
    shown
}

#[test]
fn guide_shows_the_output_of_its_commands() {
    let programs = build_programs();
    let mut blocks = 0;
    let mut problems = Vec::new();
    let pages = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGES)).unwrap();
    for page in pages.map(Result::unwrap) {
        let name = page.file_name().into_string().unwrap();
        let path = format!("{PAGES}/{name}");
        for block in console_blocks(&read(&path)) {
            blocks += 1;
            let shown = run(&name, &block, &programs);
            if without_durations(&shown) != without_durations(&block) {
                problems.push(format!("{path}:\n{block}prints\n{shown}"));
            }
        }
    }
    assert_none(&problems);
    assert!(blocks >= 5, "{blocks}");
}

#[test]
fn durations_are_no_difference() {
    let text = "to 002 (1.2µs)\nin 3ms; b\nas 4s of a 5ks\n";
    let expected = "to 002 (<duration>)\nin <duration>; b\nas <duration> of a 5ks\n";
    assert_eq!(without_durations(text), expected);
}
