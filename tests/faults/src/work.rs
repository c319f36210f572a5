//! The tasks on a database during which calls or allocations fail.
//!
//! The child process runs them for system calls, and the tests themselves for allocations.

use std::path::Path;
use std::time::Duration;

use revchain::__private::Chain;
use revchain::rusqlite::Connection;
use revchain::{Error, Migrations, OnNewer, embed_migrations};

pub(crate) static MIGRATIONS: Migrations = embed_migrations!();

/// The same chain with a name: its history has another name, and its marker is in a row.
pub(crate) static NAMED: Migrations = embed_migrations!("migrations", name = "pets");

/// Returns the chain of an older program, which has the first two revisions.
pub(crate) fn older() -> Migrations {
    let chain = Chain::new(MIGRATIONS.revisions()[..2].to_vec());
    Migrations::from_chain(chain, "migrations".to_owned())
}

/// Returns `true` if the task needs a connection of the caller.
pub(crate) fn is_by_connection(task: &str) -> bool {
    !matches!(task, "open" | "backup")
}

/// Runs a task, with the connection if the task needs one.
pub(crate) fn run(
    task: &str,
    database: &Path,
    connection: Option<&mut Connection>,
) -> Result<(), Error> {
    let older = older();
    let chain = match task {
        "named" => &NAMED,
        "downgrade-newer" => &older,
        _ => &MIGRATIONS,
    };
    // A lock that fails must not delay the tests.
    let migrator = chain.migrator().busy_timeout(Duration::from_millis(50));
    match (task, connection) {
        // The database is new, older, or from before the migrations.
        ("open", None) => drop(migrator.open(database)?),
        ("backup", None) => {
            let backups = database.with_file_name("backups");
            drop(migrator.backup(backups, 2).open(database)?);
        }
        // An upgrade never copies the snapshot: it runs the chain.
        ("upgrade" | "named", Some(connection)) => drop(migrator.upgrade(connection)?),
        ("downgrade", Some(connection)) => drop(migrator.downgrade_to(connection, "002")?),
        ("downgrade-newer", Some(connection)) => {
            let migrator = migrator.on_newer(OnNewer::Downgrade);
            drop(migrator.downgrade_to(connection, "head")?);
        }
        ("stamp", Some(connection)) => drop(migrator.stamp(connection, "004")?),
        (task, _) => panic!("unknown task: {task}"),
    }
    Ok(())
}
