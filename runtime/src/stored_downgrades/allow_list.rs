//! The actions that the sandbox allows.
//!
//! The sandbox denies every other action, also actions that later SQLite versions add.

use std::collections::BTreeSet;

use revchain_core::sql::tokenizer::{tokens, unquote};
use rusqlite::hooks::{AuthAction, AuthContext};
use rusqlite::{Connection, ErrorCode};

use crate::report::sqlite::sqlite_message;
use crate::session::guard::Rules;
use crate::session::sql::{query_texts, quote};

/// SQLite's modules whose virtual tables access only tables of the database.
const MODULES: &[&str] = &[
    "fts3",
    "fts4",
    "fts4aux",
    "fts5",
    "fts5vocab",
    "rtree",
    "rtree_i32",
    "geopoly",
];

/// SQLite's table-valued functions that read only their arguments.
const TABLE_FUNCTIONS: &[&str] = &["json_each", "json_tree", "jsonb_each", "jsonb_tree"];

/// The rules of the sandbox for one connection.
///
/// The fields hold the names that stored SQL must not use, in lower case.
pub(super) struct AllowList {
    /// The functions that the program has registered or replaced.
    ///
    /// A list of allowed functions would be incomplete: ALTER TABLE calls internal functions of
    /// SQLite, which `pragma_function_list` omits.
    foreign_functions: BTreeSet<String>,
    /// The virtual tables whose module is not in `MODULES`, and the names of these modules.
    ///
    /// Another module can read data outside the database.
    foreign_virtual_tables: BTreeSet<String>,
    /// The tables in other databases of the connection: `temp`, and attached databases.
    foreign_tables: BTreeSet<String>,
}

impl AllowList {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            foreign_functions: foreign_functions(connection)?,
            foreign_virtual_tables: foreign_virtual_tables(connection)?,
            foreign_tables: foreign_tables(connection)?,
        })
    }

    fn allows_in_main(&self, action: &AuthAction<'_>, names_database: bool) -> bool {
        match *action {
            AuthAction::Select | AuthAction::Recursive => true,
            // If a statement reads no column of a table, SQLite sometimes names no database. Then
            // reject the table if another database has a table of the same name.
            AuthAction::Read { table_name, .. } => {
                !contains(&self.foreign_virtual_tables, table_name)
                    && (names_database || !contains(&self.foreign_tables, table_name))
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
                !is_revchain_table(table_name)
                    && !contains(&self.foreign_virtual_tables, table_name)
            }
            AuthAction::CreateVtable {
                table_name,
                module_name,
            }
            | AuthAction::DropVtable {
                table_name,
                module_name,
            } => !is_revchain_table(table_name) && is_one_of(MODULES, module_name),
            AuthAction::CreateView { .. }
            | AuthAction::DropView { .. }
            | AuthAction::Reindex { .. }
            | AuthAction::Analyze { .. } => true,
            AuthAction::Function { function_name } => {
                !contains(&self.foreign_functions, function_name)
                    && !function_name.eq_ignore_ascii_case("load_extension")
            }
            // SQLite's own virtual tables use these pragmas internally. A script cannot use them,
            // because `revchain_core` rejects such a script.
            AuthAction::Pragma {
                pragma_name: "data_version" | "page_size",
                pragma_value: None,
            } => true,
            _ => false,
        }
    }
}

impl Rules for AllowList {
    fn allows(&self, context: &AuthContext<'_>) -> bool {
        let database = match context.action {
            // For ALTER TABLE, the action itself names the database. Then
            // `context.database_name` may hold the name of a column.
            AuthAction::AlterTable { database_name, .. } => Some(database_name),
            _ => context.database_name,
        };
        match context.action {
            // Allow access to the temporary schema, because ALTER TABLE reads and updates it.
            // Other statements cannot update the schema: `writable_schema` is off.
            AuthAction::Read { table_name, .. } | AuthAction::Update { table_name, .. }
                if database == Some("temp") =>
            {
                return matches!(table_name, "sqlite_temp_master" | "sqlite_temp_schema");
            }
            _ => {}
        }
        let is_main = database.is_none_or(|name| name.eq_ignore_ascii_case("main"));
        is_main && self.allows_in_main(&context.action, database.is_some())
    }
}

fn foreign_functions(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let sql = "SELECT name FROM pragma_function_list WHERE builtin = 0";
    let mut functions = lowercase_names(connection, sql)?;
    // SQLite's full-text search registers a placeholder function `match`, which fails if called.
    // `pragma_function_list` shows the placeholder like a function of the program. A call tells
    // the two apart: the placeholder fails with a known message.
    match connection.query_row("SELECT match(NULL, NULL)", [], |_| Ok(())) {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::OutOfMemory) => {
            return Err(error);
        }
        // Compare the message, because SQLite has no error code for this failure.
        Err(error) if sqlite_message(&error).contains("in the requested context") => {
            functions.remove("match");
        }
        _ => {}
    }
    Ok(functions)
}

fn foreign_virtual_tables(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut tables = lowercase_names(connection, "SELECT name FROM pragma_module_list")?;
    tables.retain(|module| !is_one_of(MODULES, module) && !is_one_of(TABLE_FUNCTIONS, module));
    let sql = "SELECT sql FROM main.sqlite_master WHERE sql LIKE '%VIRTUAL%'";
    for sql in lowercase_names(connection, sql)? {
        tables.extend(names_before_foreign_module(&sql));
    }
    Ok(tables)
}

fn foreign_tables(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut tables = BTreeSet::new();
    let sql = "SELECT name FROM pragma_database_list WHERE name <> 'main'";
    for database in lowercase_names(connection, sql)? {
        let sql = format!("SELECT name FROM {}.sqlite_master", quote(&database));
        tables.append(&mut lowercase_names(connection, &sql)?);
    }
    Ok(tables)
}

/// Returns all words before `USING` in a `CREATE VIRTUAL TABLE`.
///
/// One word is the table name. The others are keywords, or the name of the schema.
///
/// Returns no words if the module is in `MODULES`.
fn names_before_foreign_module(sql: &str) -> Vec<String> {
    let tokens = tokens(sql);
    let words: Vec<_> = tokens.iter().filter(|token| !token.is_comment()).collect();
    let Some(using) = words.iter().position(|word| word.is_word(sql, "USING")) else {
        return Vec::new();
    };
    let module = words.get(using + 1).map(|word| unquote(word.text(sql)));
    if module.is_none_or(|module| is_one_of(MODULES, &module)) {
        return Vec::new();
    }
    let before = words[..using].iter();
    before
        .map(|word| unquote(word.text(sql)).to_ascii_lowercase())
        .collect()
}

/// Returns the texts of a query in lower case.
///
/// The conversion is in Rust, because the program may have replaced the SQL function `lower`.
fn lowercase_names(connection: &Connection, sql: &str) -> rusqlite::Result<BTreeSet<String>> {
    let names = query_texts(connection, sql, [])?;
    Ok(names.iter().map(|name| name.to_ascii_lowercase()).collect())
}

fn contains(names: &BTreeSet<String>, name: &str) -> bool {
    names.contains(&name.to_ascii_lowercase())
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn is_revchain_table(table: &str) -> bool {
    table
        .get(..9)
        .is_some_and(|start| start.eq_ignore_ascii_case("revchain_"))
}
