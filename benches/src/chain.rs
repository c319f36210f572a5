//! The chain of the measurements.

use std::fs;
use std::io;
use std::path::Path;

/// A revision of the chain, not yet in the format of a library.
pub struct Revision {
    /// The number of the revision, from 1.
    pub number: usize,
    /// The SQL of the upgrade.
    pub upgrade: String,
    /// The SQL of the downgrade.
    pub downgrade: String,
}

impl Revision {
    /// Makes a revision that inserts 20 rows into a table, and updates some of them.
    fn change_rows(number: usize, table: usize) -> Self {
        Self {
            number,
            upgrade: format!(
                "WITH RECURSIVE i(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM i WHERE x < 20)\n\
                 INSERT INTO t{table} (a, b) SELECT {number} * 1000 + x, 'row ' || x FROM i;\n\
                 UPDATE t{table} SET b = b || '!' WHERE a % 2 = 0;"
            ),
            downgrade: format!("DELETE FROM t{table} WHERE a / 1000 = {number};"),
        }
    }

    fn add_column(number: usize, table: usize) -> Self {
        Self {
            number,
            upgrade: format!("ALTER TABLE t{table} ADD COLUMN extra_{number} TEXT;"),
            downgrade: format!("ALTER TABLE t{table} DROP COLUMN extra_{number};"),
        }
    }

    /// Makes a revision that creates a table, whose number is that of the revision.
    fn create_table(number: usize) -> Self {
        let more: String = (0..number % 3)
            .map(|column| format!(",\n    more_{column} INTEGER DEFAULT {column}"))
            .collect();
        Self {
            number,
            upgrade: format!(
                "CREATE TABLE t{number} (\n    id INTEGER PRIMARY KEY,\n    a INTEGER NOT NULL,\n    \
                 b TEXT,\n    c REAL{more}\n);\n\
                 CREATE INDEX t{number}_a ON t{number} (a);"
            ),
            downgrade: format!("DROP TABLE t{number};"),
        }
    }
}

/// Makes a linear chain of `count` revisions, which is the same each time.
///
/// The revisions create tables of 4 to 6 columns with an index.
/// Every fifth revision adds a column instead, and every seventh changes rows.
pub fn chain(count: usize) -> Vec<Revision> {
    let mut table = 0;
    let mut chain = Vec::with_capacity(count);
    for number in 1..=count {
        chain.push(if number.is_multiple_of(7) {
            Revision::change_rows(number, table)
        } else if number.is_multiple_of(5) {
            Revision::add_column(number, table)
        } else {
            table = number;
            Revision::create_table(number)
        });
    }
    chain
}

/// The number of columns of a rebuilt table.
const REBUILT_COLUMNS: usize = 20;

/// Makes a chain of 100 revisions: 40 create 60 tables of 20 columns, and 60 rebuild these tables.
pub fn rebuild_chain() -> Vec<Revision> {
    let create = |table: usize| {
        let columns = rebuilt_columns("");
        format!("CREATE TABLE r{table} (id INTEGER PRIMARY KEY{columns});\n")
    };
    let drop = |table: usize| format!("DROP TABLE r{table};\n");
    let mut chain = Vec::new();
    // The first 20 revisions create two tables each.
    for number in 1..=40 {
        let tables = if number <= 20 {
            vec![number, number + 40]
        } else {
            vec![number]
        };
        chain.push(Revision {
            number,
            upgrade: tables.iter().copied().map(create).collect(),
            downgrade: tables.iter().copied().map(drop).collect(),
        });
    }
    for table in 1..=60 {
        chain.push(Revision {
            number: table + 40,
            upgrade: rebuild(table, " DEFAULT 'none'"),
            downgrade: rebuild(table, ""),
        });
    }
    chain
}

/// Returns all columns but the primary key. `default` is the default of the first column.
fn rebuilt_columns(default: &str) -> String {
    let types = ["TEXT", "INTEGER", "REAL", "BLOB"];
    (1..REBUILT_COLUMNS)
        .map(|column| {
            let default = if column == 1 { default } else { "" };
            format!(", c{column} {}{default}", types[(column - 1) % 4])
        })
        .collect()
}

fn rebuild(table: usize, default: &str) -> String {
    let columns = rebuilt_columns(default);
    let names: String = (1..REBUILT_COLUMNS)
        .map(|column| format!(", c{column}"))
        .collect();
    format!(
        "CREATE TABLE new (id INTEGER PRIMARY KEY{columns});\n\
         INSERT INTO new (id{names}) SELECT id{names} FROM r{table};\n\
         DROP TABLE r{table};\nALTER TABLE new RENAME TO r{table};"
    )
}

/// Writes a chain into a new `directory`, in the format of revchain.
///
/// # Errors
///
/// Fails if a file cannot be written.
pub fn write_chain(directory: &Path, chain: &[Revision]) -> io::Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory)?;
    }
    fs::create_dir_all(directory)?;
    for revision in chain {
        let (name, text) = revchain_file(revision);
        fs::write(directory.join(name), text)?;
    }
    Ok(())
}

/// Returns the name and the text of a revision's file, in the format of revchain.
pub(crate) fn revchain_file(revision: &Revision) -> (String, String) {
    let Revision {
        number,
        upgrade,
        downgrade,
    } = revision;
    let revises = match number - 1 {
        0 => "base".to_owned(),
        parent => format!("{parent:05}"),
    };
    // Each revision is dated a minute after the previous one.
    let minute = number - 1;
    let date = format!(
        "2026{:02}{:02}_{:02}{:02}",
        1 + minute / 40320,
        1 + minute / 1440 % 28,
        minute / 60 % 24,
        minute % 60
    );
    let text = format!(
        "-- Revision {number}.\n-- @revises {revises}\n\n-- @upgrade\n{upgrade}\n\n-- @downgrade\n{downgrade}\n"
    );
    (format!("{date}_{number:05}_revision.sql"), text)
}
