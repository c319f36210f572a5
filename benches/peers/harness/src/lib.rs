//! The scenarios of the programs that measure the peers, and the measurement of time.
//!
//! A program takes a scenario, a database and a number of repetitions.
//! It runs the scenario that often in one process, and prints each time in nanoseconds, one a line.
//! A time starts before the connection is opened, and ends when the connection can be used.
//! Preparations and the close do not count.

use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A library, as a program uses it.
pub trait Peer {
    /// The connection that the library returns.
    type Connection;

    /// Opens the database at the head, and creates it if it does not exist.
    fn open(path: &Path) -> Self::Connection;

    /// Opens a new database in memory, at the head.
    fn open_in_memory() -> Self::Connection;

    /// Creates a database with all revisions but the last. This is not measured.
    fn create_behind(path: &Path);

    /// Returns the text in the column `value` of the only row of a query.
    fn query_text(connection: &mut Self::Connection, sql: &'static str) -> String;

    /// Calls [`record_statement`] for each later statement on any connection.
    fn trace_statements();
}

/// The first query of a program. SQLite parses the whole schema for the query.
pub const FIRST_QUERY: &str = "SELECT CAST(count(*) AS TEXT) AS value FROM t1 WHERE a = 1";

/// The settings of a connection, which must be the same for all peers.
const SETTINGS: [&str; 5] = [
    "SELECT sqlite_version() AS value",
    "SELECT journal_mode AS value FROM pragma_journal_mode",
    "SELECT CAST(synchronous AS TEXT) AS value FROM pragma_synchronous",
    "SELECT CAST(page_size AS TEXT) AS value FROM pragma_page_size",
    "SELECT CAST(foreign_keys AS TEXT) AS value FROM pragma_foreign_keys",
];

/// The tables, indexes and rows of the chain, which must be the same for all peers.
const CONTENT: [&str; 2] = [
    "SELECT group_concat(name || ':' || sql, ';') AS value FROM
     (SELECT name, sql FROM sqlite_schema WHERE tbl_name GLOB 't[0-9]*' ORDER BY name)",
    "SELECT coalesce(group_concat(a || b, ';'), '') AS value FROM t6",
];

/// The minimum time in which databases in memory are created.
///
/// A creation takes from microseconds to seconds, so short ones are repeated more often.
const MIN_TIME: Duration = Duration::from_millis(20);

static STATEMENTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Records a statement that SQLite starts.
pub fn record_statement(sql: String) {
    // SQLite reports the statements of triggers as comments. The library did not send them.
    if !sql.starts_with("--") {
        STATEMENTS.lock().unwrap().push(sql);
    }
}

/// Runs the scenario that the command line names.
pub fn main<P: Peer>() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [scenario, file, repetitions] = arguments.as_slice() else {
        panic!("the arguments are a scenario, a database and a number of repetitions");
    };
    let (file, repetitions) = (Path::new(file), repetitions.parse().unwrap());
    match scenario.as_str() {
        "make-head" => {
            remove(file);
            drop(P::open(file));
        }
        "make-behind" => {
            remove(file);
            P::create_behind(file);
        }
        "settings" => print_settings::<P>(file),
        "content" => print_content::<P>(file),
        "statements" => print_statements::<P>(file),
        "open" => measure_warm(repetitions, || P::open(file)),
        "query" => measure_warm(repetitions, || with_first_query::<P>(P::open(file))),
        "fresh" => {
            measure(repetitions, || remove(file), || P::open(file));
            remove(file);
        }
        // The first database of a process is measured, so nothing runs before.
        "memory-first" => measure(repetitions, || (), P::open_in_memory),
        "memory" => measure_brief(repetitions, P::open_in_memory),
        "memory-query" => measure_brief(repetitions, || with_first_query::<P>(P::open_in_memory())),
        "pending" => measure_pending::<P>(file, repetitions),
        other => panic!("unknown scenario: {other}"),
    }
}

fn print_settings<P: Peer>(file: &Path) {
    let mut connection = P::open(file);
    let settings = SETTINGS.map(|sql| P::query_text(&mut connection, sql));
    println!("{}", settings.join(" "));
}

fn print_content<P: Peer>(file: &Path) {
    let mut connection = P::open(file);
    let mut in_memory = P::open_in_memory();
    for sql in CONTENT {
        let text = P::query_text(&mut connection, sql);
        assert_eq!(text, P::query_text(&mut in_memory, sql));
        println!("{text}");
    }
}

fn print_statements<P: Peer>(file: &Path) {
    P::trace_statements();
    let connection = P::open(file);
    for sql in STATEMENTS.lock().unwrap().iter() {
        let words: Vec<&str> = sql.split_whitespace().collect();
        println!("{}", words.join(" "));
    }
    drop(connection);
}

fn with_first_query<P: Peer>(mut connection: P::Connection) -> P::Connection {
    black_box(P::query_text(&mut connection, FIRST_QUERY));
    connection
}

/// Upgrades copies of a database that `make-behind` created.
fn measure_pending<P: Peer>(file: &Path, repetitions: usize) {
    let copy = with_suffix(file, "-copy");
    let prepare = || {
        remove(&copy);
        fs::copy(file, &copy).unwrap();
        // Otherwise the commit also waits for the writes of the copy.
        File::open(&copy).unwrap().sync_all().unwrap();
    };
    prepare();
    drop(P::open(&copy));
    measure(repetitions, prepare, || P::open(&copy));
    remove(&copy);
}

/// Measures a function after a first run, which reads the pages of the program.
fn measure_warm<T>(repetitions: usize, mut run: impl FnMut() -> T) {
    drop(run());
    measure(repetitions, || (), run);
}

/// Measures a function, more often if it takes less than [`MIN_TIME`] altogether.
fn measure_brief<T>(repetitions: usize, mut run: impl FnMut() -> T) {
    drop(run());
    let start = Instant::now();
    drop(black_box(run()));
    let time = start.elapsed().as_nanos().max(1);
    let more = usize::try_from(MIN_TIME.as_nanos() / time).unwrap();
    measure(repetitions.max(more), || (), run);
}

/// Prints the time of each run.
fn measure<T>(repetitions: usize, mut prepare: impl FnMut(), mut run: impl FnMut() -> T) {
    for _ in 0..repetitions {
        prepare();
        let start = Instant::now();
        let result = run();
        let duration = start.elapsed();
        drop(black_box(result));
        println!("{}", duration.as_nanos());
    }
}

fn with_suffix(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a database and the files that belong to it.
fn remove(file: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(with_suffix(file, suffix));
    }
}

/// Defines the function [`Peer::trace_statements`].
///
/// SQLite calls an automatic extension for each connection, also for those that the library opens.
/// The argument is the path of the peer's `libsqlite3-sys`.
#[macro_export]
macro_rules! trace_statements {
    ($($ffi:ident)::+) => {
        fn trace_statements() {
            use std::ffi::{CStr, c_char, c_int, c_uint, c_void};

            use $($ffi)::+ as ffi;

            unsafe extern "C" fn trace(
                db: *mut ffi::sqlite3,
                _: *mut *mut c_char,
                _: *const ffi::sqlite3_api_routines,
            ) -> c_int {
                let mask = ffi::SQLITE_TRACE_STMT as c_uint;
                // SAFETY: SQLite passes the new connection. The callback uses no context.
                unsafe { ffi::sqlite3_trace_v2(db, mask, Some(record), std::ptr::null_mut()) }
            }

            unsafe extern "C" fn record(
                _: c_uint,
                _: *mut c_void,
                _: *mut c_void,
                sql: *mut c_void,
            ) -> c_int {
                // SAFETY: for SQLITE_TRACE_STMT, the last argument is the SQL as a C string.
                let sql = unsafe { CStr::from_ptr(sql.cast::<c_char>()) };
                $crate::record_statement(sql.to_string_lossy().into_owned());
                0
            }

            // SAFETY: the function has the signature of an extension, and is never unloaded.
            let code = unsafe { ffi::sqlite3_auto_extension(Some(trace)) };
            assert_eq!(code, 0);
        }
    };
}
