//! What is done to a database while the system fails: `fault-child WHAT DATABASE`. It ends with 0, or says what error revchain
//! gave and ends with 1.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use revchain::rusqlite::Connection;
use revchain::{Error, Migrations, embed_migrations};

static MIGRATIONS: Migrations = embed_migrations!();

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(database)) = (arguments.next(), arguments.next()) else {
        return ExitCode::from(2);
    };
    match run(&what, &database) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed::Open(error)) => {
            println!("the test's own connection cannot be opened: {error}");
            ExitCode::FAILURE
        }
        Err(Failed::Revchain(error)) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

enum Failed {
    Open(revchain::rusqlite::Error),
    Revchain(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Revchain(error)
    }
}

fn run(what: &str, database: &str) -> Result<(), Failed> {
    // Where no lock can be had, it should not take the test's time.
    let options = MIGRATIONS.options().lock_timeout(Duration::from_millis(50));
    let connect = || Connection::open(database).map_err(Failed::Open);
    match what {
        // Whatever it is: a new one, one that is behind, one from before the migrations.
        "open" => drop(options.open(database)?),
        // With a backup beside it.
        "backup" => {
            let backups = Path::new(database).with_file_name("backups");
            drop(options.backup(backups, 2).open(database)?);
        }
        // A new one by running the chain.
        "upgrade" => drop(options.upgrade(&mut connect()?)?),
        "downgrade" => drop(options.downgrade_to(&mut connect()?, "002")?),
        "stamp" => drop(options.stamp(&mut connect()?, "004")?),
        other => panic!("there is no {other}"),
    }
    Ok(())
}
