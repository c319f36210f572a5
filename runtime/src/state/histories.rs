//! The history tables of a database, and the state that they describe.

use std::cell::OnceCell;
use std::collections::HashSet;

use revchain_core::history::state::UnmanagedState;
use revchain_core::model::checksum;
use revchain_core::schema::{SchemaFilter, SchemaSql};
use revchain_core::source::file_name::is_chain_name;
use revchain_core::sql::change::dropped_names;
use revchain_core::{DatabaseState, FinishedJob, HistoryRow, Revision, RevisionIndex, Was};

use super::column_order::{ignoring_column_order, reordered_tables};
use super::history_entry::HistoryEntry;
use super::history_rows::has_foreign;
use super::history_table::HistoryTable;
use super::job_rows::finished_jobs;
use super::marker::{has_marker, marker_index};
use super::own_tables::check_is_table;
use super::schema::read_schema_sql;
use super::tool_records::read_records;
use crate::migrations::Migrations;
use crate::session::database::Database;
use crate::session::sql::query_texts;

/// The history tables of a database.
pub(crate) struct Histories<'s> {
    database: Database<'s>,
    own: HistoryTable<'s>,
    /// `true` if the chain has a history table, unless something has deleted all of its rows.
    has_own: bool,
    /// The names of the other chains in the database; `None` for the chain without a name.
    others: Vec<Option<String>>,
    /// `true` if the order of columns is ignored. The first use reads the history.
    ignores_column_order: OnceCell<bool>,
}

impl<'s> Histories<'s> {
    /// Finds the history tables of all chains in the database.
    pub(crate) fn read(database: Database<'s>) -> rusqlite::Result<Self> {
        let own = HistoryTable::of(database.migrations);
        let mut has_own = false;
        let mut others = Vec::new();
        // A table without a PRIMARY KEY is not a history but a copy, made by CREATE TABLE … AS.
        let mut statement = database.connection.prepare(
            "SELECT name, coalesce(type = 'table' AND sql LIKE '%PRIMARY KEY%', 0), type
             FROM main.sqlite_master
             WHERE name >= 'revchain_history' COLLATE NOCASE
             AND name < 'revchain_historz' COLLATE NOCASE",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = String::from_utf8_lossy(row.get_ref(0)?.as_bytes()?).to_ascii_lowercase();
            if name == own.name() {
                check_is_table(&name, row.get_ref(2)?.as_str().unwrap_or_default())?;
                has_own = true;
            } else if row.get::<_, bool>(1)? {
                others.extend(chain_of_table(&name));
            }
        }
        drop(rows);
        drop(statement);
        let mut histories = Self {
            database,
            own,
            has_own,
            others,
            ignores_column_order: OnceCell::new(),
        };
        // An emptied history says nothing, and must not be read as base.
        histories.has_own = has_own && !histories.is_emptied()?;
        Ok(histories)
    }

    /// Returns `true` if something other than revchain has deleted all rows of the history.
    ///
    /// Then the database has tables of the chain, and also a marker or the schema of a revision.
    /// A stamp of base and a downgrade to base leave no marker.
    fn is_emptied(&self) -> rusqlite::Result<bool> {
        let connection = self.database.connection;
        if self.own.has_rows(connection)? {
            return Ok(false);
        }
        let chain = self.database.chain();
        let own = chain.own_objects(&self.database.settings.ignored_tables);
        if read_schema_sql(connection, &own)?.is_empty() {
            return Ok(false);
        }
        if has_marker(connection, self.database.migrations) {
            return Ok(true);
        }
        Ok(!chain.with_schema(&self.read_schema()?).is_empty())
    }

    /// Returns the names of all chains with a history in the database, sorted.
    ///
    /// The name of the chain without a name is `None`.
    pub(crate) fn chains(&self) -> Vec<Option<String>> {
        let mut chains = self.others.clone();
        if self.has_own {
            chains.push(self.database.migrations.name().map(str::to_owned));
        }
        chains.sort();
        chains
    }

    /// Returns the history table of the chain, if the database has that table.
    fn own(&self) -> Option<&HistoryTable<'s>> {
        self.has_own.then_some(&self.own)
    }

    /// Reads the rows of the history, as entries for users. Returns no rows if there is no history.
    pub(crate) fn entries(&self) -> rusqlite::Result<Vec<HistoryEntry>> {
        match self.own() {
            Some(table) => table.entries(self.database.connection),
            None => Ok(Vec::new()),
        }
    }

    /// Reads the history as a state without a schema. Returns `None` if there is no history.
    pub(crate) fn managed_state(&self) -> rusqlite::Result<Option<DatabaseState>> {
        let Some(table) = self.own() else {
            return Ok(None);
        };
        Ok(Some(DatabaseState::Managed {
            rows: table.rows(self.database.connection)?,
            schema: None,
            finished_jobs: self.finished_jobs()?,
        }))
    }

    /// Reads the state of the database.
    ///
    /// The state of a database with a history includes the schema if
    /// [`needs_schema`](Self::needs_schema) returns `true`.
    pub(crate) fn state(&self) -> rusqlite::Result<DatabaseState> {
        if let Some(table) = self.own() {
            let rows = table.rows(self.database.connection)?;
            let schema = if self.needs_schema(&rows)? {
                Some(self.schema_sql()?)
            } else {
                None
            };
            return Ok(DatabaseState::Managed {
                rows,
                schema,
                finished_jobs: self.finished_jobs()?,
            });
        }
        if let Some(name) = self.find_under_other_name()? {
            return Ok(DatabaseState::OtherChain { name });
        }
        let schema = self.schema_sql()?;
        let records = read_records(self.database, &schema, self.is_shared())?;
        // A tool of the chain that has recorded migrations has made tables, even if none is left.
        let is_recorded = records.iter().any(|record| {
            let is_named = |was: &Was| was.tool == record.tool;
            let mut was = self
                .database
                .chain()
                .revisions()
                .iter()
                .flat_map(Revision::was);
            record.last().is_some() && was.any(is_named)
        });
        if schema.is_empty() && !is_recorded {
            return Ok(DatabaseState::Empty);
        }
        Ok(DatabaseState::Unmanaged(UnmanagedState { schema, records }))
    }

    /// Reads the finished jobs, if a revision of the chain requires a job.
    fn finished_jobs(&self) -> rusqlite::Result<Vec<FinishedJob>> {
        let Database {
            connection,
            migrations,
            ..
        } = self.database;
        if !migrations.chain().requires_jobs() {
            return Ok(Vec::new());
        }
        finished_jobs(migrations, connection)
    }

    /// Returns `true` if a plan must compare the schema, because no marker confirms the history.
    fn needs_schema(&self, rows: &[HistoryRow]) -> rusqlite::Result<bool> {
        let Database {
            connection,
            migrations,
            ..
        } = self.database;
        // For a revision that is not one of the chain, the chain has no schema to compare.
        let chain = migrations.chain();
        if !chain.is_proven() || has_foreign(chain, rows) {
            return Ok(false);
        }
        let marked = marker_index(connection, migrations)?;
        Ok(!marked.is_some_and(|index| is_history_up_to(migrations, rows, index)))
    }

    /// Returns the name of another history that has revisions of this chain.
    ///
    /// Returns `Some(None)` for the history without a name.
    fn find_under_other_name(&self) -> rusqlite::Result<Option<Option<String>>> {
        let migrations = self.database.migrations;
        for name in &self.others {
            let table = HistoryTable::named(migrations, name.as_deref());
            let rows = table.stamps(self.database.connection)?;
            if rows.iter().any(|row| is_of_chain(migrations, row)) {
                return Ok(Some(name.clone()));
            }
        }
        Ok(None)
    }

    /// Returns `true` if other chains may have tables in the database.
    ///
    /// This is the case if the chain has a name, or if the database has the history of another
    /// chain.
    fn is_shared(&self) -> bool {
        self.database.migrations.name().is_some() || !self.others.is_empty()
    }

    /// Reads the schema without ignored tables. In a shared database, reads only the objects of the
    /// chain.
    ///
    /// If the history or the settings ignore the order of columns, the schema is returned as if the
    /// columns had the order of the chain.
    pub(crate) fn schema_sql(&self) -> rusqlite::Result<SchemaSql> {
        let sql = self.read_schema()?;
        if self.ignores_column_order()? {
            return Ok(ignoring_column_order(self.database.chain(), sql));
        }
        Ok(sql)
    }

    /// Returns the tables whose columns have another order than in the chain, if the history or the
    /// settings ignore the order.
    pub(crate) fn reordered_tables(&self) -> rusqlite::Result<Vec<String>> {
        if !self.ignores_column_order()? {
            return Ok(Vec::new());
        }
        Ok(reordered_tables(
            self.database.chain(),
            &self.read_schema()?,
        ))
    }

    fn ignores_column_order(&self) -> rusqlite::Result<bool> {
        if let Some(ignores) = self.ignores_column_order.get() {
            return Ok(*ignores);
        }
        let ignores = match self.own() {
            Some(table) => table.ignores_column_order(self.database.connection)?,
            None => self.database.settings.ignores_column_order,
        };
        Ok(*self.ignores_column_order.get_or_init(|| ignores))
    }

    fn read_schema(&self) -> rusqlite::Result<SchemaSql> {
        let ignored = &self.database.settings.ignored_tables;
        let filter = if self.is_shared() {
            self.database.chain().own_objects(ignored)
        } else {
            SchemaFilter {
                ignored: ignored.clone(),
                own: None,
            }
        };
        read_schema_sql(self.database.connection, &filter)
    }

    /// Returns the lowercase names that the chain makes; `None` if the database is not shared.
    pub(crate) fn own_names(&self) -> Option<HashSet<String>> {
        if !self.is_shared() {
            return None;
        }
        let own = self.database.chain().own_objects(&[]).own;
        let names = own.into_iter().flatten();
        Some(names.map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Returns the lowercase names of the tables that other chains drop in their downgrades.
    pub(crate) fn names_of_other_chains(&self) -> rusqlite::Result<HashSet<String>> {
        let migrations = self.database.migrations;
        let mut names = HashSet::new();
        for name in &self.others {
            let table = HistoryTable::named(migrations, name.as_deref());
            for downgrade in table.downgrades(self.database.connection)? {
                names.extend(dropped_names(&downgrade));
            }
        }
        Ok(names)
    }

    /// Returns the tables of the chain in a shared database; `None` if the database is not shared.
    pub(crate) fn own_tables(&self) -> rusqlite::Result<Option<Vec<String>>> {
        if !self.is_shared() {
            return Ok(None);
        }
        let own = self
            .database
            .chain()
            .own_objects(&[])
            .own
            .unwrap_or_default();
        let sql = "SELECT name FROM main.sqlite_master WHERE type = 'table'";
        let mut tables = query_texts(self.database.connection, sql, [])?;
        tables.retain(|name| own.iter().any(|own| own.eq_ignore_ascii_case(name)));
        Ok(Some(tables))
    }
}

/// Returns the name of the chain to which the history table `table` belongs.
///
/// Returns `Some(None)` for the chain without a name, and `None` if the table is not a history.
fn chain_of_table(table: &str) -> Option<Option<String>> {
    let suffix = table.strip_prefix("revchain_history")?;
    if suffix.is_empty() {
        return Some(None);
    }
    let name = suffix
        .strip_prefix('_')
        .filter(|name| is_chain_name(name))?;
    Some(Some(name.to_owned()))
}

/// Returns `true` if the chain has a revision with the id and the checksum of the row.
fn is_of_chain(migrations: &Migrations, row: &HistoryRow) -> bool {
    let chain = migrations.chain();
    let index = chain.index_of(&row.revision);
    index.is_some_and(|index| checksum::is_hex_of(&row.checksum, chain[index].checksum()))
}

/// Returns `true` if the rows are exactly the revisions up to `last`, in the order of the chain.
fn is_history_up_to(migrations: &Migrations, rows: &[HistoryRow], last: RevisionIndex) -> bool {
    let ids = migrations.revisions()[..=last.get()]
        .iter()
        .map(Revision::id);
    ids.eq(rows.iter().map(|row| row.revision.as_str()))
}
