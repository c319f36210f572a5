//! The script of the guide for continuous integration, on branches of a repository.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::console::{build_programs, copy};
use crate::sources::read;

const NEW: &str = "migrations/20991201_1200_010_add_devices.sql";

/// Returns the only code block of the page with this first line.
fn block(language: &str, first_line: &str) -> String {
    let page = read("docs/guide/ci.md");
    let start = format!("\n```{language}\n{first_line}\n");
    let block = page.split(&start).nth(1).unwrap();
    format!("{first_line}\n{}\n", block.split("\n```").next().unwrap())
}

/// A repository whose branch `main` has a locked chain, with the script of the page.
struct Repository {
    directory: tempfile::TempDir,
    /// The variable `PATH`, with the programs of the workspace.
    path: String,
}

impl Repository {
    fn new() -> Self {
        let path = env::var("PATH").unwrap();
        let new = Self {
            directory: tempfile::tempdir().unwrap(),
            path: format!("{}:{path}", build_programs().display()),
        };
        let chain = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        copy(&chain, &new.directory.path().join("migrations"));
        fs::create_dir(new.directory.path().join("ci")).unwrap();
        new.write("ci/migrations", &block("sh", "#!/bin/sh"));
        new.succeeds("git init --quiet --initial-branch main && revchain lock");
        new.commit();
        new.succeeds("git switch --quiet --create branch");
        new
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    /// Adds a revision after 009.
    fn add(&self, name: &str, table: &str) {
        let text = format!(
            "-- Add {table}.\n-- @revises 009\n-- @upgrade\nCREATE TABLE {table} (name TEXT);\n\
             -- @downgrade\nDROP TABLE {table};\n"
        );
        self.write(name, &text);
        self.succeeds("revchain lock --head");
        self.commit();
    }

    /// Runs a line of the shell, and returns `true` on success, and the output.
    fn run(&self, line: &str) -> (bool, String) {
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(self.directory.path())
            .env("PATH", &self.path)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }

    fn succeeds(&self, line: &str) {
        let (success, output) = self.run(line);
        assert!(success, "{line}: {output}");
    }

    fn commit(&self) {
        let names = "-c user.name=a -c user.email=a@example.org";
        self.succeeds(&format!(
            "git add . && git {names} commit --quiet -m change"
        ));
    }

    fn assert_fails_with(&self, message: &str) {
        let (success, output) = self.run("sh ci/migrations main");
        assert!(!success && output.contains(message), "{output}");
    }
}

#[test]
fn workflow_runs_the_script() {
    let workflow = block("yaml", "name: migrations");
    assert!(workflow.contains("\n      - run: sh ci/migrations \"origin/$BASE\"\n"));
}

#[test]
fn branch_with_a_new_revision_passes() {
    let repository = Repository::new();
    repository.add(NEW, "devices");
    repository.succeeds("sh ci/migrations main");
    repository.succeeds("revchain lock");
    repository.commit();
    repository.succeeds("sh ci/migrations main");
}

#[test]
fn branch_that_locks_a_released_revision_anew_fails() {
    let repository = Repository::new();
    repository.add(NEW, "devices");
    repository.succeeds(
        "sed -i 's/CREATE TABLE/CREATE TABLE IF NOT EXISTS/' migrations/*_001_*.sql && \
         rm migrations/revchain.lock && revchain lock",
    );
    repository.commit();
    repository
        .assert_fails_with("these revisions are released, and this branch changes them\n-001");
}

#[test]
fn branch_with_a_second_head_fails() {
    let repository = Repository::new();
    repository.add(NEW, "devices");
    repository.write(
        "migrations/20991202_1200_011_add_themes.sql",
        "-- Add themes.\n-- @revises 009\n-- @upgrade\nCREATE TABLE themes (name TEXT);\n\
         -- @downgrade\nDROP TABLE themes;\n",
    );
    repository.commit();
    repository.assert_fails_with("[multiple-heads]");
}
