//! Plans that are made without the write lock. A program can show the steps before it runs them.

use std::fmt;
use std::ops::Deref;

use revchain_core::plan::planner::plan;
use revchain_core::plan::stamped::stamped;
use revchain_core::{Chain, DatabaseState, HistoryRow, Request, Revision, RevisionSet, Step};
use rusqlite::Connection;

use crate::migrations::Migrations;
use crate::report::error::Error;
use crate::session::unlocked::Session;
use crate::settings::Settings;
use crate::state::histories::Histories;
use crate::state::schema_diff::explain;

/// The steps that a request would take on a database.
///
/// [`Migrator::plan`](crate::Migrator::plan) makes a plan, and
/// [`Migrator::apply`](crate::Migrator::apply) runs its steps.
/// If the request then needs other steps, `apply` fails and changes nothing.
///
/// ```
/// # use revchain::{Migrations, embed_migrations};
/// # static MIGRATIONS: Migrations = embed_migrations!("../migrations");
/// use revchain::Request;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut db = MIGRATIONS.open_in_memory()?;
/// let migrator = MIGRATIONS.migrator();
/// let plan = migrator.plan(&db, Request::Downgrade("007".into()))?;
/// assert_eq!((plan.from(), plan.to()), (Some("009"), Some("007")));
/// assert_eq!(plan.reverts().map(|revision| revision.id()).collect::<Vec<_>>(), ["009", "008"]);
///
/// // The database changes before the plan runs.
/// migrator.downgrade_to(&mut db, "008")?;
/// assert_eq!(migrator.apply(&mut db, plan).expect_err("009 is gone").code(), "changed");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a plan does nothing until it is applied"]
pub struct Plan<'m> {
    chain: &'m Chain,
    request: Request,
    plan: revchain_core::Plan,
}

/// A job that a plan runs to its end before an upgrade that requires it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedJob<'p> {
    /// The revision of the job.
    pub revision: &'p Revision,
    /// The name of the job.
    pub job: &'p str,
    /// The revision whose upgrade runs after the job.
    pub required_by: &'p Revision,
}

impl<'m> Plan<'m> {
    /// Makes the plan for a database that does not exist yet.
    pub(crate) fn for_new_database(
        migrations: &'m Migrations,
        settings: &Settings<'_>,
        request: Request,
    ) -> Result<Self, Error> {
        let chain = migrations.chain();
        let plan = plan(chain, &DatabaseState::Empty, &settings.policy, &request);
        Ok(Self {
            chain,
            plan: plan.map_err(Error::from_conflict)?,
            request,
        })
    }

    /// Makes the empty plan for a database whose marker identifies the head.
    ///
    /// The marker means that all revisions are stamped, and that the schema is that of the head.
    pub(crate) fn at_head(migrations: &'m Migrations, request: Request) -> Self {
        let chain = migrations.chain();
        let plan = revchain_core::Plan {
            from: migrations.head_index(),
            steps: Vec::new(),
            stamped: RevisionSet::full(chain.len()),
            recorded_by: Vec::new(),
            is_drifted: false,
            unknown: Vec::new(),
            kept_unknown: 0,
        };
        Self {
            chain,
            request,
            plan,
        }
    }

    /// Returns the request that the plan is for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Returns `true` if the plan has no steps.
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty()
    }

    /// Returns the id of the newest revision before the steps; `None` at base.
    pub fn from(&self) -> Option<&str> {
        self.plan.id_before(self.chain)
    }

    /// Returns the id of the newest revision after the steps; `None` at base.
    pub fn to(&self) -> Option<&str> {
        self.plan.id_after(self.chain)
    }

    /// Iterates over the revisions whose upgrade script runs, in order.
    pub fn upgrades(&self) -> impl Iterator<Item = &'m Revision> + '_ {
        let chain = self.chain;
        self.plan.upgrades().map(move |index| &chain[index])
    }

    /// Iterates over the jobs that run between the upgrades, because an upgrade requires them.
    ///
    /// Before a job, the upgrades before [`required_by`](PlannedJob::required_by) are committed.
    ///
    /// ```
    /// # use revchain::{Done, Migrations, Progress, embed_migrations};
    /// # use revchain::rusqlite::{self, Transaction};
    /// # static MIGRATIONS: Migrations =
    /// #     embed_migrations!("tests/fixtures/jobs", code = [encrypt]);
    /// # fn encrypt(_: &Transaction<'_>, _: &mut Progress<'_>) -> rusqlite::Result<Done> {
    /// #     Ok(Done::Yes)
    /// # }
    /// use revchain::{Request, Target, rusqlite::Connection};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Connection::open_in_memory()?;
    /// let plan = MIGRATIONS.migrator().plan(&db, Request::Upgrade(Target::Head))?;
    /// for job in plan.jobs() {
    ///     assert_eq!((job.job, job.required_by.id()), ("encrypt", "002"));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn jobs(&self) -> impl Iterator<Item = PlannedJob<'_>> {
        self.plan.jobs().map(|job| PlannedJob {
            revision: &self.chain[job.revision],
            job: &job.name,
            required_by: &self.chain[job.required_by],
        })
    }

    /// Iterates over the revisions whose downgrade script runs, newest first.
    pub fn reverts(&self) -> impl Iterator<Item = &Revision> {
        let is_revert =
            |step: &&Step| matches!(step, Step::Downgrade(_) | Step::DowngradeStored(_));
        self.plan
            .steps
            .iter()
            .filter(is_revert)
            .filter_map(|step| step.revision(self.chain))
    }

    /// Iterates over the revisions that are stamped without running a script, in order.
    pub fn stamps(&self) -> impl Iterator<Item = &Revision> {
        let is_stamp = |step: &&Step| matches!(step, Step::Stamp(_) | Step::Adopt(_));
        self.plan
            .steps
            .iter()
            .filter(is_stamp)
            .filter_map(|step| step.revision(self.chain))
    }

    /// Iterates over the revisions whose records are removed without running a script.
    pub fn unstamps(&self) -> impl Iterator<Item = &'m Revision> + '_ {
        let chain = self.chain;
        let unstamped = self.plan.steps.iter().filter_map(|step| match step {
            Step::Unstamp(index) => Some(*index),
            _ => None,
        });
        unstamped.map(move |index| &chain[index])
    }

    /// Returns the stamped revisions that the chain lacks, in the order of their stamps.
    pub fn unknown(&self) -> &[HistoryRow] {
        &self.plan.unknown
    }

    /// Returns `true` if a step runs a downgrade that the database stores.
    #[cfg(feature = "stored-downgrades")]
    pub(crate) fn runs_stored(&self) -> bool {
        self.plan
            .steps
            .iter()
            .any(|step| matches!(step, Step::DowngradeStored(_)))
    }

    /// Returns the plan as a value of core.
    #[doc(hidden)]
    pub fn steps(&self) -> &revchain_core::Plan {
        &self.plan
    }
}

impl fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("request", &self.request)
            .field("steps", &self.plan.steps)
            .finish_non_exhaustive()
    }
}

/// Plans a request for the current state of the database. Never writes.
pub(crate) fn make_plan<'m, C: Deref<Target = Connection>>(
    session: &Session<'_, C>,
    migrations: &'m Migrations,
    request: Request,
) -> Result<Plan<'m>, Error> {
    let state = session.read(|database| Histories::read(database)?.state())?;
    let database = session.database();
    let plan = plan(
        migrations.chain(),
        &state,
        &database.settings.policy,
        &request,
    )
    .map_err(|conflict| explain(conflict, database, &state))?;
    Ok(Plan {
        chain: migrations.chain(),
        plan,
        request,
    })
}

/// Returns the newest revision of the chain that the history contains. Never writes.
pub(crate) fn current<'m, C: Deref<Target = Connection>>(
    session: &Session<'_, C>,
    migrations: &'m Migrations,
) -> Result<Option<&'m Revision>, Error> {
    let state = session.read(|database| Histories::read(database)?.state())?;
    let database = session.database();
    let stamped = stamped(migrations.chain(), &state, &database.settings.policy)
        .map_err(|conflict| explain(conflict, database, &state))?;
    Ok(stamped.newest().map(|index| &migrations.chain()[index]))
}
