//! `current`: showing the revision of the database.

use std::path::Path;

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::rusqlite::Connection;
use revchain_runtime::{Migrator, Revision};
use serde_json::json;

use crate::app::Commands;
use crate::args::DatabaseArgs;
use crate::support::{
    Answer, CURRENT, PENDING, Result, UpgradePreview, in_database, must_exist, open_to_inspect,
};

pub(crate) fn run(app: &Commands<'_>, args: &DatabaseArgs) -> Result {
    let (path, migrator) = app.database_of(args)?;
    must_exist(&path)?;
    let connection = open_to_inspect(&migrator, &path)?;
    show(app, &migrator, &path, &connection)
}

/// Shows the revision of a database that is open.
pub(super) fn show(
    app: &Commands<'_>,
    migrator: &Migrator<'_>,
    path: &Path,
    connection: &Connection,
) -> Result {
    let current = in_database(path, migrator.current(connection))?;
    let preview = UpgradePreview::new(migrator, path, connection)?;
    let note = match (&preview.note, &preview.pending) {
        (Some(note), _) => format!(" ({note})"),
        (None, Some(pending)) if pending.is_empty() => " (head)".to_owned(),
        (None, Some(pending)) => format!(" ({PENDING}{} pending{PENDING:#})", pending.len()),
        (None, None) => String::new(),
    };
    let database = path.display().to_string();
    let id = current.map_or("base", Revision::id);
    let mut text = format!("{database}: {CURRENT}{id}{CURRENT:#}{note}");
    if let Some(current) = current {
        text += &format!("  {}", escape(current.summary()));
    }
    let json = json!({
        "database": database,
        "current": current.map(Revision::id),
        "head": app.migrations().head().map(Revision::id),
        "pending": preview.pending,
        "newer": preview.newer,
    });
    Ok(Answer::new(text, json))
}
