//! The views that SQLite cannot read, and the triggers that SQLite cannot run.
//!
//! `CREATE VIEW` and `CREATE TRIGGER` do not check that the named tables and columns exist.
//! SQLite reports a missing name when a query reads the view, or a statement fires the trigger.

use revchain_core::sql::{inspect, sqlite_messages};
use revchain_runtime::internal::{quote, sqlite_message};
use rusqlite::{Connection, Result};

/// A view that cannot be read, or a trigger that cannot run.
pub(crate) struct UnreadableObject {
    pub(crate) is_trigger: bool,
    pub(crate) name: String,
    /// The SQL that created the object.
    pub(crate) sql: String,
    /// The statement that reads the view or fires the trigger. SQLite rejects this statement.
    ///
    /// All triggers of one table and event have the same probe.
    pub(crate) probe: String,
    /// SQLite's message.
    pub(crate) message: String,
}

impl UnreadableObject {
    /// Returns `true` if the object needs a function, collation or module of the application.
    pub(crate) fn needs_app_defined(&self) -> bool {
        sqlite_messages::needs_app_defined_object(&self.sql, &self.message)
    }

    /// Returns `true` if this object can be the cause of `message`.
    ///
    /// Another trigger with the same probe may be the cause.
    pub(crate) fn may_be_at_fault(&self) -> bool {
        sqlite_messages::mentions_missing_name(&self.sql, &self.message)
    }
}

/// Returns the views that cannot be read and the triggers that cannot run.
pub(crate) fn unreadable_objects(connection: &Connection) -> Result<Vec<UnreadableObject>> {
    let mut statement = connection.prepare(
        "SELECT type = 'trigger', name, tbl_name, sql FROM main.sqlite_master
         WHERE type IN ('view', 'trigger') ORDER BY rowid",
    )?;
    let mut rows = statement.query([])?;
    let mut unreadable = Vec::new();
    while let Some(row) = rows.next()? {
        let (is_trigger, name, table, sql): (bool, String, String, String) = row.try_into()?;
        let probe = if is_trigger {
            let event = inspect::trigger_event(&sql).unwrap_or_default();
            firing_statement(connection, &table, event)?
        } else {
            format!("SELECT * FROM main.{}", quote(&name))
        };
        if let Err(error) = connection.prepare(&probe) {
            unreadable.push(UnreadableObject {
                is_trigger,
                name,
                sql,
                probe,
                message: sqlite_message(&error),
            });
        }
    }
    Ok(unreadable)
}

/// Returns a statement that fires the triggers of a table or view for `event`.
fn firing_statement(connection: &Connection, table: &str, event: &str) -> Result<String> {
    let table_name = quote(table);
    match event {
        "INSERT" => Ok(format!("INSERT INTO main.{table_name} DEFAULT VALUES")),
        "DELETE" => Ok(format!("DELETE FROM main.{table_name}")),
        _ => {
            let sql = "SELECT name FROM pragma_table_xinfo(?1, 'main') WHERE hidden = 0";
            let mut statement = connection.prepare(sql)?;
            let assignments: Vec<String> = statement
                .query_map([table], |row| {
                    let column = quote(&row.get::<_, String>(0)?);
                    Ok(format!("{column} = {column}"))
                })?
                .collect::<Result<_>>()?;
            let assignments = assignments.join(", ");
            Ok(format!("UPDATE main.{table_name} SET {assignments}"))
        }
    }
}
