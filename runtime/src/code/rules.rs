//! The actions that a function of the program may do.
//!
//! The rules deny every other action, also actions that later SQLite versions add.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use revchain_core::schema::SchemaFilter;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, TransactionOperation};

use crate::report::code_error::Denied;
use crate::session::guard::Rules;
use crate::session::sql::{other_schemas, query_texts, quote};

/// The rules for a function: it reads and changes rows of the chain's tables.
///
/// All names are in lowercase.
pub(crate) struct CodeRules {
    /// The tables and views that the chain makes.
    own: HashSet<String>,
    /// The virtual tables of the chain. Their modules write to tables such as `<name>_data`.
    virtual_tables: Vec<String>,
    /// The tables and views that the chain does not make, in all schemas of the connection.
    foreign: HashSet<String>,
    denied: LastDenied,
}

/// The last action that the rules have denied. A clone is the same value.
///
/// SQLite's error says only "not authorized".
#[derive(Clone, Default)]
pub(crate) struct LastDenied(Arc<Mutex<Option<Denied>>>);

impl LastDenied {
    /// Returns the action; `None` if the rules have denied nothing.
    pub(crate) fn take(&self) -> Option<Denied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, denied: Denied) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(denied);
    }
}

impl CodeRules {
    /// Makes the rules for a connection. `own` includes the objects that the chain makes.
    pub(crate) fn read(
        connection: &Connection,
        own: SchemaFilter,
        denied: LastDenied,
    ) -> rusqlite::Result<Self> {
        let own: HashSet<String> = own.own.into_iter().flatten().map(lower).collect();
        let mut rules = Self {
            own,
            virtual_tables: Vec::new(),
            foreign: HashSet::new(),
            denied,
        };
        rules.read_main(connection)?;
        for schema in other_schemas(connection)? {
            let sql = format!("SELECT name FROM {}.sqlite_master", quote(&schema));
            let names = query_texts(connection, &sql, [])?.into_iter().map(lower);
            // SQLite prefers a table of `main` to a table of an attached database.
            rules
                .foreign
                .extend(names.filter(|name| !rules.own.contains(name)));
        }
        Ok(rules)
    }

    fn read_main(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        // The program may have replaced SQLite's functions, so the query calls none.
        let sql = "SELECT name, sql FROM main.sqlite_master WHERE type IN ('table', 'view')";
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut others = Vec::new();
        while let Some(row) = rows.next()? {
            let name = lower(row.get(0)?);
            if !self.own.contains(&name) {
                others.push(name);
            } else if is_virtual(row.get_ref(1)?.as_bytes().unwrap_or_default()) {
                self.virtual_tables.push(name);
            }
        }
        let foreign = others.into_iter().filter(|name| !self.is_own(name));
        let foreign: Vec<String> = foreign.collect();
        self.foreign.extend(foreign);
        Ok(())
    }

    /// Returns `true` for an object that the chain makes, and for a table of its virtual tables.
    fn is_own(&self, name: &str) -> bool {
        let is_of = |table: &String| {
            let rest = name.strip_prefix(table.as_str());
            rest.is_some_and(|rest| rest.starts_with('_'))
        };
        self.own.contains(name) || self.virtual_tables.iter().any(is_of)
    }

    fn allows_action(&self, context: &AuthContext<'_>) -> bool {
        let is_main = context
            .database_name
            .is_none_or(|name| name.eq_ignore_ascii_case("main"));
        match context.action {
            AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } => true,
            // A name that no schema has is that of a common table expression or of a table-valued
            // function.
            AuthAction::Read { table_name, .. } => {
                let name = lower(table_name.to_owned());
                is_main && !is_reserved(&name) && !self.foreign.contains(&name)
            }
            AuthAction::Insert { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::Delete { table_name } => {
                let name = lower(table_name.to_owned());
                is_main && !is_reserved(&name) && self.is_own(&name)
            }
            // SQLite's own virtual tables read these pragmas internally.
            AuthAction::Pragma {
                pragma_name: "data_version" | "page_size",
                pragma_value: None,
            } => true,
            _ => false,
        }
    }
}

/// A job has the same rules for all of its batches.
impl Rules for Arc<CodeRules> {
    fn allows(&self, context: &AuthContext<'_>) -> bool {
        CodeRules::allows(self, context)
    }
}

impl Rules for CodeRules {
    fn allows(&self, context: &AuthContext<'_>) -> bool {
        let is_allowed = self.allows_action(context);
        if !is_allowed {
            self.denied.set(denied(context));
        }
        is_allowed
    }
}

/// Returns the description of an action that the rules deny.
fn denied(context: &AuthContext<'_>) -> Denied {
    match context.action {
        AuthAction::Read { table_name, .. } => Denied::Table(qualified(context, table_name)),
        AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            // SQLite writes to its schema table for DDL.
            let names = ["sqlite_master", "sqlite_schema"];
            let temporary = ["sqlite_temp_master", "sqlite_temp_schema"];
            let is_schema = |name: &&str| name.eq_ignore_ascii_case(table_name);
            if names.iter().chain(&temporary).any(is_schema) {
                return Denied::SchemaChange;
            }
            Denied::Table(qualified(context, table_name))
        }
        AuthAction::Pragma { pragma_name, .. } => {
            Denied::Statement(format!("PRAGMA {pragma_name}"))
        }
        AuthAction::Attach { .. } => Denied::Statement("ATTACH".to_owned()),
        AuthAction::Detach { .. } => Denied::Statement("DETACH".to_owned()),
        AuthAction::Savepoint { .. } => Denied::Statement("SAVEPOINT".to_owned()),
        AuthAction::Transaction { operation } => Denied::Statement(
            match operation {
                TransactionOperation::Begin => "BEGIN",
                TransactionOperation::Rollback => "ROLLBACK",
                _ => "COMMIT",
            }
            .to_owned(),
        ),
        _ => Denied::SchemaChange,
    }
}

/// Returns the name of a table, with the schema if the schema is not `main`.
fn qualified(context: &AuthContext<'_>, table: &str) -> String {
    match context.database_name {
        Some(schema) if schema != "main" => format!("{schema}.{table}"),
        _ => table.to_owned(),
    }
}

/// Returns `true` for the tables of SQLite and of revchain. `name` is in lowercase.
fn is_reserved(name: &str) -> bool {
    name.starts_with("sqlite_") || name.starts_with("revchain_")
}

/// Returns `true` for the statement that creates a virtual table. SQLite stores it in this form.
fn is_virtual(sql: &[u8]) -> bool {
    const START: &[u8] = b"CREATE VIRTUAL";
    sql.get(..START.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(START))
}

fn lower(name: String) -> String {
    name.to_ascii_lowercase()
}
