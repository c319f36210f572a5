//! Directives that declare a stand-in that nothing uses, or an object that SQLite has.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::schema::quote;
use revchain_core::sql::calls::{called_names, calls, uses_collation, uses_module};
use revchain_core::sql::sqlite_messages::UnregisteredObject;
use revchain_core::sql::tokenizer::unquote;
use revchain_core::{
    ArgumentCount, Chain, Downgrade, FunctionStandIn, RevisionIndex, StandIns, Statement,
};
use rusqlite::Connection;

/// A directive that declares a stand-in without need.
pub(crate) struct NeedlessStandIn {
    /// The name of the directive.
    pub(crate) directive: &'static str,
    /// The index of the directive among those with the same name.
    pub(crate) index: usize,
    /// The name of the object.
    pub(crate) name: String,
    /// The arguments of the directive.
    pub(crate) arguments: String,
    pub(crate) reason: Reason,
}

/// The reason why a stand-in is needless.
pub(crate) enum Reason {
    /// SQLite has the object.
    BuiltIn,
    /// No statement uses the object. `meant` is the directive that the user probably meant.
    Unused { meant: Option<String> },
}

/// A function that takes SQL and a name, and returns `true` if the SQL uses the object.
type IsUsed = fn(&str, &str) -> bool;

/// Returns the needless directives of a revision.
///
/// A directive is needed if a statement of this or a later revision uses the object.
pub(crate) fn needless_stand_ins(
    chain: &Chain,
    index: RevisionIndex,
    declared: &StandIns,
) -> rusqlite::Result<Vec<NeedlessStandIn>> {
    let mut needless = Vec::new();
    if declared.is_empty() {
        return Ok(needless);
    }
    // The connection of the proof has stand-ins, which are not built in.
    let sqlite = Connection::open_in_memory()?;
    let statements = statements_from(chain, index);
    let texts: Vec<&str> = statements.iter().map(Statement::sql).collect();
    for (index, function) in declared.functions.iter().enumerate() {
        let reason = if is_built_in_function(&sqlite, function)? {
            Reason::BuiltIn
        } else if is_called(function, &texts) {
            continue;
        } else {
            let meant = meant_function(&sqlite, function, &declared.functions, &texts)?;
            Reason::Unused { meant }
        };
        needless.push(NeedlessStandIn {
            directive: "function",
            index,
            name: function.name.clone(),
            arguments: function.to_string(),
            reason,
        });
    }
    let kinds: [(_, _, _, IsUsed); 2] = [
        (
            "collation",
            &declared.collations,
            "pragma_collation_list",
            uses_collation,
        ),
        (
            "module",
            &declared.modules,
            "pragma_module_list",
            uses_module,
        ),
    ];
    for (directive, names, list, is_used) in kinds {
        for (index, name) in names.iter().enumerate() {
            let reason = if is_listed(&sqlite, list, name)? {
                Reason::BuiltIn
            } else if texts.iter().any(|sql| is_used(sql, name)) {
                continue;
            } else {
                Reason::Unused { meant: None }
            };
            needless.push(NeedlessStandIn {
                directive,
                index,
                name: name.clone(),
                arguments: quote(name),
                reason,
            });
        }
    }
    Ok(needless)
}

/// Returns the declared name that is probably a misspelling of a missing object: no statement
/// uses the declared name.
pub(crate) fn misspelled_stand_in<'s>(
    chain: &Chain,
    declared: impl Iterator<Item = &'s StandIns>,
    missing: UnregisteredObject<'_>,
) -> Option<&'s str> {
    let statements = statements_from(chain, RevisionIndex::new(0));
    let texts: Vec<&str> = statements.iter().map(Statement::sql).collect();
    let (name, is_used): (&str, IsUsed) = match missing {
        UnregisteredObject::Function(name) => (name, |sql, name| !calls(sql, name).is_empty()),
        UnregisteredObject::Collation(name) => (name, uses_collation),
        UnregisteredObject::Module(name) => (name, uses_module),
    };
    let names = declared.flat_map(|stand_ins| match missing {
        UnregisteredObject::Function(_) => {
            let functions = stand_ins.functions.iter();
            functions.map(|function| function.name.as_str()).collect()
        }
        UnregisteredObject::Collation(_) => names_of(&stand_ins.collations),
        UnregisteredObject::Module(_) => names_of(&stand_ins.modules),
    });
    did_you_mean(
        name,
        names.filter(|name| !texts.iter().any(|sql| is_used(sql, name))),
    )
}

fn names_of(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// Returns the statements of a revision and of all later revisions.
fn statements_from(chain: &Chain, index: RevisionIndex) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    for revision in &chain.revisions()[index.get()..] {
        statements.extend(revision.upgrade().statements());
        if let Downgrade::Sql(script) = revision.downgrade() {
            statements.extend(script.statements());
        }
    }
    statements
}

/// Returns `true` if a statement calls the function with this number of arguments.
fn is_called(function: &FunctionStandIn, texts: &[&str]) -> bool {
    let mut calls = texts.iter().flat_map(|sql| calls(sql, &function.name));
    match function.arguments {
        ArgumentCount::Any => calls.next().is_some(),
        ArgumentCount::Exactly(count) => calls.any(|call| call.arguments == usize::from(count)),
    }
}

/// Returns the function that the user probably meant: statements call it, and no directive of the
/// file declares it.
fn meant_function(
    sqlite: &Connection,
    unused: &FunctionStandIn,
    declared: &[FunctionStandIn],
    texts: &[&str],
) -> rusqlite::Result<Option<String>> {
    let mut candidates = Vec::new();
    for name in texts.iter().flat_map(|sql| called_names(sql)) {
        let name = unquote(name);
        let calls = texts.iter().flat_map(|sql| calls(sql, &name));
        for count in calls.filter_map(|call| u8::try_from(call.arguments).ok()) {
            let function = FunctionStandIn {
                name: name.clone(),
                arguments: ArgumentCount::Exactly(count),
            };
            let is_declared = declared.iter().any(|other| {
                other.name.eq_ignore_ascii_case(&name)
                    && [function.arguments, ArgumentCount::Any].contains(&other.arguments)
            });
            if !is_declared && !is_built_in_function(sqlite, &function)? {
                candidates.push(function);
            }
        }
    }
    let names = candidates.iter().map(|function| function.name.as_str());
    let Some(meant) = did_you_mean(&unused.name, names) else {
        return Ok(None);
    };
    let meant = candidates.iter().find(|function| function.name == meant);
    Ok(meant.map(|function| format!("-- @function {function}")))
}

fn is_built_in_function(sqlite: &Connection, function: &FunctionStandIn) -> rusqlite::Result<bool> {
    // A negative number means that the function takes any number of arguments.
    let sql = "SELECT count(*) FROM pragma_function_list
               WHERE name = lower(?1) AND (narg < 0 OR ?2 IS NULL OR narg = ?2)";
    let count = match function.arguments {
        ArgumentCount::Exactly(count) => Some(count),
        ArgumentCount::Any => None,
    };
    let found: i64 = sqlite.query_row(sql, (&function.name, count), |row| row.get(0))?;
    Ok(found > 0)
}

fn is_listed(sqlite: &Connection, list: &str, name: &str) -> rusqlite::Result<bool> {
    let sql = format!("SELECT count(*) FROM {list} WHERE lower(name) = lower(?1)");
    let found: i64 = sqlite.query_row(&sql, [name], |row| row.get(0))?;
    Ok(found > 0)
}
