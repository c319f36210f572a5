//! The checks of the queries in a program, on the schema of a revision.
//!
//! The macro `sql!` calls [`check_query`]. A query that is right must never be rejected.
//! So a check reports nothing where only the program can know.

mod cache;
mod checks;
mod compared_types;
mod database;
mod failure;
mod locate;
mod missing_value;
mod operands;
mod rejected;
mod run;
mod sources;
mod table;
mod usage;

use std::path::Path;

use revchain_core::Defect;

pub use usage::QueryUsage;

/// The functions that return tables, which rusqlite registers for programs.
const OF_RUSQLITE: &[&str] = &["rarray", "generate_series", "csv"];

/// The environment variable that names the directory in which `sql!` records queries.
pub const QUERIES_VARIABLE: &str = "REVCHAIN_QUERIES";

/// A query to check.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueryRequest<'r> {
    /// The text of the query.
    pub sql: &'r str,
    /// The revision whose schema the query is for; `None` for the head.
    pub revision: Option<&'r str>,
    /// `true` if an UPDATE or a DELETE may change every row.
    pub allows_all_rows: bool,
    /// The functions that the program registers.
    pub functions: &'r [&'r str],
    /// The collations that the program registers.
    pub collations: &'r [&'r str],
    /// The modules that the program registers, whose functions return tables.
    pub modules: &'r [&'r str],
}

/// The result of the check of a query.
#[derive(Debug, Clone, Default)]
pub struct QueryCheck {
    /// The mistakes in the query.
    pub defects: Vec<Defect>,
    /// The tables and the plan; `None` unless asked for, and for a query with defects.
    pub usage: Option<QueryUsage>,
}

/// Checks a query against the schema of a revision of the chain in `directory`.
///
/// Reports nothing else if the directory has no migrations, and nothing if its migrations have
/// defects: `embed_migrations!` reports these.
/// The first call for a directory runs its upgrades in memory. Later calls use the same database,
/// until a file of the directory changes.
pub fn check_query(directory: &Path, request: &QueryRequest<'_>, with_usage: bool) -> QueryCheck {
    cache::check(directory, request, with_usage)
}

/// Returns the names of the SQL files in `directory`, sorted, also if the directory has defects.
pub fn migration_files(directory: &Path) -> Vec<String> {
    cache::migration_files(directory)
}
