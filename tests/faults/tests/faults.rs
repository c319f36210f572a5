//! System calls that fail: each call of a scenario fails once or permanently, or kills the process.
//!
//! After each fault:
//! - the database is at its old or its new head, sound, with every row;
//! - the error names the cause;
//! - the next `open` finishes the work.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[macro_use]
mod scenario;

use std::path::Path;
use std::process::Command;

use scenario::{Fault, Outcome, Scenario, Tally, Trials};

const EIO: &str = "5";
const EAGAIN: &str = "11";
const EACCES: &str = "13";
const EMFILE: &str = "24";
const ENOSPC: &str = "28";
const EPERM: &str = "1";

/// The calls that fail, and the error number. With `+`, all later calls fail too.
const FAULTS: [(&str, &str); 15] = [
    ("any", "kill"),
    ("write", ENOSPC),
    ("write", "28+"),
    ("write", EIO),
    ("sync", EIO),
    ("sync", "5+"),
    ("open", EACCES),
    ("open", EMFILE),
    ("read", EIO),
    ("read", "5+"),
    ("truncate", EIO),
    ("lock", EIO),
    ("lock", EAGAIN),
    ("link", EPERM),
    ("unlink", EIO),
];

/// The texts of the errors that these faults cause.
const WORDS: [&str; 10] = [
    "disk I/O error",
    "disk is full",
    "unable to open database file",
    "is locked",
    "cannot open the database",
    "read-only",
    "readonly",
    // SQLite reports this if it cannot read a part of a file.
    "malformed",
    "locking protocol",
    "cannot make a backup in",
];

/// Runs a task in a child process, with a fault.
fn run(
    task: &str,
    directory: &Path,
    database: &Path,
    (calls, how): (&str, &str),
    number: usize,
) -> Outcome {
    let library = std::env::current_exe()
        .unwrap()
        .with_file_name("librevchain_faults.so");
    assert!(library.exists(), "{}", library.display());
    let output = Command::new(env!("CARGO_BIN_EXE_fault-child"))
        .arg(task)
        .arg(database)
        .env("LD_PRELOAD", library)
        .env("FAULT_DIRECTORY", directory)
        .env("FAULT_CALLS", calls)
        .env("FAULT_HOW", how)
        .env("FAULT_AT", number.to_string())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("panicked"), "{errors}");
    Outcome {
        is_done: output.status.success(),
        was_killed: output.status.code().is_none(),
        message: String::from_utf8_lossy(&output.stdout).into_owned(),
        has_fault: errors.contains("fault at"),
    }
}

/// Makes each call fail in turn, until no call is left.
fn try_all(scenario: &Scenario, journal: &str, fault: (&str, &str), tally: &mut Tally) {
    let mut trials = Trials::new(scenario, journal, tempfile::tempdir().unwrap());
    for number in 1.. {
        let context = format!("{} ({journal}), {fault:?} at {number}", scenario.name);
        let directory = trials.directory();
        let outcome = run(
            scenario.task,
            &directory,
            &directory.join("app.db"),
            fault,
            number,
        );
        if !outcome.has_fault {
            assert!(outcome.is_done, "{context}: {}", outcome.message);
            assert!(
                number > 1 || fault.0 != "any",
                "{context}: no call was seen"
            );
            return;
        }
        let (words, context) = (&WORDS[..], context.as_str());
        trials.check(&directory, &outcome, Fault { words, context }, tally);
    }
}

fn try_scenario(name: &str) {
    let scenario = Scenario::of(name);
    for journal in scenario.journals {
        for fault in FAULTS {
            let mut tally = Tally::default();
            try_all(scenario, journal, fault, &mut tally);
            println!("{name} ({journal}), {fault:?}: {tally}");
        }
    }
}

each_scenario!(try_scenario);
