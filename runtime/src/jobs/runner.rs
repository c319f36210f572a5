//! Running one job, batch by batch.

use std::thread;
use std::time::{Duration, Instant};

use super::batch::{Batch, Batches, JobCall, as_read_only};
use super::function::Done;
use crate::report::error::{Error, ErrorKind};
use crate::report::event::Event;
use crate::report::jobs_report::JobRun;

/// The function that [`run_job`] is. A [`JobTable`](super::table::JobTable) points to it.
pub(crate) type RunJob = fn(&JobCall<'_>, &Deadline) -> Result<JobRun, Error>;

/// The time at which jobs stop between two batches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline: each job runs to its end.
    pub(crate) const NEVER: Self = Self(None);

    /// Returns the deadline that is `budget` from now.
    pub(crate) fn after(budget: Duration) -> Self {
        // A budget beyond the range of the clock has no end.
        Self(Instant::now().checked_add(budget))
    }

    pub(crate) fn has_passed(&self) -> bool {
        self.0.is_some_and(|end| Instant::now() >= end)
    }
}

/// The pauses in which other connections get the write lock.
///
/// SQLite's busy handlers do not queue for the lock, but look at it from time to time. Between two
/// batches it is free only for microseconds, so they would find it held until they give up.
struct Pauses {
    last: Instant,
}

impl Pauses {
    /// The time at the start of a run without pauses. Each busy timeout of a user is longer.
    const START: Duration = Duration::from_secs(1);
    /// The shortest time between two pauses. A pause lasts a tenth of that time.
    const INTERVAL: Duration = Duration::from_millis(20);
    const LONGEST: Duration = Duration::from_millis(100);

    fn new() -> Self {
        let now = Instant::now();
        Self {
            last: now.checked_add(Self::START).unwrap_or(now),
        }
    }

    fn pause_if_due(&mut self) {
        // During the start, the last pause is in the future, and the time since then is zero.
        let worked = Instant::now().saturating_duration_since(self.last);
        if worked >= Self::INTERVAL {
            thread::sleep((worked / 10).min(Self::LONGEST));
            self.last = Instant::now();
        }
    }
}

/// Runs a job until it is finished or the deadline has passed, but at least one batch.
///
/// # Errors
///
/// - [`ErrorKind::ReadOnly`] if the database is read-only.
/// - The errors of [`Batches::run`]. The database counts a failure of the function.
pub(super) fn run_job(call: &JobCall<'_>, deadline: &Deadline) -> Result<JobRun, Error> {
    let start = Instant::now();
    let (revision, job) = (call.revision, call.job.name());
    (call.emit)(&Event::JobStarted { revision, job });
    let mut run = JobRun::new(revision.id(), job);
    let Some(mut batches) = Batches::new(call)? else {
        return Ok(run);
    };
    let mut pauses = Pauses::new();
    while !run.is_done {
        match batches.run() {
            Ok(Batch::Committed(done)) => {
                run.batches += 1;
                run.is_done = done == Done::Yes;
            }
            Ok(Batch::AlreadyDone) => run.is_done = true,
            Ok(Batch::Gone) => break,
            Err(error) => {
                let error = as_read_only(error, call.connection);
                if let ErrorKind::Job(error) = error.kind() {
                    call.store_error(&error.cause());
                    (call.emit)(&Event::JobFailed { revision, error });
                }
                return Err(error);
            }
        }
        if deadline.has_passed() {
            break;
        }
        pauses.pause_if_due();
    }
    run.duration = start.elapsed();
    if run.is_done {
        let duration = run.duration;
        (call.emit)(&Event::JobDone {
            revision,
            job,
            duration,
        });
    }
    Ok(run)
}
