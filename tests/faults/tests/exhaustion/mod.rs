//! Scenarios in this process, with allocations of SQLite that fail.
//!
//! After each fault:
//! - the database is at its old or its new head, sound, with every row;
//! - the error reports that SQLite is out of memory, or the task is done;
//! - a connection of the caller has its previous settings;
//! - SQLite leaks no memory;
//! - the next `open` finishes the work.

use std::path::Path;

use revchain::rusqlite::Connection;
use revchain::rusqlite::config::DbConfig;

use crate::allocator;
use crate::scenario::work::{self, is_by_connection};
use crate::scenario::{Fault, Outcome, Scenario, Tally, Trials};

/// The texts of the errors that these faults cause.
const WORDS: [&str; 1] = ["out of memory"];

/// Returns the settings of a connection that must stay the same.
///
/// The settings are `foreign_keys`, `trusted_schema`, `writable_schema`, the busy timeout,
/// and autocommit mode.
fn settings(connection: &Connection) -> ([bool; 3], i64, bool) {
    let timeout = connection
        .query_row("PRAGMA busy_timeout", [], |row| row.get(0))
        .unwrap();
    let switches = [
        DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY,
        DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA,
    ];
    let switches = switches.map(|switch| connection.db_config(switch).unwrap());
    (switches, timeout, connection.is_autocommit())
}

/// Runs a task with a fault, and returns the number of leaked allocations.
fn run(task: &str, database: &Path, at: usize, goes_on: bool, context: &str) -> (Outcome, isize) {
    let mut connection = is_by_connection(task).then(|| Connection::open(database).unwrap());
    let before = connection.as_ref().map(settings);
    let tried = allocator::fail(at, goes_on, || {
        work::run(task, database, connection.as_mut())
    });
    assert_eq!(
        connection.as_ref().map(settings),
        before,
        "{context}: the settings of the connection"
    );
    let leaked = if connection.is_some() {
        0
    } else {
        tried.leaked
    };
    let outcome = Outcome {
        is_done: tried.result.is_ok(),
        was_killed: false,
        message: tried
            .result
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default(),
        has_fault: tried.has_fault,
    };
    (outcome, leaked)
}

/// Makes each allocation fail in turn, until no allocation is left.
fn try_all(scenario: &Scenario, journal: &str, goes_on: bool, tally: &mut Tally) {
    // These tests need no durable storage, so a file system in memory is preferred.
    let temp_dir = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap();
    let mut trials = Trials::new(scenario, journal, temp_dir);
    for number in 1.. {
        let how = if goes_on { "all from" } else { "only" };
        let context = format!("{} ({journal}), {how} allocation {number}", scenario.name);
        let directory = trials.directory();
        let (outcome, leaked) = run(
            scenario.task,
            &directory.join("app.db"),
            number,
            goes_on,
            &context,
        );
        if !outcome.has_fault {
            assert!(outcome.is_done, "{context}: {}", outcome.message);
            assert!(number > 1, "{context}: no allocation was seen");
            return;
        }
        assert_eq!(leaked, 0, "{context}: memory leak");
        let (words, context) = (&WORDS[..], context.as_str());
        trials.check(&directory, &outcome, Fault { words, context }, tally);
    }
}

/// Runs a scenario in its first `journals` journal modes, once for each value of `goes_on`.
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
