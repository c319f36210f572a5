//! A database in memory at the schema of a revision, on which queries are prepared and run.

use std::collections::HashMap;
use std::sync::Arc;

use revchain_core::sql::sqlite_messages::UnregisteredObject;
use revchain_core::{
    ArgumentCount, FunctionStandIn, LoadedMigrations, Revision, RevisionSet, StandIns,
};
use revchain_runtime::internal::stand_ins;
use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::QueryRequest;
use super::table::Table;
use crate::budget::StepBudget;
use crate::sample_rows::Mode;
use crate::schema_at::schema_at;
use crate::testing::rows;

/// The number of steps that a query may take on sample rows.
///
/// A recursion without an end would take more. The check then stops, and reports nothing.
const MAX_STEPS: u64 = 200_000;

/// A database at the schema of a revision.
pub(super) struct QueryDatabase {
    pub(super) connection: Connection,
    pub(super) budget: StepBudget,
    tables: HashMap<String, Option<Arc<Table>>>,
    /// `true` if a table of the chain needs a module of the program. Its columns are guessed.
    pub(super) has_modules: bool,
    /// `true` after the attempt to insert sample rows.
    is_filled: bool,
}

impl QueryDatabase {
    /// Runs the upgrades of `revisions`, and registers stand-ins for the objects that the request
    /// declares. Returns `None` if SQLite rejects a statement.
    pub(super) fn new(
        loaded: &LoadedMigrations,
        revisions: &RevisionSet,
        request: &QueryRequest<'_>,
    ) -> Option<Self> {
        let chain = loaded.chain.as_ref()?;
        let source = |id: &str| {
            let index = chain.index_of(id)?;
            loaded.sources.get(index.get())
        };
        let declared = |revision: &Revision| source(revision.id()).map(|source| &source.stand_ins);
        let mut connection = schema_at(chain, revisions, declared).ok()?;
        let budget = StepBudget::install_with(&mut connection, MAX_STEPS);
        stand_ins::register(&connection, &declared_by(&connection, request));
        let mut sources = loaded.sources.iter();
        Some(Self {
            connection,
            budget,
            tables: HashMap::new(),
            has_modules: sources.any(|source| !source.stand_ins.modules.is_empty()),
            is_filled: false,
        })
    }

    /// Returns a table or a view of the schema.
    pub(super) fn table(&mut self, name: &str) -> Option<Arc<Table>> {
        let key = name.to_ascii_lowercase();
        if let Some(table) = self.tables.get(&key) {
            return table.clone();
        }
        let table = Table::read(&self.connection, name).ok().flatten();
        let table = table.map(Arc::new);
        self.tables.insert(key, table.clone());
        table
    }

    /// Inserts sample rows at the first call. The rows stay for all queries.
    pub(super) fn fill(&mut self) {
        if self.is_filled {
            return;
        }
        self.is_filled = true;
        let filled = rows::insert(&self.connection, Mode::Provenance, &[]);
        if filled.is_err() && !self.connection.is_autocommit() {
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        // Rows that a query references need not exist here.
        let foreign_keys = DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY;
        let _ = self.connection.set_db_config(foreign_keys, false);
        self.budget.restart();
    }
}

/// Returns the objects that a query declares, without the functions that SQLite has.
fn declared_by(connection: &Connection, request: &QueryRequest<'_>) -> StandIns {
    let is_new = |name: &&&str| {
        let known = stand_ins::known_names(connection, UnregisteredObject::Function(name));
        !known.iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let functions = request.functions.iter().filter(is_new);
    let functions = functions.map(|name| FunctionStandIn {
        name: (*name).to_owned(),
        arguments: ArgumentCount::Any,
    });
    let collations = request.collations.iter();
    StandIns {
        functions: functions.collect(),
        collations: collations.map(|name| (*name).to_owned()).collect(),
        ..StandIns::default()
    }
}
