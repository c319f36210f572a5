//! The jobs of a chain on sample rows.

use std::time::Duration;

use revchain_core::diagnostics::Snippet;
use revchain_core::load::SourceInfo;
use revchain_core::{Assumes, Defect, DefectKind, Downgrade, Revision};
use revchain_runtime::{Error, ErrorKind, Migrator};
use rusqlite::Connection;

use super::rows::filled;
use crate::code::{HELP_FOR_ROWS, code_fails};
use crate::sample_rows::Mode;
use crate::script_run::{ScriptRun, Stage};

/// The time after which a job on a few sample rows does not end.
const MAX_DURATION: Duration = Duration::from_secs(30);

/// Runs the jobs of each revision on sample rows, and returns the first defect.
///
/// The rows are inserted before the revision. Its jobs run after it, after its downgrade and
/// another upgrade, and at the head, because a program may run a job late.
///
/// # Errors
///
/// Fails if a statement of the chain fails beside the jobs.
pub(super) fn failing_job(
    migrator: &Migrator<'_>,
    sources: &[SourceInfo],
) -> Result<Option<Defect>, Error> {
    let revisions = migrator.migrations().revisions();
    for (index, revision) in revisions.iter().enumerate() {
        // Before the first revision, there are no rows.
        let parent = index.checked_sub(1).map(|parent| revisions[parent].id());
        let Some(parent) = parent.filter(|_| !revision.jobs().is_empty()) else {
            continue;
        };
        let later = revisions[index..].iter();
        let trial = Trial {
            migrator,
            revision,
            source: &sources[index],
            parent,
            assumes: &later.flat_map(Revision::assumes).collect::<Vec<_>>(),
        };
        for mode in [Mode::Provenance, Mode::Failure] {
            for target in [revision.id(), "head"] {
                let defect = trial.defect(mode, target)?;
                if defect.is_some() {
                    return Ok(defect);
                }
            }
        }
    }
    Ok(None)
}

/// A revision with jobs, and the rows on which the jobs run.
struct Trial<'t> {
    migrator: &'t Migrator<'t>,
    revision: &'t Revision,
    source: &'t SourceInfo,
    /// The revision at which the sample rows are inserted.
    parent: &'t str,
    assumes: &'t [&'t Assumes],
}

impl Trial<'_> {
    fn defect(&self, mode: Mode, target: &str) -> Result<Option<Defect>, Error> {
        let error = match self.run(mode, target) {
            Ok(unfinished) => {
                let seconds = MAX_DURATION.as_secs();
                let describe = |job: String| {
                    let title = format!(
                        "the job `{job}` does not end within {seconds} s on a few sample rows"
                    );
                    let help = "return `Done::Yes` when no row is left";
                    self.at_job(&job, Defect::new(DefectKind::CodeFails, title).help(help))
                };
                return Ok(unfinished.map(describe));
            }
            Err(error) => error,
        };
        match error.kind() {
            ErrorKind::Job(failed) => {
                let verb = if failed.is_panic { "panics" } else { "fails" };
                let (job, id) = (&failed.job, &failed.revision);
                // At its revision, the job has succeeded on the same rows.
                let is_late = target == "head" && id == self.revision.id();
                let place = if is_late { " at the head" } else { "" };
                let title = format!(
                    "the job `{job}` of {id} {verb}{place} where the tables have rows: {}",
                    failed.source
                );
                let defect = Defect::new(DefectKind::CodeFails, title);
                let defect = if is_late {
                    defect.help(format!(
                        "add `-- @requires {job}` to the revision that removes what the job uses\n\
                         (a program may run the job late; it succeeds right after {id})"
                    ))
                } else {
                    defect.help(HELP_FOR_ROWS)
                };
                Ok(Some(self.at_job(job, defect)))
            }
            ErrorKind::Code(failed) if failed.revision == self.revision.id() => {
                let run = ScriptRun::new(self.revision, Stage::DowngradeWithRows);
                let mut code = run.script().code();
                let line = code.find(|line| line.name() == failed.function);
                Ok(line.map(|line| code_fails(run, &line, &error)))
            }
            // The proof has run each statement on rows such as these.
            _ if mode == Mode::Failure => Ok(None),
            _ => Err(error),
        }
    }

    /// Returns the name of a job that does not end.
    fn run(&self, mode: Mode, target: &str) -> Result<Option<String>, Error> {
        let mut connection = filled(self.migrator, self.parent, (mode, self.assumes))?;
        self.migrator.upgrade_to(&mut connection, target)?;
        let mut unfinished = self.run_jobs(&mut connection)?;
        let is_reversible = matches!(self.revision.downgrade(), Downgrade::Sql(_));
        if unfinished.is_none() && is_reversible && target == self.revision.id() {
            self.migrator.downgrade_to(&mut connection, self.parent)?;
            self.migrator.upgrade_to(&mut connection, target)?;
            unfinished = self.run_jobs(&mut connection)?;
        }
        Ok(unfinished)
    }

    fn run_jobs(&self, connection: &mut Connection) -> Result<Option<String>, Error> {
        let report = self.migrator.run_jobs(connection, MAX_DURATION)?;
        let unfinished = report.jobs.into_iter().find(|run| !run.is_done);
        Ok(unfinished.map(|run| run.job))
    }

    /// Adds the line that declares the job.
    fn at_job(&self, name: &str, defect: Defect) -> Defect {
        let text = &self.source.text;
        let mut jobs = self.revision.jobs().iter();
        let line = jobs
            .find(|job| job.name() == name)
            .map_or(1, |job| job.line());
        let before = text
            .split_inclusive('\n')
            .take(line.saturating_sub(1) as usize);
        let start: usize = before.map(str::len).sum();
        let length = text[start..].lines().next().map_or(0, str::len);
        let snippet = Snippet::new(text, 1, start..start + length, "");
        defect.showing(snippet).at(self.revision.path())
    }
}
