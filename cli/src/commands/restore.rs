//! `restore`: replacing the database with a backup.

use std::fs;

use crate::app::Commands;
use crate::args::RestoreArgs;
use crate::support::{Failure, Result, confirm, exists, must_exist, open, report};

pub(crate) fn run(app: &Commands<'_>, args: &RestoreArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&args.file)?;
    let is_new = !exists(path);
    if !is_new && !args.yes {
        let (database, backup) = (path.display(), args.file.display());
        let loss = "Everything that is in the database now will be lost.";
        confirm(&format!("{database}: restoring {backup}\n{loss}"))?;
    }
    let restored = migrator.restore(&mut open(path)?, &args.file);
    if is_new && restored.is_err() {
        // Remove the empty file that `open` created.
        let _ = fs::remove_file(path);
    }
    let report = restored.map_err(|error| {
        // Show the path of the backup or the database as the user wrote the path. The error has
        // an absolute path from SQLite.
        let is_in_backup = error.database() == Some(&*args.file.to_string_lossy());
        let file = if is_in_backup { &args.file } else { path };
        Failure::in_database(file, &error)
    })?;
    Ok(report::report(path, &report))
}
