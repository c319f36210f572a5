//! Every call of the system that revchain and SQLite make for a database fails once, or for good, or the process is killed
//! before it. Whatever happens, the database is at its old head or at its new one, sound, with every row; the error says what
//! happened; and the next who opens it finishes the work.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[macro_use]
mod scenario;

use std::path::Path;
use std::process::Command;

use scenario::{Outcome, Scenario, Tally, Trials};

const EIO: &str = "5";
const EAGAIN: &str = "11";
const EACCES: &str = "13";
const EMFILE: &str = "24";
const ENOSPC: &str = "28";
const EPERM: &str = "1";

/// Which calls fail, and how; `+` for every call from there on.
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

/// What an error says of these.
const WORDS: [&str; 10] = [
    "disk I/O error",
    "disk is full",
    "unable to open database file",
    "is locked",
    "cannot be opened",
    "read-only",
    "readonly",
    // So SQLite calls a file of which it cannot read a part.
    "malformed",
    "locking protocol",
    "no backup could be made",
];

/// Has the child do it, with a fault.
fn run(what: &str, folder: &Path, database: &Path, (calls, how): (&str, &str), number: usize) -> Outcome {
    let library = std::env::current_exe().unwrap().with_file_name("librevchain_faults.so");
    assert!(library.exists(), "{}", library.display());
    let output = Command::new(env!("CARGO_BIN_EXE_fault-child"))
        .arg(what)
        .arg(database)
        .env("LD_PRELOAD", library)
        .env("FAULT_FOLDER", folder)
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
        said: String::from_utf8_lossy(&output.stdout).into_owned(),
        fired: errors.contains("fault at"),
    }
}

/// Lets every call fail in turn, until none is left to fail.
fn try_all(scenario: &Scenario, journal: &str, fault: (&str, &str), tally: &mut Tally) {
    let mut trials = Trials::new(scenario, journal, tempfile::tempdir().unwrap());
    for number in 1.. {
        let context = format!("{} ({journal}), {fault:?} at {number}", scenario.name);
        let folder = trials.folder();
        let outcome = run(scenario.what, &folder, &folder.join("app.db"), fault, number);
        if !outcome.fired {
            assert!(outcome.is_done, "{context}: {}", outcome.said);
            assert!(number > 1 || fault.0 != "any", "{context}: no call was seen");
            return;
        }
        trials.judge(&folder, &outcome, &WORDS, &context, tally);
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
