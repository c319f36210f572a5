//! What the measurements share: the chain that they are made on, and medians.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// Writes a linear chain of `count` revisions into `directory`: tables of 4 to 6 columns with an index, every fifth an
/// ADD COLUMN, every seventh 20 rows and an UPDATE. It is the same every time.
///
/// # Errors
///
/// Where a file cannot be written.
pub fn write_chain(directory: &Path, count: usize) -> io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    let mut table = 0;
    for n in 1..=count {
        let revises = if n == 1 { "base".to_owned() } else { format!("{:05}", n - 1) };
        let (upgrade, downgrade) = match n {
            _ if n % 7 == 0 => (
                format!(
                    "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 20)\n\
                     INSERT INTO t{table} (a, b) SELECT {n} * 1000 + x, 'row ' || x FROM i;\n\
                     UPDATE t{table} SET b = b || '!' WHERE a % 2 = 0;"
                ),
                format!("DELETE FROM t{table} WHERE a / 1000 = {n};"),
            ),
            _ if n % 5 == 0 => (
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
        fs::write(directory.join(format!("{date}_{n:05}_revision.sql")), text)?;
    }
    Ok(())
}

/// The least, the middle and the greatest of some durations.
pub fn spread(mut durations: Vec<Duration>) -> (Duration, Duration, Duration) {
    durations.sort();
    (durations[0], durations[durations.len() / 2], durations[durations.len() - 1])
}
