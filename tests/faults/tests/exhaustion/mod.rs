//! Lets SQLite's allocations fail while the work of a scenario is done, in this process: nothing dies of it. Whatever happens, the
//! database is at its old head or at its new one, sound, with every row; the error says that memory was out, or the work is done
//! all the same; a connection of the caller's is as it was; nothing of what SQLite took is lost; and the next who opens the
//! database finishes the work.

use std::path::Path;

use revchain::rusqlite::Connection;
use revchain::rusqlite::config::DbConfig;

use crate::allocator;
use crate::scenario::work::{self, is_by_connection};
use crate::scenario::{Outcome, Scenario, Tally, Trials};

/// What an error says.
const WORDS: [&str; 1] = ["out of memory"];

/// What a connection comes with, and must leave with: whether keys are enforced, the schema is trusted, and may be written,
/// how long it waits, whether it is outside a transaction.
fn settings(connection: &Connection) -> ([bool; 3], i64, bool) {
    let timeout = connection.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap();
    let switches = [
        DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
        DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    ];
    let switches = switches.map(|switch| connection.db_config(switch).unwrap());
    (switches, timeout, connection.is_autocommit())
}

/// Does it, with a fault. Also how many allocations were not freed.
fn run(what: &str, database: &Path, at: usize, goes_on: bool, context: &str) -> (Outcome, isize) {
    let mut connection = is_by_connection(what).then(|| Connection::open(database).unwrap());
    let before = connection.as_ref().map(settings);
    let tried = allocator::fail(at, goes_on, || work::run(what, database, connection.as_mut()));
    assert_eq!(connection.as_ref().map(settings), before, "{context}: the settings of the connection");
    let leaked = if connection.is_some() { 0 } else { tried.leaked };
    let outcome = Outcome {
        is_done: tried.result.is_ok(),
        was_killed: false,
        said: tried.result.err().map(|error| error.to_string()).unwrap_or_default(),
        fired: tried.fired,
    };
    (outcome, leaked)
}

/// Lets every allocation fail in turn, until none is left to fail.
fn try_all(scenario: &Scenario, journal: &str, goes_on: bool, tally: &mut Tally) {
    // Nothing loses its power here, so where there is a disk in memory, nobody waits for a real one.
    let room = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let mut trials = Trials::new(scenario, journal, room);
    for number in 1.. {
        let how = if goes_on { "all from" } else { "only" };
        let context = format!("{} ({journal}), {how} allocation {number}", scenario.name);
        let folder = trials.folder();
        let (outcome, leaked) = run(scenario.what, &folder.join("app.db"), number, goes_on, &context);
        if !outcome.fired {
            assert!(outcome.is_done, "{context}: {}", outcome.said);
            assert!(number > 1, "{context}: no allocation was seen");
            return;
        }
        assert_eq!(leaked, 0, "{context}: memory is lost");
        trials.judge(&folder, &outcome, &WORDS, &context, tally);
    }
}

/// Tries it in as many of its journal modes, and in each of these ways: whether all allocations fail from the one on.
pub(crate) fn try_scenario(name: &str, journals: usize, ways: &[bool]) {
    let scenario = Scenario::of(name);
    for journal in scenario.journals.iter().take(journals) {
        for &goes_on in ways {
            let mut tally = Tally::default();
            try_all(scenario, journal, goes_on, &mut tally);
            let how = if goes_on { "all from one on" } else { "one" };
            println!("{name} ({journal}), {how}: {tally}");
        }
    }
}
