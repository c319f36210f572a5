//! `redo`: reverting what differs from the chain, and applying it anew.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::inspect::named_objects;
use revchain_runtime::internal::quote;
use revchain_runtime::rusqlite::{self, Connection};
use revchain_runtime::{Downgrade, Migrations, OnNewer, Plan, Request};

use crate::app::Commands;
use crate::developer::args::RedoArgs;
use crate::support::{Result, cannot_open, confirm, in_database, must_exist, open, report};

pub(crate) fn run(app: &Commands<'_>, args: &RedoArgs) -> Result {
    let (path, migrator) = app.database_of_run(&args.run)?;
    // A developer who has removed a draft, or changed the branch, wants the chain's revisions.
    let migrator = migrator.on_newer(OnNewer::Downgrade);
    must_exist(&path)?;
    let mut connection = open(&migrator, &path)?;
    if args.run.dry_run {
        let dry_run = in_database(&path, migrator.dry_run(&connection, Request::Redo))?;
        return Ok(report::dry_run(&path, &dry_run));
    }
    let plan = in_database(&path, migrator.plan(&connection, Request::Redo))?;
    if !args.yes {
        let losses = Losses::of(&plan, app.migrations(), &connection)
            .map_err(|error| cannot_open(&path, error))?;
        if !losses.is_empty() {
            confirm(&losses.question(&path, &plan))?;
        }
    }
    // `apply` fails if the database changed after the user confirmed the plan.
    let report = in_database(&path, migrator.apply(&mut connection, plan))?;
    Ok(report::report(&path, &report))
}

/// The data and the revisions that a redo may remove for good.
struct Losses {
    /// The tables that a downgrade changes, and the number of rows, which is not zero.
    ///
    /// Empty if the database differs from the chain: then the redo is the step after an edit.
    tables: Vec<(String, i64)>,
    /// The ids of the revisions that the redo does not apply anew, because the chain lacks them.
    ///
    /// They can be drafts, but also the released revisions of a newer checkout.
    without_file: Vec<String>,
}

impl Losses {
    fn of(
        plan: &Plan<'_>,
        migrations: &Migrations,
        connection: &Connection,
    ) -> rusqlite::Result<Self> {
        let in_chain = |id: &str| migrations.revisions().iter().find(|other| other.id() == id);
        let lost = plan.reverts().filter(|lost| in_chain(lost.id()).is_none());
        let without_file = lost.map(|lost| lost.id().to_owned()).collect();
        let differs = plan.reverts().any(|revision| {
            let same = in_chain(revision.id());
            same.is_none_or(|same| same.checksum() != revision.checksum())
        });
        let tables = if differs {
            Vec::new()
        } else {
            changed_rows(plan, connection)?
        };
        Ok(Self {
            tables,
            without_file,
        })
    }

    fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.without_file.is_empty()
    }

    fn question(&self, path: &Path, plan: &Plan<'_>) -> String {
        let mut text = format!("{}: this redo reverts\n", path.display());
        for revision in plan.reverts() {
            let (id, summary) = (escape(revision.id()), escape(revision.summary()));
            text += &format!("  {id}  {summary}");
            if self.without_file.iter().any(|lost| lost == revision.id()) {
                text += " (without a file, so not applied again)";
            }
            text += "\n";
        }
        for (table, rows) in &self.tables {
            let s = if *rows == 1 { "" } else { "s" };
            text += &format!("  changes {}, which has {rows} row{s}\n", escape(table));
        }
        text + "Everything that these revisions added will be lost."
    }
}

/// Returns the tables with rows that a downgrade of the plan changes, and the number of rows.
fn changed_rows(plan: &Plan<'_>, connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    let mut names: Vec<String> = Vec::new();
    for revision in plan.reverts() {
        if let Downgrade::Sql(script) = revision.downgrade() {
            let statements = script.statements();
            names.extend(statements.flat_map(|statement| changed_tables(statement.sql())));
        }
    }
    let mut tables: Vec<(String, i64)> = Vec::new();
    for name in names {
        let is_counted = tables.iter().any(|(table, _)| *table == name);
        if !is_counted && is_table(connection, &name)? {
            let rows = count_rows(connection, &name)?;
            tables.push((name, rows));
        }
    }
    tables.retain(|(_, rows)| *rows > 0);
    Ok(tables)
}

/// Returns the names of the tables that a statement of a downgrade may change.
fn changed_tables(sql: &str) -> Vec<String> {
    match effect(sql) {
        Effect::None => Vec::new(),
        // A downgrade that makes a table, or drops an index, removes no rows.
        Effect::Change(
            _,
            Change::CreateTable
            | Change::CreateView
            | Change::CreateIndex { .. }
            | Change::CreateTrigger { .. }
            | Change::DropAttached,
        ) => Vec::new(),
        Effect::Change(object, _) => vec![object.name.to_ascii_lowercase()],
        Effect::Unknown => named_objects(sql),
    }
}

fn is_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_master \
               WHERE type = 'table' AND name = ?1 COLLATE NOCASE)";
    connection.query_row(sql, [name], |row| row.get(0))
}

fn count_rows(connection: &Connection, table: &str) -> rusqlite::Result<i64> {
    let sql = format!("SELECT count(*) FROM main.{}", quote(table));
    connection.query_row(&sql, [], |row| row.get(0))
}
