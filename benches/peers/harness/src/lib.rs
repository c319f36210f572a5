//! What the programs that measure the peers share: the scenarios, and the clock around them.
//!
//! A program is called with a scenario, a file and a count, does it so often in its own process, and prints how long each
//! took, in nanoseconds, one a line. The clock runs from before the connection is opened until it is ready; closing it, and
//! all that is made ready before, is not what is measured.

use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How a program that uses this peer opens its database.
pub trait Peer {
    /// What it hands to the program.
    type Connection;

    /// Opens the database, makes it if it is not there, and brings it to the head.
    fn open(path: &Path) -> Self::Connection;

    /// A new database in memory, at the head.
    fn memory() -> Self::Connection;

    /// Makes a database that has every revision but the last. Not measured.
    fn behind(path: &Path);

    /// The one row of a query, whose one column is a text named `value`.
    fn text(connection: &mut Self::Connection, sql: &'static str) -> String;

    /// Has every statement on every connection handed to [`ran`].
    fn watch();
}

/// What a program asks first, once it has its connection. SQLite reads the whole schema for it, if it has not yet.
pub const FIRST_QUERY: &str = "SELECT CAST(count(*) AS TEXT) AS value FROM t1 WHERE a = 1";

/// What is reported of a connection, so that nobody measures another setting than its neighbour.
const SETTINGS: [&str; 5] = [
    "SELECT sqlite_version() AS value",
    "SELECT journal_mode AS value FROM pragma_journal_mode",
    "SELECT CAST(synchronous AS TEXT) AS value FROM pragma_synchronous",
    "SELECT CAST(page_size AS TEXT) AS value FROM pragma_page_size",
    "SELECT CAST(foreign_keys AS TEXT) AS value FROM pragma_foreign_keys",
];

/// The chain's own tables and indexes, and how many rows they got: the same with every peer.
const CONTENT: [&str; 2] = [
    "SELECT group_concat(name || ':' || sql, ';') AS value FROM
     (SELECT name, sql FROM sqlite_schema WHERE tbl_name GLOB 't[0-9]*' ORDER BY name)",
    "SELECT coalesce(group_concat(a || b, ';'), '') AS value FROM t6",
];

/// For so long at least, new databases in memory are made: their length is from microseconds to seconds.
const BRIEF: Duration = Duration::from_millis(20);

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Called for each statement that begins to run.
pub fn ran(sql: String) {
    // What a trigger does is told as a comment; it is no statement of the library's.
    if !sql.starts_with("--") {
        STATEMENTS.lock().unwrap().push(sql);
    }
}

/// Does what the command line says.
pub fn main<P: Peer>() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, file, count] = arguments.as_slice() else {
        panic!("a scenario, a file and a count");
    };
    let (file, count) = (Path::new(file), count.parse().unwrap());
    match scenario.as_str() {
        "make-head" => {
            remove(file);
            drop(P::open(file));
        }
        "make-behind" => {
            remove(file);
            P::behind(file);
        }
        "settings" => {
            let mut connection = P::open(file);
            println!("{}", SETTINGS.map(|sql| P::text(&mut connection, sql)).join(" "));
        }
        "content" => {
            let mut connection = P::open(file);
            let mut in_memory = P::memory();
            for sql in CONTENT {
                let text = P::text(&mut connection, sql);
                assert_eq!(text, P::text(&mut in_memory, sql));
                println!("{text}");
            }
        }
        "statements" => {
            P::watch();
            let connection = P::open(file);
            for sql in STATEMENTS.lock().unwrap().iter() {
                println!("{}", sql.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            drop(connection);
        }
        // One that is not counted: the first touches the program's own pages.
        "open" => {
            drop(P::open(file));
            repeat(count, || (), || P::open(file));
        }
        "query" => {
            let run = || {
                let mut connection = P::open(file);
                black_box(P::text(&mut connection, FIRST_QUERY));
                connection
            };
            drop(run());
            repeat(count, || (), run);
        }
        "fresh" => {
            repeat(count, || remove(file), || P::open(file));
            remove(file);
        }
        // Nothing before it: what the first in a process costs.
        "memory-first" => repeat(count, || (), P::memory),
        "memory" => {
            drop(P::memory());
            repeat(count.max(within(BRIEF, P::memory)), || (), P::memory);
        }
        "memory-query" => {
            let run = || {
                let mut connection = P::memory();
                black_box(P::text(&mut connection, FIRST_QUERY));
                connection
            };
            drop(run());
            repeat(count.max(within(BRIEF, run)), || (), run);
        }
        // The file is the one that `make-behind` made; each time, a copy of it is upgraded.
        "pending" => {
            let copy = beside(file, "-copy");
            let prepare = || {
                remove(&copy);
                fs::copy(file, &copy).unwrap();
                // Writing the copy itself must not fall into the commit's own wait for the disk.
                File::open(&copy).unwrap().sync_all().unwrap();
            };
            prepare();
            drop(P::open(&copy));
            repeat(count, prepare, || P::open(&copy));
            remove(&copy);
        }
        other => panic!("no scenario is called {other}"),
    }
}

/// How often something fits into a time. As often, what is much shorter than its neighbours' is done more often.
fn within<T>(time: Duration, mut run: impl FnMut() -> T) -> usize {
    let start = Instant::now();
    drop(black_box(run()));
    usize::try_from(time.as_nanos() / start.elapsed().as_nanos().max(1)).unwrap()
}

fn repeat<T>(count: usize, mut prepare: impl FnMut(), mut run: impl FnMut() -> T) {
    for _ in 0..count {
        prepare();
        let start = Instant::now();
        let result = run();
        let duration = start.elapsed();
        drop(black_box(result));
        println!("{}", duration.as_nanos());
    }
}

fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn remove(file: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(file, suffix));
    }
}

/// Makes a function `watch` that has every statement of every connection handed to [`ran`], whoever opens it: SQLite
/// calls an automatic extension for each. The argument is the path of the peer's own `libsqlite3-sys`.
#[macro_export]
macro_rules! watch {
    ($($ffi:ident)::+) => {
        fn watch() {
            use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

            use $($ffi)::+ as ffi;

            unsafe extern "C" fn opened(
                db: *mut ffi::sqlite3,
                _: *mut *mut c_char,
                _: *const ffi::sqlite3_api_routines,
            ) -> c_int {
                // SAFETY: SQLite gives the connection that it is opening; the callback uses nothing else.
                unsafe {
                    ffi::sqlite3_trace_v2(db, ffi::SQLITE_TRACE_STMT as c_uint, Some(ran), std::ptr::null_mut())
                }
            }

            unsafe extern "C" fn ran(_: c_uint, _: *mut c_void, _: *mut c_void, sql: *mut c_void) -> c_int {
                // SAFETY: for SQLITE_TRACE_STMT, the last argument is the statement's text, with a NUL at its end.
                let sql = unsafe { CStr::from_ptr(sql.cast::<c_char>()) };
                $crate::ran(sql.to_string_lossy().into_owned());
                0
            }

            // SAFETY: the function has the signature that SQLite asks for, and lives as long as the program.
            let code = unsafe { ffi::sqlite3_auto_extension(Some(opened)) };
            assert_eq!(code, 0);
        }
    };
}
