//! The tables that a query reads and writes, and its plan.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::rusqlite_range::drop_result;

/// The tables and the plan of a query.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryUsage {
    /// The tables and views that the query reads, sorted, also by views and triggers.
    pub reads: Vec<String>,
    /// The tables and views that the query writes, sorted, also by triggers.
    pub writes: Vec<String>,
    /// The lines of `EXPLAIN QUERY PLAN`, indented by their depth.
    pub plan: Vec<String>,
    /// The tables of which the plan reads every row.
    pub scans: Vec<String>,
}

#[derive(Default)]
struct Found {
    reads: BTreeSet<String>,
    writes: BTreeSet<String>,
}

/// Reads the usage of a query. Returns `None` if SQLite rejects the query.
pub(super) fn read(connection: &mut Connection, sql: &str) -> Option<QueryUsage> {
    let found = Arc::new(Mutex::new(Found::default()));
    let shared = Arc::clone(&found);
    let record = move |context: AuthContext<'_>| {
        let mut found = shared.lock().unwrap_or_else(PoisonError::into_inner);
        match context.action {
            AuthAction::Read { table_name, .. } => {
                found.reads.insert(table_name.to_owned());
            }
            AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => {
                found.writes.insert(table_name.to_owned());
            }
            _ => {}
        }
        Authorization::Allow
    };
    drop_result(connection.authorizer(Some(record)));
    let is_valid = connection.prepare(sql).is_ok();
    let none: Option<fn(AuthContext<'_>) -> Authorization> = None;
    drop_result(connection.authorizer(none));
    if !is_valid {
        return None;
    }
    let found = found.lock().unwrap_or_else(PoisonError::into_inner);
    let plan = plan(connection, sql).unwrap_or_default();
    let lines = plan.iter().map(|line| line.trim_start());
    // The rows of a subquery come from the tables that it reads.
    let made = lines.clone().filter_map(|line| {
        let made = line.strip_prefix("MATERIALIZE ");
        made.or_else(|| line.strip_prefix("CO-ROUTINE "))
    });
    let made: Vec<&str> = made.collect();
    let scans = lines
        .filter_map(scanned)
        .filter(|name| !made.contains(name));
    Some(QueryUsage {
        reads: found.reads.iter().cloned().collect(),
        writes: found.writes.iter().cloned().collect(),
        scans: scans.map(str::to_owned).collect(),
        plan,
    })
}

fn plan(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = statement.raw_query();
    let mut depths: Vec<(i64, usize)> = Vec::new();
    let mut lines = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, parent, detail): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let above = depths.iter().find(|(id, _)| *id == parent);
        let depth = above.map_or(0, |(_, depth)| depth + 1);
        depths.push((id, depth));
        lines.push(format!("{}{detail}", "  ".repeat(depth)));
    }
    Ok(lines)
}

/// Returns the name of the table of which a line of a plan reads every row.
fn scanned(line: &str) -> Option<&str> {
    let rest = match line.strip_prefix("SEARCH ") {
        // SQLite reads every row to make this index, each time the query runs.
        Some(rest) if rest.contains(" USING AUTOMATIC ") => rest,
        _ => line.strip_prefix("SCAN ")?,
    };
    let is_constant = rest == "CONSTANT ROW" || rest.ends_with("-ROW VALUES CLAUSE");
    if is_constant || rest.starts_with('(') || rest.contains(" VIRTUAL TABLE ") {
        return None;
    }
    // SQLite before 3.36 has the word TABLE here.
    let rest = rest.strip_prefix("TABLE ").unwrap_or(rest);
    rest.split(" USING ").next()
}
