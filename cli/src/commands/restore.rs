//! `restore`: replacing the database with a backup.

use std::fs;
use std::time::SystemTime;

use revchain_runtime::{Migrator, Revision};
use serde_json::{Value, json};

use crate::app::Commands;
use crate::args::RestoreArgs;
use crate::support::{
    Failure, Location, Result, confirm, exists, must_exist, open, open_to_inspect, report, rfc3339,
    size,
};

pub(crate) fn run(app: &Commands<'_>, args: &RestoreArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    must_exist(&args.file)?;
    let replaced = Replaced::read(&path, &migrator);
    let is_new = replaced.is_none();
    if let (Some(replaced), false) = (&replaced, args.yes) {
        let (database, backup) = (path.display(), args.file.display());
        let content = replaced.text();
        let loss = "Everything that is in the database now will be lost:";
        confirm(&format!(
            "{database}: restoring {backup}\n{loss} {content}."
        ))?;
    }
    let restored = migrator.restore(&mut open(&migrator, &path)?, &args.file);
    if is_new && restored.is_err() {
        // Remove the empty file that `open` created.
        let _ = fs::remove_file(&*path);
    }
    let report = restored.map_err(|error| {
        // Show the path of the backup or the database as the user wrote the path. The error has
        // an absolute path from SQLite.
        let is_in_backup = error.database() == Some(&*args.file.to_string_lossy());
        let file = if is_in_backup { &*args.file } else { &*path };
        Failure::in_database(file, &error)
    })?;
    let mut answer = report::report(&path, &report);
    if let Some(replaced) = &replaced {
        answer.text += &format!("\nreplaced: {}", replaced.text());
    }
    answer.json["replaced"] = json!(replaced.as_ref().map(Replaced::to_json));
    Ok(answer)
}

/// The database that a restore replaces.
struct Replaced {
    /// The id of the newest revision; `None` if the history cannot be read, or at base.
    revision: Option<String>,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Replaced {
    /// Returns `None` if the file does not exist.
    fn read(path: &Location, migrator: &Migrator<'_>) -> Option<Self> {
        if !exists(path) {
            return None;
        }
        let file = fs::metadata(&**path).ok();
        let current = open_to_inspect(migrator, path)
            .ok()
            .and_then(|connection| migrator.current(&connection).ok().flatten());
        Some(Self {
            revision: current.map(Revision::id).map(str::to_owned),
            bytes: file.as_ref().map_or(0, fs::Metadata::len),
            modified: file.and_then(|file| file.modified().ok()),
        })
    }

    fn text(&self) -> String {
        let revision = self.revision.as_deref();
        let revision = revision.map_or("no known revision".to_owned(), |id| format!("at {id}"));
        let mut text = format!("{revision}, {}", size(self.bytes));
        if let Some(modified) = self.modified {
            text += &format!(", last written {}", rfc3339(modified));
        }
        text
    }

    fn to_json(&self) -> Value {
        json!({
            "revision": self.revision,
            "bytes": self.bytes,
            "modified_at": self.modified.map(rfc3339),
        })
    }
}
