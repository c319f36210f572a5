//! The parts of a request: the steps before a job that an upgrade requires, and those after it.

use revchain_core::{Plan, Request, RequiredJob, Target};

use crate::report::outcome::Report;

/// A part of a request, which is one transaction.
#[derive(Clone, Copy)]
pub(super) struct Part<'r> {
    pub(super) request: &'r Request,
    /// The plan that the part must not differ from.
    pub(super) approved: Option<&'r Plan>,
    /// `true` if an earlier part of the request has run steps.
    pub(super) is_continued: bool,
}

/// A part that is committed, and the rest of the request.
pub(super) struct Finished {
    pub(super) report: Report,
    /// `None` if the request is fulfilled.
    pub(super) rest: Option<Rest>,
    /// The id of the newest revision after the part; `None` if the part has run no step.
    pub(super) committed: Option<String>,
}

/// The jobs that run next, and the plan after them.
pub(super) struct Rest {
    pub(super) jobs: Vec<RequiredJob>,
    pub(super) plan: Plan,
}

impl Part<'_> {
    /// Returns `true` if no plan was approved, or if the plan is the approved one.
    pub(super) fn approves(&self, plan: &Plan) -> bool {
        let Some(approved) = self.approved else {
            return true;
        };
        // The first part can end with a drift that the settings accept.
        let is_drifted = self.is_continued || approved.is_drifted == plan.is_drifted;
        let with_drift = Plan {
            is_drifted: plan.is_drifted,
            ..approved.clone()
        };
        is_drifted && with_drift == *plan
    }
}

impl Rest {
    /// Returns the rest after the first part of a plan; `None` if the plan runs no job.
    pub(super) fn of(plan: &Plan) -> Option<Self> {
        let split = plan.split()?;
        Some(Self {
            jobs: split.jobs,
            plan: split.rest,
        })
    }

    /// Returns the request for the rest of a request.
    pub(super) fn request(&self, request: &Request) -> Request {
        match request {
            Request::Upgrade(Target::Steps(_)) => {
                let count = self.plan.upgrades().count();
                Request::Upgrade(Target::Steps(i64::try_from(count).unwrap_or(i64::MAX)))
            }
            // The first part has reverted the revisions.
            #[cfg(feature = "stored-downgrades")]
            Request::Redo => Request::Upgrade(Target::Head),
            request => request.clone(),
        }
    }
}
