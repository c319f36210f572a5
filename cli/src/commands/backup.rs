//! `backup`: making a backup of the database now.

use std::path::{Path, PathBuf};

use revchain_core::diagnostics::escape::escape;
use revchain_runtime::Migrator;
use serde_json::json;

use crate::app::Commands;
use crate::args::BackupArgs;
use crate::support::{Answer, CURRENT, Result, in_database, must_exist, open_to_inspect, size};

pub(crate) fn run(app: &Commands<'_>, args: &BackupArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&path)?;
    let to = args.to.clone();
    let to = to.unwrap_or_else(|| default_directory(&migrator, &path));
    let connection = open_to_inspect(&migrator, &path)?;
    let backup = in_database(&path, migrator.make_backup(&connection, to))?;
    let database = path.display().to_string();
    let id = escape(backup.revision.as_deref().unwrap_or("base"));
    let file = escape(&backup.path.to_string_lossy());
    let size = size(backup.bytes);
    let text = format!("{database}: {CURRENT}{id}{CURRENT:#} backed up to {file} ({size})");
    let json = json!({
        "database": database,
        "backup": backup.path.to_string_lossy(),
        "revision": backup.revision,
        "bytes": backup.bytes,
    });
    Ok(Answer::new(text, json))
}

/// Returns the directory in which the application makes backups, or else that of the database.
fn default_directory(migrator: &Migrator<'_>, database: &Path) -> PathBuf {
    let beside = database.parent().unwrap_or(database);
    let directory = migrator.backup_directory().unwrap_or(beside);
    // A path with a separator at its end is that of a directory, also if it does not exist.
    directory.join("")
}
