//! The parts of a request: the steps before a job that an upgrade requires, and those after it.

use revchain_core::{Plan, Request, Split, Target};

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
    pub(super) rest: Option<Split>,
    /// The id of the newest revision after the part; `None` if the part has run no step.
    pub(super) committed: Option<String>,
}

impl Part<'_> {
    /// Returns `true` if no plan was approved, or if the plan is the approved one.
    pub(super) fn approves(&self, plan: &Plan) -> bool {
        let Some(approved) = self.approved else {
            return true;
        };
        // The first part can end with a drift that the settings accept.
        let is_drifted = self.is_continued || approved.is_drifted == plan.is_drifted;
        is_drifted && approved.is_equal_but_for_drift(plan)
    }
}

/// Returns the request for the rest of a request.
pub(super) fn request_for_rest(request: &Request, rest: &Plan) -> Request {
    match request {
        Request::Upgrade(Target::Steps(_)) => {
            let count = rest.upgrades().count();
            Request::Upgrade(Target::Steps(i64::try_from(count).unwrap_or(i64::MAX)))
        }
        // The first part has reverted the revisions.
        #[cfg(feature = "stored-downgrades")]
        Request::Redo => Request::Upgrade(Target::Head),
        request => request.clone(),
    }
}
