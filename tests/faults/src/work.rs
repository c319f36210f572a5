//! What is done to a database while something fails: by a child where calls of the system fail, and by the tests themselves
//! where SQLite's memory does.

use std::path::Path;
use std::time::Duration;

use revchain::rusqlite::Connection;
use revchain::{Error, Migrations, OnAhead, embed_migrations};

pub(crate) static MIGRATIONS: Migrations = embed_migrations!();

/// The same, as one chain of several that share a database: its history has another name, and its marker is in a row.
pub(crate) static NAMED: Migrations = embed_migrations!("migrations", name = "pets");

/// An older program, which has the first two of the revisions.
pub(crate) fn older() -> Migrations {
    Migrations::embedded("migrations", "", "", &MIGRATIONS.revisions()[..2], MIGRATIONS.chain().window, &[])
}

/// Whether it is done with a connection of the caller's.
pub(crate) fn is_by_connection(what: &str) -> bool {
    !matches!(what, "open" | "backup")
}

/// Does it, with that connection if it is done with one.
pub(crate) fn run(what: &str, database: &Path, connection: Option<&mut Connection>) -> Result<(), Error> {
    let older = older();
    let chain = match what {
        "named" => &NAMED,
        "take-back" => &older,
        _ => &MIGRATIONS,
    };
    // Where no lock can be had, it should not take the test's time.
    let options = chain.options().lock_timeout(Duration::from_millis(50));
    match (what, connection) {
        // Whatever it is: a new one, one that is behind, one from before the migrations.
        ("open", None) => drop(options.open(database)?),
        // With a backup beside it.
        ("backup", None) => drop(options.backup(database.with_file_name("backups"), 2).open(database)?),
        // A new one by running the chain.
        ("upgrade" | "named", Some(connection)) => drop(options.upgrade(connection)?),
        ("downgrade", Some(connection)) => drop(options.downgrade_to(connection, "002")?),
        // By what the database keeps for that.
        ("take-back", Some(connection)) => {
            drop(options.on_ahead(OnAhead::Downgrade).downgrade_to(connection, "head")?);
        }
        ("stamp", Some(connection)) => drop(options.stamp(connection, "004")?),
        other => panic!("there is no {}", other.0),
    }
    Ok(())
}
