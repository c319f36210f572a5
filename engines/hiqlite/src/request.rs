//! A request on a cluster, repeated until the database is at the target, or until it fails.

use std::time::{Duration, Instant};

use revchain_core::script::stop_guard;
use revchain_core::{Request, Target};
use tokio::join;
use tokio::time::sleep;

use crate::copy::{Copy, CopyError, Dump};
use crate::error::{Error, ErrorKind, Refused, RefusedStatement};
use crate::prepare::{Change, Part, Preparation, Prepared, bind};
use crate::remote::{ApplyError, Remote};
use crate::report::Report;

/// The time between two attempts. It doubles from the first to the second.
const PAUSES: [Duration; 2] = [Duration::from_millis(20), Duration::from_secs(1)];

/// The number of guards that may fail although the database is as it was read.
const MAX_UNCHANGED: usize = 3;

/// The time until a request gives up, and the pauses before.
pub(crate) struct Deadline {
    start: Instant,
    wait: Duration,
    pause: Duration,
}

impl Deadline {
    pub(crate) fn new(wait: Duration) -> Self {
        Self {
            start: Instant::now(),
            wait,
            pause: PAUSES[0],
        }
    }

    /// Returns the time that the request may take.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// Returns the time that is left.
    pub(crate) fn left(&self) -> Duration {
        self.wait.saturating_sub(self.start.elapsed())
    }

    /// Waits before the next attempt. Fails after the deadline.
    async fn pause(&mut self, last: String) -> Result<(), Error> {
        if self.left() <= self.pause {
            let waited = self.wait;
            return Err(Error::new(ErrorKind::Unreachable { waited, last }));
        }
        sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSES[1]);
        Ok(())
    }
}

/// Reads the database of the leader, until there is an answer. Counts the reads.
///
/// Returns `None` if the database is as in `known`.
pub(crate) async fn read(
    remote: &impl Remote,
    chain_name: Option<&str>,
    known: &Dump,
    deadline: &mut Deadline,
    reads: &mut usize,
) -> Result<Option<Copy>, Error> {
    loop {
        match Copy::read(chain_name, known, |sql| remote.read(sql)).await {
            Ok((copy, count)) => {
                *reads += count;
                return Ok(copy);
            }
            Err(CopyError::Failed(error)) => return Err(error),
            Err(CopyError::Unknown(message)) => deadline.pause(message).await?,
        }
    }
}

/// Reads the replica on this machine. Returns an empty copy if there is no answer.
pub(crate) async fn read_local(
    remote: &impl Remote,
    chain_name: Option<&str>,
) -> Result<Copy, Error> {
    let empty = Copy::empty(chain_name)?;
    match Copy::read(chain_name, &empty.dump, |sql| remote.read_local(sql)).await {
        Ok((copy, _)) => Ok(copy.unwrap_or(empty)),
        Err(CopyError::Unknown(_)) => Ok(empty),
        Err(CopyError::Failed(error)) => Err(error),
    }
}

/// Carries a request out.
pub(crate) async fn run(
    remote: &impl Remote,
    preparation: Preparation<'_>,
    wait: Duration,
) -> Result<Report, Error> {
    let mut deadline = Deadline::new(wait);
    let mut report = Report::new();
    let result = attempts(remote, &preparation, &mut deadline, &mut report).await;
    result.map_err(|error| {
        let committed = report.to.as_deref().filter(|_| report.entries > 0);
        error.after(committed)
    })?;
    Ok(report)
}

async fn attempts(
    remote: &impl Remote,
    preparation: &Preparation<'_>,
    deadline: &mut Deadline,
    report: &mut Report,
) -> Result<(), Error> {
    let chain_name = preparation.migrations.name();
    let mut request = preparation.request.clone();
    let mut is_first = true;
    let mut unchanged: (Vec<String>, usize) = (Vec::new(), 0);
    loop {
        let preparation = Preparation {
            request: &request,
            ..*preparation
        };
        // The run in memory takes milliseconds, so it begins while the leader answers.
        let local = match read_local(remote, chain_name).await {
            Ok(local) => local,
            Err(_) => Copy::empty(chain_name)?,
        };
        let (dump, connection) = (local.dump, local.connection);
        let (leader, prepared) = join!(
            read(remote, chain_name, &dump, deadline, &mut report.reads),
            async { preparation.prepare(&dump, connection) },
        );
        let (dump, prepared) = match leader? {
            None => (dump, prepared?),
            Some(copy) => {
                let prepared = preparation.prepare(&copy.dump, copy.connection)?;
                (copy.dump, prepared)
            }
        };
        if is_first {
            report.from.clone_from(&prepared.from);
            // A repeated `-1` would go down once more.
            request = absolute(request, prepared.to.as_deref());
            is_first = false;
        }
        let Some((part, error)) = apply(remote, &prepared, deadline, report).await else {
            report.to.clone_from(&prepared.to);
            return Ok(());
        };
        match error {
            ApplyError::Changed(message) => {
                if unchanged.0 == dump.statements {
                    unchanged.1 += 1;
                } else {
                    unchanged = (dump.statements, 0);
                }
                if unchanged.1 == MAX_UNCHANGED {
                    return Err(refused(None, message));
                }
            }
            ApplyError::Unknown(message) => deadline.pause(message).await?,
            ApplyError::Refused(message) => {
                let place = find(remote, part, deadline).await;
                return Err(refused(place, message));
            }
            ApplyError::Stopped => return Err(refused(None, "stopped".to_owned())),
        }
    }
}

/// Applies the parts in order. Returns the first one that was not acknowledged, and the reason.
async fn apply<'p>(
    remote: &impl Remote,
    prepared: &'p Prepared,
    deadline: &Deadline,
    report: &mut Report,
) -> Option<(&'p Part, ApplyError)> {
    for part in &prepared.parts {
        if let Err(error) = remote.apply(part.bound(), deadline.left()).await {
            return Some((part, error));
        }
        if report.entries == 0 {
            report.outcome = prepared.outcome;
        }
        report.entries += 1;
        for change in &part.changes {
            let (ids, id) = match change {
                Change::Applied(id) => (&mut report.applied, id),
                Change::Reverted(id) => (&mut report.reverted, id),
                Change::Stamped(id) => (&mut report.stamped, id),
                Change::Unstamped(id) => (&mut report.unstamped, id),
            };
            ids.push(id.clone());
            report.to = Some(id.clone());
        }
    }
    None
}

/// Finds the statement that the cluster rejects. Nothing is committed.
///
/// hiqlite returns SQLite's message, and not the position. A transaction with the first statements
/// of the part and the stop guard reaches the guard if none of these statements fails.
async fn find(remote: &impl Remote, part: &Part, deadline: &Deadline) -> Option<RefusedStatement> {
    let statements = &part.statements;
    let (mut first, mut last) = (0, statements.len());
    while first < last {
        let middle = first.midpoint(last);
        let mut probe = part.bound();
        probe.truncate(middle + 1);
        probe.push(bind(&stop_guard()));
        match remote.apply(probe, deadline.left()).await {
            Err(ApplyError::Stopped) => first = middle + 1,
            Err(ApplyError::Refused(_)) => last = middle,
            Ok(()) | Err(ApplyError::Changed(_) | ApplyError::Unknown(_)) => return None,
        }
    }
    statements.get(first)?.place.clone()
}

/// Returns the request with the id in place of a number of steps.
fn absolute(request: Request, to: Option<&str>) -> Request {
    let target = || to.map_or(Target::Base, Target::from);
    match request {
        Request::Upgrade(Target::Steps(_)) => Request::Upgrade(target()),
        Request::Downgrade(Target::Steps(_)) => Request::Downgrade(target()),
        request => request,
    }
}

fn refused(statement: Option<RefusedStatement>, message: String) -> Error {
    Error::new(ErrorKind::Refused(Refused { statement, message }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
