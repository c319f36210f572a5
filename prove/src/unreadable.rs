//! The views that SQLite cannot read, and the triggers that SQLite cannot run.
//!
//! `CREATE VIEW` and `CREATE TRIGGER` do not check that the named tables and columns exist.
//! SQLite reports a missing name when a query reads the view, or a statement fires the trigger.

use revchain_core::sql::{inspect, sqlite_messages};
use revchain_runtime::internal::{quote, sqlite_message, stand_ins};
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
    read(connection, None)
}

/// Returns the view or the trigger that `sql` has created, if the object is unreadable.
pub(crate) fn created_unreadable(
    connection: &Connection,
    sql: &str,
) -> Result<Option<UnreadableObject>> {
    match inspect::created_view_or_trigger(sql) {
        Some(name) => Ok(read(connection, Some(&name))?.pop()),
        None => Ok(None),
    }
}

/// Returns SQLite's message if a table that `sql` has created or altered cannot be read or written.
///
/// `CREATE TABLE` and `ADD COLUMN` do not check that the functions in a DEFAULT or in a generated
/// column exist.
pub(crate) fn unusable_table(connection: &Connection, sql: &str) -> Option<String> {
    let table = quote(&inspect::table_with_expressions(sql)?);
    for probe in [
        format!("SELECT * FROM main.{table}"),
        format!("INSERT INTO main.{table} DEFAULT VALUES"),
    ] {
        if let Err(error) = connection.prepare(&probe) {
            return Some(sqlite_message(&error));
        }
    }
    None
}

/// Returns the unreadable objects. If `name` is `Some`, only probes the object with this name.
fn read(connection: &Connection, name: Option<&str>) -> Result<Vec<UnreadableObject>> {
    let mut statement = connection.prepare(
        "SELECT type = 'trigger', name, tbl_name, sql FROM main.sqlite_master
         WHERE type IN ('view', 'trigger') AND (?1 IS NULL OR lower(name) = lower(?1))
         ORDER BY rowid",
    )?;
    let rows = statement.query_map([name], |row| row.try_into())?;
    // A probe can add columns, which no open query permits.
    let objects: Vec<(bool, String, String, String)> = rows.collect::<Result<_>>()?;
    let mut unreadable = Vec::new();
    for (is_trigger, name, table, sql) in objects {
        let probe = if is_trigger {
            let event = inspect::trigger_event(&sql).unwrap_or_default();
            firing_statement(connection, &table, event)?
        } else {
            format!("SELECT * FROM main.{}", quote(&name))
        };
        let Err(error) = connection.prepare(&probe) else {
            continue;
        };
        let message = sqlite_message(&error);
        let repeat = |connection: &Connection| connection.prepare(&probe).map(drop);
        if stand_ins::add_missing_columns(connection, &sql, &message, repeat) {
            continue;
        }
        unreadable.push(UnreadableObject {
            is_trigger,
            name,
            sql,
            probe,
            message,
        });
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
