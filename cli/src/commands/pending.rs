//! `pending`: listing the revisions that an upgrade would apply.

use revchain_runtime::{Request, Target};
use serde_json::json;

use crate::app::Commands;
use crate::args::DatabaseArgs;
use crate::support::{Answer, Result, exists, in_database, list_pending, open_to_inspect};

pub(crate) fn run(app: &Commands<'_>, args: &DatabaseArgs) -> Result {
    let (path, migrator) = app.database_of(args)?;
    let connection = open_to_inspect(&migrator, &path)?;
    let plan = migrator.plan(&connection, Request::Upgrade(Target::Head));
    let plan = in_database(&path, plan)?;
    let database = path.display().to_string();
    let mut text = database.clone();
    if !exists(&path) {
        text += " (the file does not exist yet)";
    }
    let (lines, list) = list_pending(&plan);
    text += &match list.len() {
        0 => ": nothing pending".to_owned(),
        count => format!(": {count} pending"),
    };
    text += &lines;
    let json = json!({ "database": database, "exists": exists(&path), "pending": list });
    Ok(Answer::new(text, json))
}
