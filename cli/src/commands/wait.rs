//! `wait`: waiting until another process has migrated the database.

use super::current;
use crate::app::Commands;
use crate::args::WaitArgs;
use crate::support::{Result, in_database};

pub(crate) fn run(app: &Commands<'_>, args: &WaitArgs) -> Result {
    let (path, migrator) = app.database_of(&args.database)?;
    let connection = migrator.wait_for_head(path.name(), args.timeout);
    let connection = in_database(&path, connection)?;
    current::show(app, &migrator, &path, &connection)
}
