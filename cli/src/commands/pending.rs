//! `pending`: listing the revisions that an upgrade would apply.

use revchain_core::diagnostics::escape::escape;
use serde_json::json;

use crate::app::Commands;
use crate::args::DatabaseArgs;
use crate::support::{Answer, PENDING, Result, exists, in_database, open_to_inspect};

pub(crate) fn run(app: &Commands<'_>, args: &DatabaseArgs) -> Result {
    let (path, migrator) = app.database_of(args)?;
    let connection = open_to_inspect(&migrator, &path)?;
    let pending = in_database(&path, migrator.pending(&connection))?;
    let database = path.display().to_string();
    let mut text = match pending.len() {
        0 => format!("{database}: nothing pending"),
        count => format!("{database}: {count} pending"),
    };
    let mut list = Vec::new();
    for revision in pending {
        let (id, summary) = (revision.id(), revision.summary());
        text += &format!("\n  {PENDING}{id}{PENDING:#}  {}", escape(summary));
        list.push(json!({ "revision": id, "summary": summary }));
    }
    let json = json!({ "database": database, "exists": exists(&path), "pending": list });
    Ok(Answer::new(text, json))
}
