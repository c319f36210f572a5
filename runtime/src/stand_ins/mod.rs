//! Stand-ins for the functions, collations and modules that only the program registers.
//!
//! - A function gives back its first argument. A function without arguments counts upwards.
//! - A collation compares bytes.
//! - A virtual table is an ordinary table; see [`tables`].
//!
//! A stand-in stays registered in all later revisions, because tables and triggers can need it.
//! Each stand-in also has a function `revchain_<kind>_<name>`, so that the connection itself
//! records which stand-ins it has. No script can use these names.

mod columns;
mod tables;

use std::sync::atomic::{AtomicI64, Ordering};

use revchain_core::sql::calls::calls;
use revchain_core::sql::inspect::starts_with_one_of;
use revchain_core::sql::sqlite_messages::{
    UnregisteredObject, failed_check, failed_index, may_depend_on_stand_in,
};
use revchain_core::{ArgumentCount, StandIns};
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value;
use rusqlite::{Connection, Result};

pub use columns::add_missing_columns;
pub use tables::{copies_columns, virtual_table};

/// The function that exists if the connection has a stand-in.
const ANY: &str = "revchain_stand_ins";

/// The first value that a function without arguments returns.
///
/// Sample rows have smaller numbers.
const FIRST_VALUE: i64 = 9_000_000_001;

/// The kind of a stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Collation,
    Module,
}

impl Kind {
    /// Returns the start of the names of the functions that record stand-ins of this kind.
    fn prefix(self) -> &'static str {
        match self {
            Self::Function => "revchain_function_",
            Self::Collation => "revchain_collation_",
            Self::Module => "revchain_module_",
        }
    }
}

/// Registers the stand-ins that a revision declares.
///
/// Ignores the error for a name that is too long for SQLite, because no statement can use the name.
pub fn register(connection: &Connection, declared: &StandIns) {
    for function in &declared.functions {
        let count = match function.arguments {
            ArgumentCount::Exactly(count) => i32::from(count),
            ArgumentCount::Any => -1,
        };
        let _ = register_function(connection, &function.name, count);
    }
    for collation in &declared.collations {
        let _ = register_collation(connection, collation);
    }
    for module in &declared.modules {
        let _ = register_module(connection, module);
    }
}

/// Registers a stand-in for an object that no directive declares.
///
/// The proof reports the object once, and then continues.
/// Returns `false` if the object has a stand-in already, or if SQLite rejects the name.
pub fn register_missing(connection: &Connection, object: UnregisteredObject<'_>) -> bool {
    let (kind, name) = match object {
        UnregisteredObject::Function(name) => (Kind::Function, name),
        UnregisteredObject::Collation(name) => (Kind::Collation, name),
        UnregisteredObject::Module(name) => (Kind::Module, name),
    };
    if has(connection, kind, name) {
        return false;
    }
    let registered = match kind {
        Kind::Function => register_function(connection, name, -1),
        Kind::Collation => register_collation(connection, name),
        Kind::Module => register_module(connection, name),
    };
    registered.is_ok()
}

/// Registers a function. A count of -1 means any number of arguments.
fn register_function(connection: &Connection, name: &str, count: i32) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8;
    if count != 0 {
        // Indexes and generated columns need a deterministic function.
        let flags = flags | FunctionFlags::SQLITE_DETERMINISTIC;
        // Versions of rusqlite differ in the type of `context`.
        connection.create_scalar_function(name, count, flags, |context| context.get::<Value>(0))?;
    }
    if count <= 0 {
        // Two calls of a function such as `uuid()` never return the same value.
        let next = AtomicI64::new(FIRST_VALUE);
        connection.create_scalar_function(name, 0, flags, move |_| {
            Ok(next.fetch_add(1, Ordering::Relaxed))
        })?;
    }
    record(connection, Kind::Function, name)
}

fn register_collation(connection: &Connection, name: &str) -> Result<()> {
    connection.create_collation(name, |a: &str, b: &str| a.cmp(b))?;
    record(connection, Kind::Collation, name)
}

fn register_module(connection: &Connection, name: &str) -> Result<()> {
    // SQLite's own function fails for an ordinary table. No row matches a text here.
    let flags = FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("match", 2, flags, |_| Ok(false))?;
    record(connection, Kind::Module, name)
}

/// Records a stand-in by a function that is never called.
fn record(connection: &Connection, kind: Kind, name: &str) -> Result<()> {
    let name = format!("{}{name}", kind.prefix());
    for function in [ANY, &name] {
        let flags = FunctionFlags::SQLITE_UTF8;
        connection.create_scalar_function(function, 0, flags, |_| Ok(1))?;
    }
    Ok(())
}

/// Returns `true` if the connection has a stand-in.
pub fn has_any(connection: &Connection) -> bool {
    connection.prepare(&format!("SELECT {ANY}()")).is_ok()
}

fn has(connection: &Connection, kind: Kind, name: &str) -> bool {
    let recorded = recorded(connection, kind);
    recorded
        .iter()
        .any(|found| found.eq_ignore_ascii_case(name))
}

/// Returns the names of the stand-ins of a kind.
fn recorded(connection: &Connection, kind: Kind) -> Vec<String> {
    if !has_any(connection) {
        return Vec::new();
    }
    let prefix = kind.prefix();
    let sql = "SELECT substr(name, ?1) FROM pragma_function_list
               WHERE substr(name, 1, ?1 - 1) = ?2 ORDER BY name";
    let names = connection.prepare(sql).and_then(|mut statement| {
        let length = i64::try_from(prefix.len()).unwrap_or_default();
        let names = statement.query_map((length + 1, prefix), |row| row.get(0))?;
        names.collect()
    });
    names.unwrap_or_default()
}

/// Returns `true` if a statement can fail only because of the values of a stand-in.
///
/// `message` is SQLite's message. The statement uses the stand-in itself, or by a table or a
/// trigger that it names.
pub fn may_be_cause(connection: &Connection, sql: &str, message: &str) -> bool {
    if !has_any(connection) || !may_depend_on_stand_in(message) {
        return false;
    }
    let mut texts = vec![sql.to_owned()];
    texts.extend(tables::definitions_of_named(connection, sql));
    texts.extend(failed_index(message).and_then(|index| tables::definition(connection, index)));
    let functions = recorded(connection, Kind::Function);
    let calls = functions
        .iter()
        .flat_map(|name| texts.iter().flat_map(|text| calls(text, name)));
    // A function with one argument gives equal values only for equal arguments.
    let is_unique = message.starts_with("UNIQUE constraint failed");
    let mut causes = calls.filter(|call| !is_unique || call.arguments > 1);
    causes.next().is_some() || texts.iter().any(|text| tables::is_stand_in(text))
}

/// Returns the names of the objects of the same kind that the connection has.
pub fn known_names(connection: &Connection, object: UnregisteredObject<'_>) -> Vec<String> {
    let list = match object {
        UnregisteredObject::Function(_) => "pragma_function_list",
        UnregisteredObject::Collation(_) => "pragma_collation_list",
        UnregisteredObject::Module(_) => "pragma_module_list",
    };
    let sql = format!("SELECT DISTINCT name FROM {list} WHERE name NOT GLOB 'revchain_*'");
    tables::texts(connection, &sql)
}

/// Returns `true` if a function of the program has this name.
pub fn is_function(connection: &Connection, name: &str) -> bool {
    has(connection, Kind::Function, name)
}

/// Returns SQLite's message if a statement does what no virtual table permits.
pub fn rejection(connection: &Connection, sql: &str) -> Option<&'static str> {
    if !starts_with_one_of(sql, &["CREATE", "ALTER"]) || !has_any(connection) {
        return None;
    }
    let (table, message) = tables::change_of_table(sql)?;
    tables::names(connection)
        .contains(&table)
        .then_some(message)
}

/// Runs a statement in another way, if SQLite has rejected it only because of a stand-in.
///
/// `message` is SQLite's message.
/// Returns `false` if the rejection has another cause.
pub fn run_otherwise(connection: &Connection, sql: &str, message: &str) -> bool {
    if !has_any(connection) {
        return false;
    }
    if let Some(UnregisteredObject::Module(_)) = UnregisteredObject::parse(message) {
        let modules = recorded(connection, Kind::Module);
        let create = tables::ordinary_table(sql, &modules);
        return create.is_some_and(|create| connection.execute_batch(&create).is_ok());
    }
    if let Some(check) = failed_check(message) {
        return is_of_stand_in(connection, sql, check) && run_without_checks(connection, sql);
    }
    let repeat = |connection: &Connection| connection.execute_batch(sql);
    // A stand-in can have got more columns than the virtual table has. Then no row is inserted.
    add_missing_columns(connection, sql, message, repeat)
        || columns::has_unknown_columns(connection, message)
}

/// Returns `true` if a CHECK constraint calls a stand-in.
///
/// `check` is the name or the expression of the constraint, from SQLite's message.
fn is_of_stand_in(connection: &Connection, sql: &str, check: &str) -> bool {
    let functions = recorded(connection, Kind::Function);
    let calls_one = |text: &str| functions.iter().any(|name| !calls(text, name).is_empty());
    if calls_one(check) {
        return true;
    }
    let definitions = tables::definitions_of_named(connection, sql);
    let checks = definitions
        .iter()
        .filter_map(|definition| tables::named_check(definition, check));
    checks.into_iter().any(calls_one)
}

/// Runs a statement without CHECK constraints.
///
/// No one knows what the program's function would answer, so the constraint counts as satisfied.
fn run_without_checks(connection: &Connection, sql: &str) -> bool {
    let ignore = |value: &str| {
        connection.execute_batch(&format!("PRAGMA ignore_check_constraints = {value}"))
    };
    let is_done = ignore("ON").is_ok() && connection.execute_batch(sql).is_ok();
    ignore("OFF").is_ok() && is_done
}
