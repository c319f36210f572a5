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
fn build_programs() -> PathBuf {
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

/// Makes a directory with the migrations of the token store.
fn new_directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let migrations = directory.path().join("migrations");
    fs::create_dir(&migrations).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), migrations.join(entry.file_name())).unwrap();
    }
    directory
}

/// Runs the commands of a block, and returns the block as it should be.
fn run(block: &str, programs: &Path) -> String {
    let directory = new_directory();
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
        let path = format!("{PAGES}/{}", page.file_name().to_str().unwrap());
        for block in console_blocks(&read(&path)) {
            blocks += 1;
            let shown = run(&block, &programs);
            if shown != block {
                problems.push(format!("{path}:\n{block}prints\n{shown}"));
            }
        }
    }
    assert_none(&problems);
    assert!(blocks >= 5, "{blocks}");
}
