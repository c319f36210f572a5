//! SQL that comes out of a database file runs under an authorizer, which lets it change the tables of that database and nothing
//! else: it reads and writes no other file, sets nothing, loads nothing, and calls nothing of the program's.
//!
//! The list is of what is allowed: what SQLite may learn to do later is not. SQLite asks for each thing that a statement does
//! while it is prepared, those in triggers included: <https://www.sqlite.org/c3ref/set_authorizer.html>.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, ffi};

/// A connection with the authorizer, which it loses when this is dropped. One that the program had set is gone: SQLite does
/// not give it back.
pub(crate) struct Distrusted<'c> {
    connection: &'c mut Connection,
    distrust: Distrust,
}

/// Turns the authorizer on: otherwise it allows everything.
pub(crate) struct Distrust(Arc<AtomicBool>);

/// Gives the connection the authorizer, which still allows everything.
pub(crate) fn distrusted(connection: &mut Connection) -> rusqlite::Result<Distrusted<'_>> {
    let registered = registered_functions(connection)?;
    let distrust = Distrust(Arc::default());
    let is_on = Arc::clone(&distrust.0);
    let authorize = move |context: AuthContext<'_>| {
        let is_allowed = !is_on.load(Ordering::Relaxed) || is_harmless(&context, &registered);
        if is_allowed { Authorization::Allow } else { Authorization::Deny }
    };
    // Whether this can fail depends on the version of rusqlite.
    let _ = connection.authorizer(Some(authorize));
    let this = Distrusted { connection, distrust };
    // So it is tried.
    match this.distrust.during(|| this.connection.prepare("PRAGMA main.user_version").map(drop)) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::AuthorizationForStatementDenied) => {
            Ok(this)
        }
        Err(error) => Err(error),
        Ok(()) => {
            let message = "SQLite does not ask the authorizer".to_owned();
            Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_AUTH), Some(message)))
        }
    }
}

impl Distrusted<'_> {
    pub(crate) fn distrust(&self) -> &Distrust {
        &self.distrust
    }
}

impl Drop for Distrusted<'_> {
    fn drop(&mut self) {
        let _ = self.connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    }
}

impl Deref for Distrusted<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl Distrust {
    /// Runs what is not trusted.
    pub(crate) fn during<T>(&self, run: impl FnOnce() -> T) -> T {
        // Off again also in a panic.
        struct Off<'s>(&'s AtomicBool);
        impl Drop for Off<'_> {
            fn drop(&mut self) {
                self.0.store(false, Ordering::Relaxed);
            }
        }
        self.0.store(true, Ordering::Relaxed);
        let _off = Off(&self.0);
        run()
    }
}

/// The functions that the program has registered, or has put in the place of SQLite's own. (Those by which SQLite carries out
/// ALTER TABLE are in no list.)
fn registered_functions(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = connection.prepare("SELECT name FROM pragma_function_list WHERE builtin = 0")?;
    let names = statement.query_map([], |row| Ok(row.get::<_, String>(0)?.to_ascii_lowercase()))?;
    names.collect()
}

/// The virtual tables that come with SQLite and keep all that they have in the database.
const MODULES: &[&str] = &["fts3", "fts4", "fts4aux", "fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly"];

fn is_harmless(context: &AuthContext<'_>, registered: &BTreeSet<String>) -> bool {
    let database = match context.action {
        // Where another action has the database, this one has a column.
        AuthAction::AlterTable { database_name, .. } => Some(database_name),
        _ => context.database_name,
    };
    match context.action {
        // ALTER TABLE looks for what else names the table there. A statement of its own cannot write to it.
        AuthAction::Read { table_name, .. } | AuthAction::Update { table_name, .. }
            if database == Some("temp") =>
        {
            return matches!(table_name, "sqlite_temp_master" | "sqlite_temp_schema");
        }
        _ if database.is_some_and(|name| name != "main") => return false,
        _ => {}
    }
    match context.action {
        AuthAction::Read { .. } | AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::CreateTable { table_name }
        | AuthAction::DropTable { table_name }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::CreateIndex { table_name, .. }
        | AuthAction::DropIndex { table_name, .. }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::DropTrigger { table_name, .. }
        | AuthAction::DropVtable { table_name, .. } => !is_own(table_name),
        AuthAction::CreateVtable { table_name, module_name } => {
            !is_own(table_name) && MODULES.iter().any(|module| module.eq_ignore_ascii_case(module_name))
        }
        AuthAction::CreateView { .. }
        | AuthAction::DropView { .. }
        | AuthAction::Reindex { .. }
        | AuthAction::Analyze { .. } => true,
        AuthAction::Function { function_name } => {
            let name = function_name.to_ascii_lowercase();
            // The full-text search registers the operator MATCH as a program would.
            name == "match" || name != "load_extension" && !registered.contains(&name)
        }
        // The virtual tables ask for these; of a migration's own statements, the rules let none through that does.
        AuthAction::Pragma { pragma_name: "data_version" | "page_size", pragma_value: None } => true,
        _ => false,
    }
}

fn is_own(table: &str) -> bool {
    table.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("revchain_"))
}
