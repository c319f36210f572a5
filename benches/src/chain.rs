//! The chain that everything is measured on.

use std::fs;
use std::io;
use std::path::Path;

/// One revision of the chain, in no library's form yet.
pub struct Revision {
    /// Its number, from 1.
    pub number: usize,
    /// The SQL that brings a database to it.
    pub upgrade: String,
    /// The SQL that brings a database back from it.
    pub downgrade: String,
}

/// A linear chain of `count` revisions: tables of 4 to 6 columns with an index, every fifth an ADD COLUMN, every seventh
/// 20 rows and an UPDATE. It is the same every time.
pub fn chain(count: usize) -> Vec<Revision> {
    let mut table = 0;
    let revision = |n: usize| {
        let (upgrade, downgrade) = match n {
            _ if n.is_multiple_of(7) => (
                format!(
                    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 20)\n\
                     INSERT INTO t{table} (a, b) SELECT {n} * 1000 + x, 'row ' || x FROM i;\n\
                     UPDATE t{table} SET b = b || '!' WHERE a % 2 = 0;"
                ),
                format!("DELETE FROM t{table} WHERE a / 1000 = {n};"),
            ),
            _ if n.is_multiple_of(5) => (
                format!("ALTER TABLE t{table} ADD COLUMN extra_{n} TEXT;"),
                format!("ALTER TABLE t{table} DROP COLUMN extra_{n};"),
            ),
            _ => {
                table = n;
                let more: String =
                    (0..n % 3).map(|c| format!(",\n    more_{c} INTEGER DEFAULT {c}")).collect();
                (
                    format!(
                        "CREATE TABLE t{n} (\n    id INTEGER PRIMARY KEY,\n    a INTEGER NOT NULL,\n    b TEXT,\n    c REAL{more}\n);\n\
                         CREATE INDEX t{n}_a ON t{n} (a);"
                    ),
                    format!("DROP TABLE t{n};"),
                )
            }
        };
        Revision { number: n, upgrade, downgrade }
    };
    (1..=count).map(revision).collect()
}

/// Writes the chain of `count` revisions into `directory`, as revchain reads it.
///
/// # Errors
///
/// Where a file cannot be written.
pub fn write_chain(directory: &Path, count: usize) -> io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    for revision in chain(count) {
        let (name, text) = revchain_file(&revision);
        fs::write(directory.join(name), text)?;
    }
    Ok(())
}

/// A revision's file, as revchain reads it: its name and its text.
pub(crate) fn revchain_file(revision: &Revision) -> (String, String) {
    let Revision { number: n, upgrade, downgrade } = revision;
    let revises = if *n == 1 { "base".to_owned() } else { format!("{:05}", n - 1) };
    let minute = n - 1;
    let date = format!(
        "2026{:02}{:02}_{:02}{:02}",
        1 + minute / 40320,
        1 + minute / 1440 % 28,
        minute / 60 % 24,
        minute % 60
    );
    let text = format!(
        "-- Revision {n}.\n-- @revises {revises}\n\n-- @upgrade\n{upgrade}\n\n-- @downgrade\n{downgrade}\n"
    );
    (format!("{date}_{n:05}_revision.sql"), text)
}
