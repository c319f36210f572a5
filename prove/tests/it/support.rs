//! Chains that the tests write, and assertions about their defects.

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};

use revchain_core::{Defect, LoadedMigrations, lock_file};
use revchain_prove::{Scope, prove};

/// A temporary directory of migrations.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Directory {
    /// Creates a chain of these upgrades and downgrades, numbered from 001.
    ///
    /// - Lines of an upgrade that begin with `@` are its header.
    /// - A revision with an empty downgrade is irreversible.
    /// - The SQL of the upgrade begins at line 4, or after the header.
    pub(crate) fn of(steps: &[(&str, &str)]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("prove-{}-{number}", process::id()));
        fs::create_dir_all(&path).unwrap();
        let directory = Self(path);
        for (index, (upgrade, downgrade)) in steps.iter().enumerate() {
            let is_header = |line: &&str| line.starts_with('@');
            let mut header: Vec<String> = upgrade
                .lines()
                .filter(is_header)
                .map(|line| format!("-- {line}"))
                .collect();
            if !header.iter().any(|line| line.starts_with("-- @revises")) {
                let parent = if index == 0 {
                    "base".to_owned()
                } else {
                    format!("{index:03}")
                };
                header.insert(0, format!("-- @revises {parent}"));
            }
            let downgrade = match *downgrade {
                "" => {
                    header.push("-- @irreversible it is a test".to_owned());
                    String::new()
                }
                downgrade => format!("-- @downgrade\n{downgrade}\n"),
            };
            let upgrade: Vec<&str> = upgrade.lines().filter(|line| !is_header(line)).collect();
            let text = format!(
                "-- Step.\n{}\n-- @upgrade\n{}\n{downgrade}",
                header.join("\n"),
                upgrade.join("\n")
            );
            let name = format!(
                "20260101_{:02}{:02}_{:03}_step.sql",
                index / 60,
                index % 60,
                index + 1
            );
            fs::write(directory.0.join(name), text).unwrap();
        }
        directory
    }

    pub(crate) fn prove(&self, scope: Scope) -> LoadedMigrations {
        prove(LoadedMigrations::read(&self.0, "migrations"), scope)
    }

    pub(crate) fn lock(&self, ids: &[&str]) {
        let chain = LoadedMigrations::read(&self.0, "migrations").chain.unwrap();
        let locked = chain
            .revisions()
            .iter()
            .filter(|revision| ids.contains(&revision.id()));
        fs::write(
            self.0.join("revchain.lock"),
            lock_file::render(&chain, locked),
        )
        .unwrap();
    }
}

/// Returns the defects of a chain, in the order of the files.
pub(crate) fn defects(steps: &[(&str, &str)]) -> Vec<Defect> {
    sorted(Directory::of(steps).prove(Scope::All))
}

pub(crate) fn sorted(loaded: LoadedMigrations) -> Vec<Defect> {
    match loaded.into_chain() {
        Ok(_) => Vec::new(),
        Err(defects) => defects.iter().cloned().collect(),
    }
}

/// Returns a summary of each defect: its kind, revision and line.
pub(crate) fn summaries(steps: &[(&str, &str)]) -> Vec<String> {
    defects(steps).iter().map(summary).collect()
}

pub(crate) fn summary(defect: &Defect) -> String {
    let revision = defect
        .path()
        .and_then(|path| path.split('_').nth(2))
        .unwrap_or("-");
    let line = defect
        .line_column()
        .map(|(line, _)| format!(":{line}"))
        .unwrap_or_default();
    format!("{} {revision}{line}", defect.kind())
}

pub(crate) fn assert_proven(steps: &[(&str, &str)]) {
    let found = defects(steps);
    let shown: Vec<String> = found.iter().map(Defect::to_string).collect();
    assert!(found.is_empty(), "{}", shown.join("\n\n"));
}

/// Asserts that there is one defect, with this summary and these words in its text.
#[track_caller]
pub(crate) fn assert_one_defect(steps: &[(&str, &str)], expected: &str, words: &[&str]) {
    let defects = defects(steps);
    let [defect] = &defects[..] else {
        let shown: Vec<String> = defects.iter().map(Defect::to_string).collect();
        panic!(
            "{} defects instead of one\n{}",
            defects.len(),
            shown.join("\n\n")
        )
    };
    assert_eq!(summary(defect), expected, "{defect}");
    let text = defect.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}

pub(crate) const T: (&str, &str) = (
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
    "DROP TABLE t;",
);

/// A parent table and a child table.
pub(crate) const FAMILY: (&str, &str) = (
    "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT);
     CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);",
    "DROP TABLE c; DROP TABLE p;",
);

/// Returns a rebuild of `t` that fills the new table with the statement `copy`.
pub(crate) fn rebuild(columns: &str, copy: &str) -> String {
    format!("CREATE TABLE new ({columns});\n{copy};\nDROP TABLE t;\nALTER TABLE new RENAME TO t;")
}

pub(crate) const COLUMNS: &str = "id INTEGER PRIMARY KEY, a TEXT, b TEXT";

/// Returns the chain of a merge: 002 and 003 both revise 001, and 004 revises both.
pub(crate) fn merge<'s>(
    left: (&'s str, &'s str),
    right: (&'s str, &'s str),
    last: (&'s str, &'s str),
) -> [(&'s str, &'s str); 4] {
    [
        ("CREATE TABLE t (a INTEGER PRIMARY KEY);", "DROP TABLE t;"),
        left,
        right,
        last,
    ]
}
