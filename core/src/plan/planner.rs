//! Decides the steps that bring a database to the target of a request.

use super::adoption::{adoption, id_of, unmanaged};
use super::jobs::upgrade_steps;
use super::stamped::{History, check_no_gap, newer};
use super::target::{
    check_reversible, kept_by_downgrade, out_of_reach, revisions_at, wanted_by_upgrade,
};
use crate::history::state::UnmanagedState;
use crate::schema::{Diff, SchemaSql};
use crate::{
    Chain, Conflict, DatabaseState, HistoryRow, OnDrift, Plan, Policy, Request, RevisionSet,
    SchemaMatch, Step, Target,
};

/// Decides the steps of a request.
///
/// # Errors
///
/// Fails if the state of the database or the policy does not allow the request. Then the caller
/// must not change the database.
pub fn plan(
    chain: &Chain,
    state: &DatabaseState,
    policy: &Policy,
    request: &Request,
) -> Result<Plan, Conflict> {
    let mut planner = Planner {
        chain,
        policy,
        plan: Plan {
            from: None,
            steps: Vec::new(),
            stamped: RevisionSet::empty(chain.len()),
            recorded_by: Vec::new(),
            is_drifted: false,
            unknown: Vec::new(),
            kept_unknown: 0,
        },
    };
    planner.start(state, request)?;
    match request {
        Request::Upgrade(target) => planner.upgrade(target, state)?,
        Request::Downgrade(target) => planner.downgrade(target)?,
        Request::Stamp(target) => planner.stamp(target)?,
        #[cfg(feature = "stored-downgrades")]
        Request::Redo => planner.redo(state)?,
    }
    let mut plan = planner.plan;
    // An upgrade without steps, such as an upgrade to base, creates no history.
    // A stamp always creates the history, even a stamp of base.
    let is_managed = matches!(state, DatabaseState::Managed { .. });
    if !is_managed && (!plan.steps.is_empty() || matches!(request, Request::Stamp(_))) {
        plan.steps.insert(0, Step::CreateHistory);
    }
    Ok(plan)
}

struct Planner<'p> {
    chain: &'p Chain,
    policy: &'p Policy,
    /// The plan so far. `plan.stamped` is the set of stamped revisions after the steps so far.
    plan: Plan,
}

impl Planner<'_> {
    /// Adds the stamped revisions, any drift, and the steps of an adoption to the plan.
    fn start(&mut self, state: &DatabaseState, request: &Request) -> Result<(), Conflict> {
        match state {
            DatabaseState::Empty => Ok(()),
            // A stamp may create a second history, because the user explicitly asks for it.
            DatabaseState::OtherChain { .. } if matches!(request, Request::Stamp(_)) => Ok(()),
            DatabaseState::OtherChain { name } => Err(Conflict::OtherName { name: name.clone() }),
            DatabaseState::Managed { rows, schema, .. } => {
                self.start_managed(rows, schema.as_ref(), request)
            }
            DatabaseState::Unmanaged(unmanaged) => self.start_unmanaged(unmanaged, request),
        }
    }

    fn start_managed(
        &mut self,
        rows: &[HistoryRow],
        schema: Option<&SchemaSql>,
        request: &Request,
    ) -> Result<(), Conflict> {
        let history = History::read(self.chain, rows);
        let is_readable = match request {
            Request::Upgrade(_) => {
                history.check_unedited(self.chain)?;
                history.is_compatible()
            }
            Request::Downgrade(_) => {
                history.check_unedited(self.chain)?;
                history.unknown.is_empty() || history.may_revert(self.policy)
            }
            Request::Stamp(_) => history.unknown.is_empty(),
            #[cfg(feature = "stored-downgrades")]
            Request::Redo => history.unknown.is_empty() || history.may_revert(self.policy),
        };
        if !is_readable {
            return Err(history.into_newer(self.chain, self.policy));
        }
        if let Request::Stamp(_) = request {
            // A stamp can repair a history: it writes the current checksums of edited revisions.
            let edited = history.edited.iter();
            let stamps = edited.map(|(index, _)| Step::Stamp(*index));
            self.plan.steps.extend(stamps);
        } else if history.edited.is_empty() {
            check_no_gap(self.chain, &history.stamped)?;
            // The chain has no schema for an unknown revision, so there is nothing to compare.
            if let Some(schema) = schema.filter(|_| history.unknown.is_empty()) {
                self.plan.is_drifted = self.find_drift(&history.stamped, schema)?;
            }
        }
        self.plan.from = history.stamped.newest();
        self.plan.stamped = history.stamped;
        self.plan.kept_unknown = history.unknown.len();
        self.plan.unknown = history.unknown;
        Ok(())
    }

    /// Returns `true` if the database has drifted. Fails on drift under [`OnDrift::Refuse`].
    fn find_drift(&self, stamped: &RevisionSet, schema: &SchemaSql) -> Result<bool, Conflict> {
        // At base, the chain has no tables. All tables belong to others, so they are no drift.
        let verdict = self.chain.schema_match(stamped, schema);
        if stamped.is_empty() || verdict != SchemaMatch::Different {
            return Ok(false);
        }
        if self.policy.on_drift == OnDrift::Refuse {
            let actual = self.chain.with_schema(schema).last().copied();
            return Err(Conflict::Drifted {
                revision: self.id_of(stamped),
                is_of: actual.map(|index| self.chain[index].id().to_owned()),
                diff: Diff::default(),
            });
        }
        Ok(true)
    }

    fn start_unmanaged(
        &mut self,
        state: &UnmanagedState,
        request: &Request,
    ) -> Result<(), Conflict> {
        let adoption = match request {
            Request::Upgrade(_) => adoption(self.chain, state, &self.policy.adopt)?,
            Request::Stamp(_) => return Ok(()),
            _ => {
                let adoptable = adoption(self.chain, state, &self.policy.adopt).ok();
                let adoptable = adoptable.map(|adoption| self.id_of(&adoption.revisions));
                return Err(unmanaged(&state.schema, adoptable));
            }
        };
        self.plan.steps.extend(adoption.steps());
        self.plan.is_drifted = adoption.is_drifted;
        self.plan.stamped = adoption.revisions;
        self.plan.recorded_by = adoption.recorded_by;
        Ok(())
    }

    fn upgrade(&mut self, target: &Target, state: &DatabaseState) -> Result<(), Conflict> {
        let wanted = wanted_by_upgrade(self.chain, &self.plan.stamped, target)?;
        let pending = wanted.iter();
        let pending = pending.filter(|&index| !self.plan.stamped.contains(index));
        let steps = upgrade_steps(self.chain, pending, state, &self.plan.stamped);
        self.plan.steps.extend(steps);
        self.plan.stamped.extend(&wanted);
        // Fail: the proof has never run a pending revision after an unknown revision.
        if !self.plan.unknown.is_empty() && !self.plan.steps.is_empty() {
            let unknown = std::mem::take(&mut self.plan.unknown);
            return Err(newer(self.chain, unknown, true, self.policy));
        }
        Ok(())
    }

    fn downgrade(&mut self, target: &Target) -> Result<(), Conflict> {
        let (stamped, unknown) = (&self.plan.stamped, &self.plan.unknown);
        let kept = kept_by_downgrade(self.chain, stamped, unknown, target)?;
        #[cfg(feature = "stored-downgrades")]
        {
            let is_stamped = |id: &str| {
                let index = self.chain.index_of(id);
                index.is_some_and(|index| stamped.contains(index))
            };
            let reverted = crate::stored_downgrades::revert(unknown, kept.unknown, is_stamped)?;
            self.plan.steps.extend(reverted);
        }
        let reverted = stamped.iter().rev();
        for index in reverted.filter(|&index| !kept.stamped.contains(index)) {
            check_reversible(&self.chain[index])?;
            self.plan.steps.push(Step::Downgrade(index));
        }
        self.plan.stamped = kept.stamped;
        self.plan.kept_unknown = kept.unknown;
        Ok(())
    }

    #[cfg(feature = "stored-downgrades")]
    fn redo(&mut self, state: &DatabaseState) -> Result<(), Conflict> {
        let rows: &[HistoryRow] = match state {
            DatabaseState::Managed { rows, .. } => rows,
            _ => &[],
        };
        let reverted = super::redo::revert(self.chain, rows, self.policy)?;
        self.plan.steps = reverted.steps;
        let missing = reverted.kept.missing();
        let upgrades = upgrade_steps(self.chain, missing, state, &reverted.kept);
        self.plan.steps.extend(upgrades);
        self.plan.stamped = RevisionSet::full(self.chain.len());
        self.plan.kept_unknown = 0;
        Ok(())
    }

    fn stamp(&mut self, target: &Target) -> Result<(), Conflict> {
        if let Target::Steps(_) = target {
            let reason = "a stamp takes no number of steps".to_owned();
            let hint = "name a revision, head, or base";
            return Err(out_of_reach(reason, Some(hint)));
        }
        let wanted = revisions_at(self.chain, target)?;
        let steps = &mut self.plan.steps;
        steps.retain(|step| step.index().is_none_or(|index| wanted.contains(index)));
        let stamped = &self.plan.stamped;
        let removed = stamped.iter().rev();
        let removed = removed.filter(|&index| !wanted.contains(index));
        steps.extend(removed.map(Step::Unstamp));
        let added = wanted.iter().filter(|&index| !stamped.contains(index));
        steps.extend(added.map(Step::Stamp));
        self.plan.stamped = wanted;
        Ok(())
    }

    fn id_of(&self, stamped: &RevisionSet) -> String {
        id_of(self.chain, stamped)
    }
}
