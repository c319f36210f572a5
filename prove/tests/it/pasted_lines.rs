//! The advice of each defect: a line that a help shows is accepted by the next build.

use std::fs;
use std::path::{Path, PathBuf};

use revchain_core::{Defect, LoadedMigrations};
use revchain_prove::{Scope, prove};
use tempfile::TempDir;

use crate::support::sorted;

/// Chains with defects whose help shows a line to paste, beside those of `tests/ui/chains`.
const CHAINS: &[(&str, &str)] = &[
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "DROP TABLE t;",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "ALTER TABLE t DROP COLUMN b;",
    ),
    (
        "CREATE TABLE \"a t\" (id INTEGER PRIMARY KEY, \"a b\" TEXT, c TEXT);",
        "ALTER TABLE \"a t\" DROP COLUMN \"a b\"; CREATE UNIQUE INDEX i ON \"a t\" (c);",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "ALTER TABLE t RENAME TO old; CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);
         INSERT INTO t (id, a) SELECT id, a FROM old WHERE a = 'x'; DROP TABLE old;",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "CREATE TABLE new (id INTEGER PRIMARY KEY, a NUMERIC NOT NULL UNIQUE, b TEXT CHECK (b <> ''));
         INSERT INTO new SELECT id, a, b FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT) STRICT;",
        "CREATE TABLE new (id INTEGER PRIMARY KEY, a INTEGER, b TEXT) STRICT;
         INSERT INTO new SELECT id, a, b FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;",
    ),
    (
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER);",
        "CREATE TABLE new (id INTEGER PRIMARY KEY, p INTEGER NOT NULL REFERENCES p (id));
         INSERT INTO new SELECT id, p FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t;",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "CREATE INDEX i ON t (slug(a)); UPDATE t SET b = slug(a, b);",
    ),
    (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT);",
        "CREATE UNIQUE INDEX i ON t (lower(a)) WHERE b IS NOT NULL;",
    ),
];

#[test]
fn line_that_a_help_shows_is_accepted() {
    let mut pasted = 0;
    for (first, second) in CHAINS {
        let directory = TempDir::new().unwrap();
        let revision = |id: &str, parent: &str, sql: &str| {
            format!(
                "-- Step {id}.\n-- @revises {parent}\n-- @irreversible it is a test\n-- @upgrade\n{sql}\n"
            )
        };
        let write = |name: &str, text: String| fs::write(directory.path().join(name), text);
        write("20260101_0000_001_a.sql", revision("001", "base", first)).unwrap();
        write("20260102_0000_002_b.sql", revision("002", "001", second)).unwrap();
        pasted += paste_each(directory.path());
    }
    assert!(pasted >= 12, "{pasted} lines were pasted");
}

#[test]
fn line_that_a_compile_error_shows_is_accepted() {
    let chains = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/ui/chains");
    let mut pasted = 0;
    for entry in fs::read_dir(chains).unwrap() {
        let directory = TempDir::new().unwrap();
        let Ok(files) = fs::read_dir(entry.unwrap().path()) else {
            continue;
        };
        for file in files.map(|file| file.unwrap().path()) {
            if file.is_file() {
                fs::copy(&file, directory.path().join(file.file_name().unwrap())).unwrap();
            }
        }
        pasted += paste_each(directory.path());
    }
    assert!(pasted >= 4, "{pasted} lines were pasted");
}

/// Pastes the line of each defect, and asserts that the defect is gone and no other came.
///
/// Returns the number of pasted lines.
fn paste_each(directory: &Path) -> usize {
    let defects = defects_of(directory);
    let mut pasted = 0;
    for defect in &defects {
        let Some(line) = advised_line(defect) else {
            continue;
        };
        let path: PathBuf = defect.path().unwrap().into();
        let path = directory.join(path.file_name().unwrap());
        let text = fs::read_to_string(&path).unwrap();
        let line = line.replace("REASON", "it is meant");
        let section = text.find("-- @upgrade").unwrap();
        let (header, rest) = text.split_at(section);
        fs::write(&path, format!("{header}{line}\n{rest}")).unwrap();
        let left = defects_of(directory);
        fs::write(&path, text).unwrap();
        pasted += 1;
        let shown: Vec<String> = left.iter().map(Defect::to_string).collect();
        let shown = format!("{line}\n{defect}\n→ {}", shown.join("\n"));
        let has = |defects: &[Defect], one: &Defect| {
            let mut defects = defects.iter();
            defects.any(|other| other.kind() == one.kind() && other.title() == one.title())
        };
        assert!(!has(&left, defect), "still there: {shown}");
        for other in &left {
            assert!(has(&defects, other), "new: {shown}");
        }
    }
    pasted
}

fn defects_of(directory: &Path) -> Vec<Defect> {
    sorted(prove(
        LoadedMigrations::read(directory, "migrations"),
        Scope::All,
    ))
}

/// Returns the directive that the help of a defect shows in backticks.
fn advised_line(defect: &Defect) -> Option<String> {
    let help = defect.help_text();
    let kind = defect.kind().name();
    // These defects are about directives that the file has already.
    if kind.contains("directive") || kind.starts_with("missing-") {
        return None;
    }
    let names = [
        "@destroys",
        "@assumes",
        "@loosens",
        "@function",
        "@collation",
        "@module",
    ];
    let start = names
        .iter()
        .find_map(|name| help.find(&format!("`-- {name}")))?
        + 1;
    let end = start + help[start..].find('`')?;
    Some(help[start..end].to_owned())
}
