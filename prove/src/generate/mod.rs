//! SQL that `revchain new` writes: the rebuild of a table, and the downgrade of a revision.
//!
//! Code belongs here if it writes statements from the schema of a chain.
//! `scratch` runs the chain in memory, and `objects` reads the schema as SQLite stores it.
//! `rebuild` writes the rebuild of tables, from the objects that depend on them.
//! `downgrade` compares the schemas before and after an upgrade, and `renames` reads its renames.

mod downgrade;
mod error;
mod objects;
mod rebuild;
mod renames;
mod scratch;
mod text;

use revchain_core::LoadedMigrations;
use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::schema::quote;

pub use downgrade::{WrittenDowngrade, write_downgrade};
pub use error::GenerateError;
use objects::{Kind, Objects};
use rebuild::{Rebuild, dependents, rebuild_all};
use scratch::Scratch;

/// Returns the statements that rebuild `table` as it is at the head of the chain.
///
/// The statements change nothing: the developer edits the new table.
/// The same statements are the upgrade and the downgrade.
///
/// # Errors
///
/// Fails if the chain does not run, if it has no such table, or if SQLite cannot rename the table.
pub fn rebuild_table(loaded: &LoadedMigrations, table: &str) -> Result<String, GenerateError> {
    let mut scratch = Scratch::new()?;
    scratch.upgrade(loaded, usize::MAX)?;
    let objects = scratch.objects()?;
    let table = find_table(&objects, table)?;
    let rebuild = Rebuild::unchanged(scratch.connection(), &objects, table)?;
    let depending = dependents(&objects, &[&table.name]);
    Ok(rebuild_all(&objects, &[rebuild], &depending))
}

/// Finds a table that a rebuild can replace.
fn find_table<'o>(objects: &'o Objects, name: &str) -> Result<&'o objects::Object, GenerateError> {
    let shown = quote(name);
    let Some(object) = objects.table_or_view(name) else {
        let names = objects.of_kind(Kind::Table).map(|table| &*table.name);
        let mut error = GenerateError::new("no-table", format!("the head has no table {shown}"));
        if let Some(similar) = did_you_mean(name, names) {
            error = error.help(format!("did you mean `{}`?", quote(similar)));
        }
        return Err(error);
    };
    match object.kind {
        Kind::Table => Ok(object),
        Kind::View => Err(GenerateError::new(
            "not-a-table",
            format!("{shown} is a view, which has no rows to copy"),
        )
        .help("drop the view, and create it again".to_owned())),
        _ => Err(GenerateError::new(
            "not-a-table",
            format!("{shown} is a virtual table, whose module owns its rows"),
        )
        .help(
            "drop the table, create it again, and fill it from the table that it indexes"
                .to_owned(),
        )),
    }
}
