//! What the tests share: chains written for the occasion, and a look into databases.

#![allow(dead_code, reason = "no test uses all of it")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use revchain::rusqlite::Connection;
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use revchain::rusqlite::types::ValueRef;
use revchain::{Migrations, embed_migrations};
use tempfile::TempDir;

/// The repository's own chain: the token store's.
pub(crate) static TOKENS: Migrations = embed_migrations!("migrations");

/// A folder with a database in it, removed when it is dropped.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn db(&self) -> PathBuf {
        self.path("app.db")
    }

    /// The names of all that is in the folder, in order.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort_unstable();
        names
    }

    /// Writes a linear chain of upgrades and downgrades, numbered from 001, and reads it. What is tested with it is what
    /// happens to databases, also by a chain that the proof would refuse.
    pub(crate) fn chain(&self, steps: &[(&str, &str)]) -> Migrations {
        Migrations::from_directory_unproven(self.write_chain(steps)).unwrap()
    }

    /// The same, proven.
    pub(crate) fn proven(&self, steps: &[(&str, &str)]) -> Migrations {
        Migrations::from_directory(self.write_chain(steps)).unwrap()
    }

    fn write_chain(&self, steps: &[(&str, &str)]) -> PathBuf {
        let directory = self.path("migrations");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).unwrap();
        for (index, (upgrade, downgrade)) in steps.iter().enumerate() {
            let revises = if index == 0 { "base".to_owned() } else { format!("{index:03}") };
            let text = format!(
                "-- Step {}.\n-- @revises {revises}\n-- @upgrade\n{upgrade}\n-- @downgrade\n{downgrade}\n",
                index + 1
            );
            let name = format!("20260101_{:02}{:02}_{:03}_step.sql", index / 60, index % 60, index + 1);
            fs::write(directory.join(name), text).unwrap();
        }
        directory
    }

    /// A chain of tables t1, t2 …, one a revision.
    pub(crate) fn tables(&self, count: usize) -> Migrations {
        let steps: Vec<_> =
            (1..=count).map(|n| (format!("CREATE TABLE t{n} (a);"), format!("DROP TABLE t{n};"))).collect();
        self.chain(&steps.iter().map(|(up, down)| (up.as_str(), down.as_str())).collect::<Vec<_>>())
    }
}

/// What `run` gives, and the tables that SQLite reads for it, in order.
pub(crate) fn read_by<T>(db: &mut Connection, run: impl FnOnce(&mut Connection) -> T) -> (T, Vec<String>) {
    let tables = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tables);
    let authorizer = move |context: AuthContext<'_>| {
        if let AuthAction::Read { table_name, .. } = context.action {
            seen.lock().unwrap().push(table_name.to_owned());
        }
        Authorization::Allow
    };
    // Some versions of rusqlite give a result here, others nothing.
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(Some(authorizer));
    let result = run(db);
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    let tables = tables.lock().unwrap().clone();
    (result, tables)
}

pub(crate) fn ids(connection: &Connection) -> Vec<String> {
    let mut statement = connection.prepare("SELECT revision FROM revchain_history ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

pub(crate) fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// The schema in words: tables with their columns, and the indexes, save revchain's own.
pub(crate) fn schema(connection: &Connection) -> String {
    dump(
        connection,
        "SELECT m.type, m.name, c.cid, c.name, c.type, c.\"notnull\", c.dflt_value, c.pk
         FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.name NOT LIKE 'revchain%' ORDER BY 2, 3",
    ) + &dump(
        connection,
        "SELECT tbl_name, name, sql FROM sqlite_master WHERE type <> 'table' AND name NOT LIKE 'revchain%'
         AND tbl_name NOT LIKE 'revchain%' ORDER BY 1, 2",
    )
}

/// Every row of every table, save revchain's own.
pub(crate) fn rows(connection: &Connection) -> String {
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'revchain%' AND name NOT LIKE 'sqlite%' ORDER BY 1")
        .unwrap();
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    names
        .iter()
        .map(|name| format!("{name}\n{}", dump(connection, &format!("SELECT * FROM \"{name}\""))))
        .collect()
}

pub(crate) fn dump(connection: &Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        for column in 0..columns {
            match row.get_ref(column).unwrap() {
                ValueRef::Text(value) => write!(text, "{} ", String::from_utf8_lossy(value)).unwrap(),
                value => write!(text, "{value:?} ").unwrap(),
            }
        }
        text.push('\n');
    }
    text
}

pub(crate) fn is_sound(path: &Path) -> bool {
    let connection = Connection::open(path).unwrap();
    let answer: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    answer == "ok"
}
