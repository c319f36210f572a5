//! Plans for a state that was read under the write lock.

use std::ops::Deref;

use revchain_core::plan::planner::plan;
use revchain_core::schema::SchemaSql;
use revchain_core::{Conflict, DatabaseState, Plan, Split};

use super::part::Part;
use crate::report::error::{Context, Error, Operation};
use crate::session::locked::LockedSession;
use crate::state::histories::Histories;
use crate::state::schema_diff::explain;

/// The state of a database, read under the write lock.
pub(super) struct LockedState<'s> {
    state: DatabaseState,
    histories: Histories<'s>,
}

/// A plan for a state that was read under the write lock.
///
/// Only [`LockedState::plan`] makes a `LockedPlan`, and `run_steps` accepts no other plan.
/// So no step depends on a state that was read before the write lock.
pub(super) struct LockedPlan<'s> {
    /// All steps of the request; after a split, the steps up to the first job.
    plan: Plan,
    /// `true` if an earlier part of the request has run steps.
    #[cfg(feature = "backup")]
    is_continued: bool,
    state: LockedState<'s>,
    /// The tables whose columns have another order than in the chain.
    reordered: Vec<String>,
}

impl<'s> LockedState<'s> {
    pub(super) fn read(locked: &LockedSession<'s>) -> Result<Self, Error> {
        locked.retry(Operation::ReadHistory, || {
            let histories = Histories::read(locked.database())?;
            let state = histories.state()?;
            Ok(Self { state, histories })
        })
    }

    /// Plans a part of a request. Fails if the approved plan differs from the new plan.
    pub(super) fn plan(
        self,
        locked: &LockedSession<'s>,
        part: Part<'_>,
    ) -> Result<LockedPlan<'s>, Error> {
        let database = locked.database();
        let plan = plan(
            database.chain(),
            &self.state,
            &database.settings.policy,
            part.request,
        )
        .map_err(|conflict| explain(conflict, database, &self.state))?;
        if !part.approves(&plan) {
            return Err(Error::from_conflict(Conflict::Changed));
        }
        let reordered = if plan.is_empty() {
            Vec::new()
        } else {
            let tables = self.histories.reordered_tables();
            tables.context(Operation::ReadSchema)?
        };
        Ok(LockedPlan {
            plan,
            #[cfg(feature = "backup")]
            is_continued: part.is_continued,
            state: self,
            reordered,
        })
    }
}

impl<'s> LockedPlan<'s> {
    pub(super) fn state(&self) -> &DatabaseState {
        &self.state.state
    }

    /// Removes the first job of the plan and all that follows it. Returns `None` without a job.
    pub(super) fn split_off(&mut self) -> Option<Split> {
        self.plan.split_off()
    }

    /// Returns `true` if an earlier part of the request has run steps.
    #[cfg(feature = "backup")]
    pub(super) fn is_continued(&self) -> bool {
        self.is_continued
    }

    pub(super) fn histories(&self) -> &Histories<'s> {
        &self.state.histories
    }

    /// Returns the tables whose columns have another order than in the chain.
    pub(super) fn reordered(&self) -> &[String] {
        &self.reordered
    }

    /// Returns the schema of a database without a history, if no step changes it.
    ///
    /// The adoption of a large database need not read the schema again.
    pub(super) fn unchanged_schema(&self) -> Option<&SchemaSql> {
        match self.state() {
            DatabaseState::Unmanaged(unmanaged) if !self.runs_sql() => Some(&unmanaged.schema),
            _ => None,
        }
    }

    /// Returns the tables whose foreign keys are checked; `None` for all tables.
    pub(super) fn own_tables(&self) -> Result<Option<Vec<String>>, Error> {
        self.histories()
            .own_tables()
            .context(Operation::CheckForeignKeys)
    }
}

impl Deref for LockedPlan<'_> {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}
