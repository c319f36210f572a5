//! SQL that comes out of a database file runs under an authorizer, which lets it change the tables of that database and nothing
//! else: it reads and writes no other file, sets nothing, loads nothing, and calls nothing of the program's.
//!
//! The list is of what is allowed: what SQLite may learn to do later is not. SQLite asks for each thing that a statement does
//! while it is prepared, those in triggers included: <https://www.sqlite.org/c3ref/set_authorizer.html>.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use revchain_core::sql;
#[cfg(feature = "bundled")]
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, ffi};

use crate::connection::quote;

/// A connection with the authorizer, which it loses when this is dropped. One that the program had set is gone: SQLite does
/// not give it back.
pub(crate) struct Distrusted<'c> {
    connection: &'c mut Connection,
    distrust: Distrust,
}

/// Turns the authorizer on: where there are no bounds, it allows everything.
pub(crate) struct Distrust(Arc<Mutex<Option<Bounds>>>);

/// Gives the connection the authorizer, which still allows everything.
pub(crate) fn distrusted(connection: &mut Connection) -> rusqlite::Result<Distrusted<'_>> {
    let distrust = Distrust(Arc::default());
    let bounds = Arc::clone(&distrust.0);
    let authorize = move |context: AuthContext<'_>| match &*lock(&bounds) {
        Some(bounds) if !bounds.allow(&context) => Authorization::Deny,
        _ => Authorization::Allow,
    };
    // Whether this can fail depends on the version of rusqlite.
    let _ = connection.authorizer(Some(authorize));
    let this = Distrusted { connection, distrust };
    // So it is tried.
    match this.distrust.during(&this, || this.prepare("PRAGMA main.user_version").map(drop))? {
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
    pub(crate) fn during<T>(&self, connection: &Connection, run: impl FnOnce() -> T) -> rusqlite::Result<T> {
        let bounds = Bounds::read(connection)?;
        // For what it has read in the schema before, SQLite does not ask.
        let _schema = SchemaDistrusted::new(connection)?;
        // Off again also in a panic.
        struct Off<'s>(&'s Mutex<Option<Bounds>>);
        impl Drop for Off<'_> {
            fn drop(&mut self) {
                *lock(self.0) = None;
            }
        }
        *lock(&self.0) = Some(bounds);
        let _off = Off(&self.0);
        Ok(run())
    }
}

fn lock(bounds: &Mutex<Option<Bounds>>) -> MutexGuard<'_, Option<Bounds>> {
    bounds.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, constraints, defaults, indexes and columns call no function of the program's, and no statement writes to the
/// schema by itself.
struct SchemaDistrusted<'c> {
    connection: &'c Connection,
    was_trusted: bool,
    was_writable: bool,
}

impl<'c> SchemaDistrusted<'c> {
    fn new(connection: &'c Connection) -> rusqlite::Result<Self> {
        let is_on = |pragma: &str| connection.query_row(pragma, [], |row| row.get(0));
        // A SQLite that does not know the first gives no row, and so an error.
        let was_trusted = is_on("PRAGMA trusted_schema")?;
        let was_writable = is_on("PRAGMA writable_schema")?;
        let this = Self { connection, was_trusted, was_writable };
        // What a function is, SQLite looks up when it reads the schema, which may have been before the program registered it.
        // Only of one that it has found to be the program's, it knows later that it came from there. So it reads it again.
        connection.execute_batch("PRAGMA writable_schema = RESET; SELECT 1 FROM main.sqlite_master")?;
        set(connection, Setting::Trusted, false)?;
        Ok(this)
    }
}

impl Drop for SchemaDistrusted<'_> {
    fn drop(&mut self) {
        // There would be nobody to tell.
        let _ = set(self.connection, Setting::Trusted, self.was_trusted);
        let _ = set(self.connection, Setting::Writable, self.was_writable);
    }
}

#[derive(Clone, Copy)]
enum Setting {
    Trusted,
    Writable,
}

/// Without a statement, which could fail.
#[cfg(feature = "bundled")]
fn set(connection: &Connection, setting: Setting, is_on: bool) -> rusqlite::Result<()> {
    let setting = match setting {
        Setting::Trusted => DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        Setting::Writable => DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    };
    connection.set_db_config(setting, is_on).map(drop)
}

/// With a SQLite that may be older, not every rusqlite knows what these are.
#[cfg(not(feature = "bundled"))]
fn set(connection: &Connection, setting: Setting, is_on: bool) -> rusqlite::Result<()> {
    connection.execute_batch(match (setting, is_on) {
        (Setting::Trusted, true) => "PRAGMA trusted_schema = ON",
        (Setting::Trusted, false) => "PRAGMA trusted_schema = OFF",
        (Setting::Writable, true) => "PRAGMA writable_schema = ON",
        (Setting::Writable, false) => "PRAGMA writable_schema = OFF",
    })
}

/// The virtual tables that come with SQLite and keep all that they have in the database.
const MODULES: &[&str] = &["fts3", "fts4", "fts4aux", "fts5", "fts5vocab", "rtree", "rtree_i32", "geopoly"];

/// Those of functions, which need not be created.
const FUNCTIONS: &[&str] = &["json_each", "json_tree", "jsonb_each", "jsonb_tree"];

/// What is not the database's own, all in lower case.
struct Bounds {
    /// The functions that the program has registered, or has put in the place of SQLite's own. (Those by which SQLite carries
    /// out ALTER TABLE are in no list.)
    functions: BTreeSet<String>,
    /// The virtual tables that may have what they show from anywhere.
    virtual_tables: BTreeSet<String>,
    /// The tables of the other databases of the connection.
    elsewhere: BTreeSet<String>,
}

impl Bounds {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut functions = names(connection, "SELECT name FROM pragma_function_list WHERE builtin = 0")?;
        // SQLite itself registers the operator MATCH, which can then not be called but by the full-text search.
        match connection.query_row("SELECT match(NULL, NULL)", [], |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) => return Err(error),
            Err(error) if crate::error::message(&error).contains("in the requested context") => {
                functions.remove("match");
            }
            _ => {}
        }
        let mut virtual_tables = names(connection, "SELECT name FROM pragma_module_list")?;
        virtual_tables.retain(|module| !is_one_of(MODULES, module) && !is_one_of(FUNCTIONS, module));
        for text in names(connection, "SELECT sql FROM main.sqlite_master WHERE sql LIKE '%VIRTUAL%'")? {
            virtual_tables.extend(of_foreign_module(&text));
        }
        let mut elsewhere = BTreeSet::new();
        for database in names(connection, "SELECT name FROM pragma_database_list WHERE name <> 'main'")? {
            let sql = format!("SELECT name FROM {}.sqlite_master", quote(&database));
            elsewhere.append(&mut names(connection, &sql)?);
        }
        Ok(Self { functions, virtual_tables, elsewhere })
    }

    fn allow(&self, context: &AuthContext<'_>) -> bool {
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
            _ if database.is_some_and(|name| !name.eq_ignore_ascii_case("main")) => return false,
            _ => {}
        }
        match context.action {
            AuthAction::Select | AuthAction::Recursive => true,
            // Of a table of which no column is read, SQLite only tells the database that was written.
            AuthAction::Read { table_name, .. } => {
                !has(&self.virtual_tables, table_name)
                    && (database.is_some() || !has(&self.elsewhere, table_name))
            }
            AuthAction::Insert { table_name }
            | AuthAction::Delete { table_name }
            | AuthAction::Update { table_name, .. }
            | AuthAction::CreateTable { table_name }
            | AuthAction::DropTable { table_name }
            | AuthAction::AlterTable { table_name, .. }
            | AuthAction::CreateIndex { table_name, .. }
            | AuthAction::DropIndex { table_name, .. }
            | AuthAction::CreateTrigger { table_name, .. }
            | AuthAction::DropTrigger { table_name, .. } => {
                !is_own(table_name) && !has(&self.virtual_tables, table_name)
            }
            AuthAction::CreateVtable { table_name, module_name }
            | AuthAction::DropVtable { table_name, module_name } => {
                !is_own(table_name) && is_one_of(MODULES, module_name)
            }
            AuthAction::CreateView { .. }
            | AuthAction::DropView { .. }
            | AuthAction::Reindex { .. }
            | AuthAction::Analyze { .. } => true,
            AuthAction::Function { function_name } => {
                !has(&self.functions, function_name) && !function_name.eq_ignore_ascii_case("load_extension")
            }
            // The virtual tables ask for these; of a migration's own statements, the rules let none through that does.
            AuthAction::Pragma { pragma_name: "data_version" | "page_size", pragma_value: None } => true,
            _ => false,
        }
    }
}

/// The words of a `CREATE VIRTUAL TABLE` before that of its module, with the table's name among them, unless the module is one
/// that keeps all it has in the database.
fn of_foreign_module(text: &str) -> Vec<String> {
    let tokens = sql::tokens(text);
    let words: Vec<_> = tokens.iter().filter(|token| !token.is_comment()).collect();
    let Some(using) = words.iter().position(|word| word.is_word(text, "USING")) else { return Vec::new() };
    let module = words.get(using + 1).map(|word| sql::unquote(word.text(text)));
    match module {
        Some(module) if !is_one_of(MODULES, &module) => {
            words[..using].iter().map(|word| sql::unquote(word.text(text)).to_ascii_lowercase()).collect()
        }
        _ => Vec::new(),
    }
}

/// What a query gives, in lower case: not by a function of SQL's, which the program may have replaced.
fn names(connection: &Connection, sql: &str) -> rusqlite::Result<BTreeSet<String>> {
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| Ok(row.get::<_, String>(0)?.to_ascii_lowercase()))?;
    names.collect()
}

fn has(names: &BTreeSet<String>, name: &str) -> bool {
    names.contains(&name.to_ascii_lowercase())
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn is_own(table: &str) -> bool {
    table.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("revchain_"))
}
