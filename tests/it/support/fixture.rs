//! A temporary directory with a database and a chain.

use std::fs;
use std::path::PathBuf;

use revchain::Migrations;
use revchain_core::{LoadedMigrations, lock_file};
use revchain_prove::{migrations_from_directory, migrations_from_directory_unproven};
use tempfile::TempDir;

use super::tools::locked;

/// A temporary directory for a database, removed on drop.
pub(crate) struct Fixture(TempDir);

impl Fixture {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.path("app.db")
    }

    /// Returns the file names in the directory, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// Builds a linear chain of upgrades and downgrades, numbered from 001, without the proof.
    pub(crate) fn chain(&self, steps: &[(&str, &str)]) -> Migrations {
        migrations_from_directory_unproven(self.write_chain(steps)).unwrap()
    }

    /// Builds a linear chain of upgrades and downgrades, numbered from 001, with the proof.
    ///
    /// Lines of an upgrade that begin with `-- @` are its header, but not `-- @code`.
    pub(crate) fn proven(&self, steps: &[(&str, &str)]) -> Migrations {
        migrations_from_directory(self.write_chain(steps)).unwrap()
    }

    /// Does the same as [`proven`](Self::proven), with the first revision locked.
    ///
    /// The proof accepts SQL in a locked revision that it rejects in a new revision.
    pub(crate) fn proven_after_a_lock(&self, steps: &[(&str, &str)]) -> Migrations {
        let directory = self.write_chain(steps);
        let loaded = LoadedMigrations::read(&directory, "migrations");
        let chain = loaded.chain.unwrap();
        let lock = lock_file::render(&chain, &chain.revisions()[..1]);
        fs::write(directory.join(lock_file::FILE_NAME), lock).unwrap();
        migrations_from_directory(&directory).unwrap()
    }

    /// Builds a linear chain of upgrades, with the proof and without judging its rows.
    pub(crate) fn chain_locked(&self, upgrades: &[&str]) -> Migrations {
        let steps: Vec<_> = upgrades
            .iter()
            .map(|upgrade| (*upgrade, "SELECT 1;"))
            .collect();
        locked(&self.write_chain(&steps))
    }

    fn write_chain(&self, steps: &[(&str, &str)]) -> PathBuf {
        let directory = self.path("migrations");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).unwrap();
        for (index, (upgrade, downgrade)) in steps.iter().enumerate() {
            let number = index + 1;
            let revises = match index {
                0 => "base".to_owned(),
                _ => format!("{index:03}"),
            };
            let is_header =
                |line: &&str| line.starts_with("-- @") && !line.starts_with("-- @code ");
            let header: Vec<&str> = upgrade.lines().take_while(is_header).collect();
            let upgrade: Vec<&str> = upgrade.lines().skip(header.len()).collect();
            let header: String = header.iter().map(|line| format!("{line}\n")).collect();
            let text = format!(
                "-- Step {number}.\n-- @revises {revises}\n{header}\
                 -- @upgrade\n{}\n-- @downgrade\n{downgrade}\n",
                upgrade.join("\n"),
            );
            let (hour, minute) = (index / 60, index % 60);
            let name = format!("20260101_{hour:02}{minute:02}_{number:03}_step.sql");
            fs::write(directory.join(name), text).unwrap();
        }
        directory
    }

    /// Builds a chain whose revisions create the tables t1, t2 and so on.
    pub(crate) fn tables(&self, count: usize) -> Migrations {
        let steps: Vec<_> = (1..=count)
            .map(|n| {
                (
                    format!("CREATE TABLE t{n} (a);"),
                    format!("DROP TABLE t{n};"),
                )
            })
            .collect();
        let steps: Vec<_> = steps
            .iter()
            .map(|(upgrade, downgrade)| (upgrade.as_str(), downgrade.as_str()))
            .collect();
        self.chain(&steps)
    }
}
