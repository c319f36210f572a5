//! Jobs: functions of the program that change rows after an upgrade, in small transactions.

mod embedded;
mod failures;
mod faults;
mod lost_rows;
mod required;
mod runs;
mod states;

use std::cell::{Cell, RefCell};
use std::error::Error as StdError;
use std::rc::Rc;

use revchain::__private::{JobFunction, JobTable, call_job};
use revchain::rusqlite::{Connection, Transaction};
use revchain::{Done, JobEntry, JobState, Migrations, Progress};

use crate::support::Fixture;

type BoxError = Box<dyn StdError + Send + Sync>;

/// A function that a test runs inside a job, with the number of rows that are done before.
type Hook = Rc<dyn Fn(&Connection, i64) -> Result<(), BoxError>>;

type Probe = fn(&mut Progress<'_>) -> Result<Done, BoxError>;

thread_local! {
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    /// The function of the job `probe`.
    static PROBE: Cell<Probe> = const { Cell::new(|_| Ok(Done::Yes)) };
    /// The number of calls of the functions.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

static FUNCTIONS: JobTable = JobTable::new(&[
    JobFunction {
        name: "raise",
        run: |transaction, progress| call_job(raise, transaction, progress),
    },
    JobFunction {
        name: "fill",
        run: |transaction, progress| call_job(fill, transaction, progress),
    },
    JobFunction {
        name: "idle",
        run: |transaction, progress| call_job(idle, transaction, progress),
    },
    JobFunction {
        name: "probe",
        run: |_, progress| PROBE.get()(progress),
    },
]);

/// Adds 1 to `done` in each row of `items`, two rows a call.
fn raise(transaction: &Transaction<'_>, progress: &mut Progress<'_>) -> Result<Done, BoxError> {
    CALLS.set(CALLS.get() + 1);
    let sql = "SELECT count(*) FROM items";
    let total: i64 = transaction.query_row(sql, [], |row| row.get(0))?;
    let before: i64 = progress.watermark()?.unwrap_or(0);
    let end = total.min(before + 2);
    let sql = "UPDATE items SET done = done + 1 WHERE id > ?1 AND id <= ?2";
    transaction.execute(sql, [before, end])?;
    let hook = HOOK.with_borrow(Clone::clone);
    if let Some(hook) = hook {
        hook(transaction, before)?;
    }
    progress.set_watermark(end)?;
    progress.rows(end.unsigned_abs(), total.unsigned_abs());
    Ok(if end < total { Done::NotYet } else { Done::Yes })
}

/// Fills the column `note` of `items`, a row a call, without a watermark.
fn fill(transaction: &Transaction<'_>, _: &mut Progress<'_>) -> revchain::rusqlite::Result<Done> {
    let sql = "UPDATE items SET note = 'filled' WHERE id =
               (SELECT min(id) FROM items WHERE note IS NULL)";
    let changed = transaction.execute(sql, [])?;
    Ok(if changed == 1 {
        Done::NotYet
    } else {
        Done::Yes
    })
}

/// Changes nothing, and says that it has more to do.
fn idle(_: &Transaction<'_>, _: &mut Progress<'_>) -> revchain::rusqlite::Result<Done> {
    Ok(Done::NotYet)
}

const ITEMS: (&str, &str) = (
    "-- @job raise
     CREATE TABLE items (id INTEGER PRIMARY KEY, done INTEGER NOT NULL DEFAULT 0, note TEXT);",
    "DROP TABLE items;",
);
const OTHER: (&str, &str) = ("CREATE TABLE other (a);", "DROP TABLE other;");
const WAITING: (&str, &str) = (
    "-- @requires raise
     CREATE TABLE waiting (a);",
    "DROP TABLE waiting;",
);

/// The header lines must begin at the start of a line.
fn steps<'s>(steps: &[(&'s str, &'s str)]) -> Vec<(String, &'s str)> {
    let trim = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    steps.iter().map(|(up, down)| (trim(up), *down)).collect()
}

/// Builds a proven chain of these steps, whose jobs have functions.
fn chain(fixture: &Fixture, chain: &[(&str, &str)]) -> Migrations {
    without_functions(fixture, chain).with_jobs(&FUNCTIONS)
}

/// Builds a proven chain of these steps, as a program without the functions has it.
fn without_functions(fixture: &Fixture, chain: &[(&str, &str)]) -> Migrations {
    let steps = steps(chain);
    let steps: Vec<_> = steps
        .iter()
        .map(|(up, down)| (up.as_str(), *down))
        .collect();
    fixture.proven(&steps)
}

/// Adds `count` rows to `items`.
fn add_items(db: &Connection, count: i64) {
    let sql = "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < ?1)
               INSERT INTO items (id) SELECT id FROM n";
    db.execute(sql, [count]).unwrap();
}

/// Runs `test` with a hook inside the job `raise`.
fn with_hook<T>(
    hook: impl Fn(&Connection, i64) -> Result<(), BoxError> + 'static,
    test: impl FnOnce() -> T,
) -> T {
    struct Remove;
    impl Drop for Remove {
        fn drop(&mut self) {
            HOOK.set(None);
        }
    }
    HOOK.set(Some(Rc::new(hook)));
    let _remove = Remove;
    test()
}

/// Returns the state of each job as `001 raise pending`.
fn states(migrations: &Migrations, db: &Connection) -> Vec<String> {
    let jobs = migrations.migrator().job_states(db).unwrap();
    let text = |job: &JobEntry| format!("{} {} {}", job.revision, job.job, job.state);
    jobs.iter().map(text).collect()
}

/// Returns the state of the only job.
fn only(migrations: &Migrations, db: &Connection) -> JobEntry {
    let mut jobs = migrations.migrator().job_states(db).unwrap();
    assert_eq!(jobs.len(), 1);
    jobs.remove(0)
}

/// Returns how often each row of `items` was done, each number once.
fn done(db: &Connection) -> Vec<i64> {
    let mut statement = db
        .prepare("SELECT DISTINCT done FROM items ORDER BY 1")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn state_has_a_name() {
    assert_eq!(JobState::Pending.to_string(), "pending");
    assert_eq!(JobState::Done.name(), "done");
}
