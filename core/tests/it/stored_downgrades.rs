//! Plans that revert revisions of a newer program by the downgrades that the database stores.

use crate::plan::{LINE, downgrade, managed, plan_downgrade, stamped_by_a_newer_program};
use crate::support::{positions, revisions};
use revchain_core::model::checksum;
use revchain_core::plan::planner::plan;
use revchain_core::{
    Chain, Conflict, DatabaseState, Date, Downgrade, HistoryRow, OnNewer, Plan, Policy, Request,
    Revision, Step, Target,
};

fn may_downgrade() -> Policy {
    Policy {
        on_newer: OnNewer::Downgrade,
        ..Policy::default()
    }
}

/// Plans a downgrade that may revert revisions of a newer program.
fn plan_down(chain: &Chain, state: &DatabaseState, target: &str) -> Result<Plan, Conflict> {
    plan(
        chain,
        state,
        &may_downgrade(),
        &Request::Downgrade(target.into()),
    )
}

/// Returns the revisions whose stored downgrade runs, in order.
fn reverted(plan: &Plan) -> Vec<&Revision> {
    let stored = plan.steps.iter().filter_map(|step| match step {
        Step::DowngradeStored(revision) => Some(&**revision),
        _ => None,
    });
    stored.collect()
}

fn row_ids(rows: &[HistoryRow]) -> Vec<&str> {
    rows.iter().map(|row| row.revision.as_str()).collect()
}

#[test]
fn policy_allows_reverting_newer_revisions() {
    let (older, rows) = stamped_by_a_newer_program(3..5, false);
    let state = managed(rows);
    for (target, stored, kept, known) in [
        ("-1", &["005"][..], &["004"][..], 3),
        ("004", &["005"], &["004"], 3),
        ("005", &[], &["004", "005"], 3),
        ("head", &["005", "004"], &[], 3),
        ("003", &["005", "004"], &[], 3),
        ("-2", &["005", "004"], &[], 3),
        ("-3", &["005", "004"], &[], 2),
        ("001", &["005", "004"], &[], 1),
        ("base", &["005", "004"], &[], 0),
        ("-5", &["005", "004"], &[], 0),
    ] {
        let plan = plan_down(&older, &state, target).unwrap();
        let reverted = reverted(&plan);
        let ids: Vec<_> = reverted.iter().map(|revision| revision.id()).collect();
        assert_eq!(ids, stored, "{target}");
        assert_eq!(row_ids(plan.kept()), kept, "{target}");
        let expected = reverted
            .iter()
            .map(|&revision| Step::DowngradeStored(Box::new(revision.clone())));
        let expected: Vec<_> = expected.chain((known..3).rev().map(downgrade)).collect();
        assert_eq!(plan.steps, expected, "{target}");
        assert_eq!(plan.stamped.len(), known);
        assert_eq!(plan.runs_sql(), !plan.steps.is_empty());
        assert_eq!(plan.id_before(&older), Some("005"));
        let known_head = known
            .checked_sub(1)
            .map(|last| older.revisions()[last].id());
        let after = kept.last().copied().or(known_head);
        assert_eq!(plan.id_after(&older), after, "{target}");
        let first = plan.steps.first().and_then(|step| step.revision(&older));
        assert_eq!(first.map(Revision::id), stored.first().copied(), "{target}");
    }
}

#[test]
fn newer_revisions_stay_unless_policy_and_request_match() {
    let (older, rows) = stamped_by_a_newer_program(3..5, false);
    let state = managed(rows);
    for (target, words) in [
        ("-6", "-6 goes below base: 5 applied"),
        ("+1", "goes forward"),
        ("006", "no revision `006`"),
    ] {
        let error = plan_down(&older, &state, target).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let request = Request::Upgrade(Target::Head);
    let upgrade = plan(&older, &state, &may_downgrade(), &request).unwrap_err();
    assert!(
        matches!(
            upgrade,
            Conflict::Newer {
                may_downgrade: true,
                ..
            }
        ),
        "{upgrade:?}"
    );
    assert_eq!(
        upgrade.help().unwrap().lines().last().unwrap(),
        "or run `downgrade -r head`, which loses what the newer revisions added"
    );
    let refused = plan_downgrade(&older, &state, "003").unwrap_err();
    assert!(
        matches!(
            refused,
            Conflict::Newer {
                may_downgrade: false,
                ..
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn parent_of_a_kept_newer_revision_is_not_reverted() {
    let (older, mut rows) = stamped_by_a_newer_program(3..5, false);
    rows.swap(3, 4);
    let swapped = managed(rows);
    for target in ["-1", "005", "003"] {
        let error = plan_down(&older, &swapped, target).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the stored downgrade of 004 is not valid; nothing was changed: 005, which was stamped before it, revises it",
            "{target}"
        );
    }
}

#[test]
fn stored_revision_keeps_its_summary_and_date() {
    let (older, mut rows) = stamped_by_a_newer_program(3..5, true);
    let date = Date::checked_from_number(202_611_201_012).unwrap();
    rows[4].stored.summary = Some("Add \u{1b}.".to_owned());
    rows[4].stored.applied_at = Some(date);
    let plan = plan_down(&older, &managed(rows), "-1").unwrap();
    let reverted = reverted(&plan)[0];
    assert_eq!(
        (reverted.summary(), reverted.is_compatible()),
        ("Add \u{1b}.", true)
    );
    assert_eq!(reverted.date(), date);
}

#[test]
fn downgrade_to_head_reverts_newer_revisions_only() {
    let (older, mut rows) = stamped_by_a_newer_program(3..4, false);
    // This history is of another branch, which does not contain 003.
    let mut newer = rows.remove(3);
    rows.truncate(2);
    let with = |newer: &HistoryRow| {
        let rows = rows.iter().chain([newer]).cloned();
        managed(rows.collect())
    };
    let error = plan_down(&older, &with(&newer), "head").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the stored downgrade of 004 is not valid; nothing was changed: it revises 003, which the history lacks"
    );
    let Downgrade::Sql(script) = LINE.revisions()[3].downgrade() else {
        unreachable!()
    };
    let upgrade = newer.stored.upgrade_checksum.as_deref().unwrap();
    let checksum = checksum::of_scripts(
        "004",
        ["002"].into_iter(),
        &checksum::from_hex(upgrade).unwrap(),
        Some(&checksum::script(script)),
    );
    newer.stored.revises = Some("002".to_owned());
    newer.checksum = checksum::hex(&checksum);
    let plan = plan_down(&older, &with(&newer), "head").unwrap();
    let ids: Vec<_> = reverted(&plan)
        .iter()
        .map(|revision| revision.id())
        .collect();
    assert_eq!((ids, plan.steps.len()), (vec!["004"], 1));
    assert_eq!(positions(&plan.stamped), [0, 1]);
}

#[test]
fn revisions_of_another_chain_are_not_reverted() {
    let (_, rows) = stamped_by_a_newer_program(3..5, false);
    let state = managed(rows);
    let other = revisions(&[("101", "base")]).chain();
    for target in ["-1", "head", "base"] {
        let conflict = plan_down(&other, &state, target).unwrap_err();
        assert!(
            matches!(
                conflict,
                Conflict::Newer {
                    is_related: false,
                    may_downgrade: false,
                    ..
                }
            ),
            "{conflict:?}"
        );
    }
}
