//! The plan: what a database needs, for each row of the design's table, without a database.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::LazyLock;

use common::{Directory, name, revisions, text};
use proptest::prelude::*;
use proptest::sample::select;
use revchain_core::Step::{CreateHistory, Downgrade, Stamp, Unstamp, Upgrade};
use revchain_core::schema::{Part, Texts};
use revchain_core::{
    Chain, Conflict, Found, Newer, OnAhead, Plan, Policy, Request, Stamped, Step, Target, checksum,
    plan::current, plan::plan,
};

/// 001 to 005 in a line.
static LINE: LazyLock<Chain> = LazyLock::new(|| {
    revisions(&[("001", "base"), ("002", "001"), ("003", "002"), ("004", "003"), ("005", "004")]).chain()
});

/// 002, and 003 with 004 after it, both revise 001; 005 merges them, 006 follows.
static MERGED: LazyLock<Chain> = LazyLock::new(|| {
    revisions(&[
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "003"),
        ("005", "002 004"),
        ("006", "005"),
    ])
    .chain()
});

/// 001 to 004 in a line, of which 003 is irreversible.
static ONE_WAY: LazyLock<Chain> = LazyLock::new(|| {
    let one_way = "-- Hash.\n-- @revises 002\n-- @irreversible the texts are gone\n-- @upgrade\nSELECT 1;\n";
    Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(3, "003"), one_way.to_owned()),
        (name(4, "004"), text("003")),
    ])
    .chain()
});

/// A history with these revisions, each as it is in the chain.
fn history(chain: &Chain, ids: &[&str]) -> Found {
    let rows = ids.iter().map(|id| {
        let known = chain.position(id).map(|place| checksum::hex(chain.revisions()[place].checksum()));
        Stamped { revision: (*id).to_owned(), checksum: known.unwrap_or_else(|| "00".repeat(32)) }
    });
    Found::Managed { rows: rows.collect(), newer: Vec::new(), schema: None }
}

/// A history whose revision `id` has another checksum.
fn edited(chain: &Chain, ids: &[&str], id: &str) -> Found {
    let Found::Managed { mut rows, newer, schema } = history(chain, ids) else { unreachable!() };
    rows.iter_mut().filter(|row| row.revision == id).for_each(|row| row.checksum = "00".repeat(32));
    Found::Managed { rows, newer, schema }
}

fn tables() -> Found {
    Found::Unmanaged(Texts::new("CREATE TABLE users (name)".to_owned(), Part::default()))
}

fn baselined(target: impl Into<Target>) -> Policy {
    Policy { baseline: Some(target.into()), ..Policy::default() }
}

fn upgrade(chain: &Chain, found: &Found, target: &str) -> Result<Vec<Step>, Conflict> {
    plan(chain, found, &Policy::default(), &Request::Upgrade(target.into())).map(|plan| plan.steps)
}

fn downgrade(chain: &Chain, found: &Found, target: &str) -> Result<Vec<Step>, Conflict> {
    plan(chain, found, &Policy::default(), &Request::Downgrade(target.into())).map(|plan| plan.steps)
}

fn stamp(chain: &Chain, found: &Found, target: &str) -> Result<Vec<Step>, Conflict> {
    plan(chain, found, &Policy::default(), &Request::Stamp(target.into())).map(|plan| plan.steps)
}

fn reason(result: Result<Vec<Step>, Conflict>) -> String {
    match result {
        Err(Conflict::OutOfReach { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_becomes_the_whole_chain() {
    let plan = plan(&LINE, &Found::Nothing, &Policy::default(), &Request::Upgrade(Target::Head)).unwrap();
    let steps = vec![CreateHistory, Upgrade(0), Upgrade(1), Upgrade(2), Upgrade(3), Upgrade(4)];
    assert_eq!(
        plan,
        Plan {
            from: None,
            to: Some(4),
            steps,
            stamped: vec![true; 5],
            is_drifted: false,
            newer: vec![],
            reverted: vec![]
        }
    );
}

#[test]
fn a_history_at_an_ancestor_gets_what_is_pending() {
    let found = history(&LINE, &["001", "002", "003"]);
    let plan = plan(&LINE, &found, &Policy::default(), &Request::Upgrade(Target::Head)).unwrap();
    assert_eq!(
        plan,
        Plan {
            from: Some(2),
            to: Some(4),
            steps: vec![Upgrade(3), Upgrade(4)],
            stamped: vec![true; 5],
            is_drifted: false,
            newer: vec![],
            reverted: vec![]
        }
    );
}

#[test]
fn a_history_at_head_needs_nothing() {
    let found = history(&LINE, &["001", "002", "003", "004", "005"]);
    let plan = plan(&LINE, &found, &Policy::default(), &Request::Upgrade(Target::Head)).unwrap();
    let stamped = vec![true; 5];
    assert_eq!(
        plan,
        Plan {
            from: Some(4),
            to: Some(4),
            steps: vec![],
            stamped,
            is_drifted: false,
            newer: vec![],
            reverted: vec![]
        }
    );
}

#[test]
fn a_history_without_a_row_is_at_base() {
    let plan =
        plan(&LINE, &history(&LINE, &[]), &Policy::default(), &Request::Upgrade("001".into())).unwrap();
    assert_eq!((plan.from, plan.to, plan.steps), (None, Some(0), vec![Upgrade(0)]));
    assert_eq!(plan.stamped, [true, false, false, false, false]);
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    assert_eq!(upgrade(&LINE, &history(&LINE, &["003", "001", "002"]), "004"), Ok(vec![Upgrade(3)]));
}

#[test]
fn a_revision_that_the_program_does_not_know_is_ahead_of_it() {
    let found = history(&LINE, &["001", "002", "006", "007"]);
    for request in
        [Request::Upgrade(Target::Head), Request::Downgrade(Target::Base), Request::Stamp(Target::Head)]
    {
        match plan(&LINE, &found, &Policy::default(), &request) {
            Err(Conflict::Ahead { unknown, head, related, .. }) => {
                let ids: Vec<_> = unknown.iter().map(|newer| newer.revision.as_str()).collect();
                assert_eq!((ids, head.as_str(), related), (vec!["006", "007"], "005", true));
            }
            other => panic!("{request:?}: {other:?}"),
        }
    }
    let message = upgrade(&LINE, &found, "head").unwrap_err().to_string();
    let start = "the database is ahead of this program, whose head is 005: it also has\n  006\n  007\nhelp: use a version of the program that has 007;";
    assert!(message.starts_with(start), "{message}");
}

/// The rest of [`LINE`], as a newer program stamps it into a database.
fn stamped_by_a_newer(of: std::ops::Range<usize>, is_compatible: bool) -> (Chain, Found) {
    let all: Vec<_> = LINE.revisions().iter().map(|revision| revision.id()).collect();
    let Found::Managed { rows, .. } = history(&LINE, &all[..of.end]) else { unreachable!() };
    let newer = LINE.revisions()[of.clone()].iter().map(|revision| {
        let revchain_core::Downgrade::Sql(half) = revision.downgrade() else { unreachable!() };
        Newer {
            is_compatible,
            revises: Some(revision.revises().collect::<Vec<_>>().join(" ")),
            upgrade_checksum: Some(checksum::hex(&checksum::half(revision.upgrade()))),
            downgrade: Some(half.sql().to_owned()),
            ..Newer::of(&rows[LINE.position(revision.id()).unwrap()])
        }
    });
    let found = Found::Managed { newer: newer.collect(), rows: rows.clone(), schema: None };
    let older = [("001", "base"), ("002", "001"), ("003", "002"), ("004", "003")];
    (revisions(&older[..of.start]).chain(), found)
}

#[test]
fn what_is_newer_is_reverted_newest_first_where_the_policy_says_so() {
    let (older, found) = stamped_by_a_newer(3..5, false);
    let policy = Policy { on_ahead: OnAhead::Downgrade, ..Policy::default() };
    let down = |target: &str| plan(&older, &found, &policy, &Request::Downgrade(target.into()));
    for (target, reverted, kept, known) in [
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
        let plan = down(target).unwrap();
        let ids: Vec<_> = plan.reverted.iter().map(|revision| revision.id()).collect();
        assert_eq!(ids, reverted, "{target}");
        let ids: Vec<_> = plan.kept().iter().map(|newer| newer.revision.as_str()).collect();
        assert_eq!(ids, kept, "{target}");
        let newer_steps = (0..reverted.len()).map(Step::DowngradeNewer);
        assert_eq!(
            plan.steps,
            newer_steps.chain((known..3).rev().map(Downgrade)).collect::<Vec<_>>(),
            "{target}"
        );
        assert_eq!(plan.stamped.iter().filter(|is| **is).count(), known);
        assert_eq!(plan.runs_sql(), !plan.steps.is_empty());
        assert_eq!(plan.id_before(&older), Some("005"));
        let after = kept.last().copied().or_else(|| Some(older.revisions()[known.checked_sub(1)?].id()));
        assert_eq!(plan.id_after(&older), after, "{target}");
        let first = plan.steps.first().and_then(|step| plan.revision(*step, &older));
        assert_eq!(first.map(|revision| revision.id()), reverted.first().copied(), "{target}");
    }
    for (target, words) in
        [("-6", "-6 goes below base: 5 applied"), ("+1", "goes forward"), ("006", "no revision `006`")]
    {
        let error = down(target).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    let upgrade = plan(&older, &found, &policy, &Request::Upgrade(Target::Head)).unwrap_err();
    assert!(matches!(upgrade, Conflict::Ahead { may_downgrade: true, .. }), "{upgrade:?}");
    let refused = downgrade(&older, &found, "003").unwrap_err();
    assert!(matches!(refused, Conflict::Ahead { may_downgrade: false, .. }), "{refused:?}");
}

#[test]
fn what_another_revision_that_stays_revises_is_not_reverted() {
    let (older, found) = stamped_by_a_newer(3..5, false);
    let policy = Policy { on_ahead: OnAhead::Downgrade, ..Policy::default() };
    let Found::Managed { mut rows, mut newer, schema } = found else { unreachable!() };
    rows.swap(3, 4);
    newer.swap(0, 1);
    let swapped = Found::Managed { rows, newer, schema };
    for (target, words) in [
        (
            "-1",
            "the downgrade of 004 that the database keeps is not run: 005, which was stamped before it, revises it",
        ),
        ("005", "005, which was stamped before it, revises it"),
        ("003", "005, which was stamped before it, revises it"),
    ] {
        let error = plan(&older, &swapped, &policy, &Request::Downgrade(target.into())).unwrap_err();
        assert!(error.to_string().contains(words), "{target}: {error}");
    }
}

#[test]
fn what_is_known_of_a_newer_revision_is_told() {
    let (older, found) = stamped_by_a_newer(3..5, true);
    let policy = Policy { on_ahead: OnAhead::Downgrade, ..Policy::default() };
    let Found::Managed { rows, mut newer, schema } = found else { unreachable!() };
    newer[1].summary = Some("Add \u{1b}.".to_owned());
    let date = revchain_core::name::Date::checked_from_number(202_611_201_012);
    for (applied_at, program, told) in [
        (None, None, "005  Add \\u{1b}."),
        (date, None, "005  Add \\u{1b}. (2026-11-20 10:12)"),
        (None, Some("notes\n2"), "005  Add \\u{1b}. (by notes\\n2)"),
        (date, Some("notes 2"), "005  Add \\u{1b}. (2026-11-20 10:12, by notes 2)"),
    ] {
        let newer = Newer { applied_at, program: program.map(str::to_owned), ..newer[1].clone() };
        assert_eq!(newer.to_string(), told);
    }
    let found = Found::Managed { rows, newer, schema };
    let plan = plan(&older, &found, &policy, &Request::Downgrade("-1".into())).unwrap();
    assert_eq!((plan.reverted[0].summary(), plan.reverted[0].is_compatible()), ("Add \u{1b}.", true));
}

#[test]
fn down_to_head_takes_back_what_is_newer_and_nothing_else() {
    let (older, found) = stamped_by_a_newer(3..5, false);
    let policy = Policy { on_ahead: OnAhead::Downgrade, ..Policy::default() };
    let Found::Managed { mut rows, mut newer, schema } = found else { unreachable!() };
    // Another branch, on which 003 is not.
    rows.truncate(2);
    newer.truncate(1);
    let mut without = rows.clone();
    without.push(Stamped { revision: "004".to_owned(), checksum: newer[0].checksum.clone() });
    let without = Found::Managed { rows: without, newer: newer.clone(), schema: None };
    let error = plan(&older, &without, &policy, &Request::Downgrade(Target::Head)).unwrap_err();
    assert!(error.to_string().contains("it revises 003, which the history does not have"), "{error}");
    let sum = |newer: &Newer| {
        let of = |hex: &Option<String>| checksum::from_hex(hex.as_deref().unwrap()).unwrap();
        let downgrade = LINE.revisions()[3].downgrade();
        let revchain_core::Downgrade::Sql(half) = downgrade else { unreachable!() };
        checksum::of_halves(
            "004",
            ["002"].into_iter(),
            &of(&newer.upgrade_checksum),
            Some(&checksum::half(half)),
        )
    };
    newer[0].revises = Some("002".to_owned());
    newer[0].checksum = checksum::hex(&sum(&newer[0]));
    rows.push(Stamped { revision: "004".to_owned(), checksum: newer[0].checksum.clone() });
    let found = Found::Managed { rows, newer, schema };
    let plan = plan(&older, &found, &policy, &Request::Downgrade(Target::Head)).unwrap();
    assert_eq!((plan.steps, plan.stamped), (vec![Step::DowngradeNewer(0)], vec![true, true, false]));
}

#[test]
fn the_revisions_of_another_chain_are_not_reverted() {
    let (_, found) = stamped_by_a_newer(3..5, false);
    let policy = Policy { on_ahead: OnAhead::Downgrade, ..Policy::default() };
    let other = revisions(&[("101", "base")]).chain();
    for target in ["-1", "head", "base"] {
        let conflict = plan(&other, &found, &policy, &Request::Downgrade(target.into())).unwrap_err();
        assert!(
            matches!(conflict, Conflict::Ahead { related: false, may_downgrade: false, .. }),
            "{conflict:?}"
        );
    }
}

#[test]
fn only_the_stamps_tell_what_is_newer_so_a_row_that_is_told_nothing_of_is_no_less_so() {
    let (older, found) = stamped_by_a_newer(3..5, true);
    let Found::Managed { rows, newer, schema } = found else { unreachable!() };
    let less = Found::Managed { rows: rows.clone(), newer: newer[1..].to_vec(), schema };
    let conflict = upgrade(&older, &less, "head").unwrap_err();
    let Conflict::Ahead { unknown, .. } = conflict else { panic!("{conflict:?}") };
    assert_eq!(unknown, [Newer::of(&rows[3]), newer[1].clone()]);
}

#[test]
fn what_is_compatible_needs_nothing_and_hides_nothing() {
    let (older, found) = stamped_by_a_newer(3..5, true);
    let plan = plan(&older, &found, &Policy::default(), &Request::Upgrade(Target::Head)).unwrap();
    assert_eq!((plan.steps.as_slice(), plan.newer.len(), plan.kept().len()), (&[][..], 2, 2));
    assert_eq!((plan.id_before(&older), plan.id_after(&older)), (Some("005"), Some("005")));
    assert_eq!(current(&older, &found, &Policy::default()), Ok(Some(2)));
    let Found::Managed { mut rows, newer, schema } = found else { unreachable!() };
    // What the program has and the database does not is not added below what it does not know.
    rows.remove(2);
    let gap = Found::Managed { rows: rows.clone(), newer: newer.clone(), schema: None };
    assert!(matches!(upgrade(&older, &gap, "head"), Err(Conflict::Ahead { .. })));
    assert!(matches!(stamp(&older, &gap, "head"), Err(Conflict::Ahead { .. })));
    rows[0].checksum = "00".repeat(32);
    let edited = Found::Managed { rows, newer, schema };
    assert!(matches!(upgrade(&older, &edited, "001"), Err(Conflict::Edited { .. })));
}

#[test]
fn a_history_of_nothing_but_unknown_revisions_is_of_another_chain() {
    let conflict = upgrade(&LINE, &history(&LINE, &["x", "y"]), "head").unwrap_err();
    assert!(matches!(conflict, Conflict::Ahead { related: false, .. }), "{conflict:?}");
    assert!(conflict.to_string().contains("another chain"), "{conflict}");
}

#[test]
fn a_revision_edited_after_it_was_applied_stops_all_but_a_stamp() {
    let found = edited(&LINE, &["001", "002", "003"], "002");
    for conflict in
        [upgrade(&LINE, &found, "head"), upgrade(&LINE, &found, "001"), downgrade(&LINE, &found, "base")]
    {
        match conflict {
            Err(Conflict::Edited { revisions, .. }) => {
                assert_eq!(revisions, [("002".to_owned(), "migrations/20260102_1200_002_x.sql".to_owned())]);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stamp(&LINE, &found, "003"), Ok(vec![Stamp(1)]));
    assert_eq!(stamp(&LINE, &found, "004"), Ok(vec![Stamp(1), Stamp(3)]));
    assert_eq!(stamp(&LINE, &found, "001"), Ok(vec![Unstamp(2), Unstamp(1)]));
}

#[test]
fn a_history_that_lacks_a_parent_stops_all_but_a_stamp() {
    let found = history(&LINE, &["001", "003", "004"]);
    for conflict in [upgrade(&LINE, &found, "head"), downgrade(&LINE, &found, "-1")] {
        match conflict {
            Err(Conflict::Gap { revision, missing, .. }) => {
                assert_eq!((&*revision, &*missing), ("003", "002"))
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stamp(&LINE, &found, "004"), Ok(vec![Stamp(1)]));
    assert_eq!(stamp(&LINE, &found, "002"), Ok(vec![Unstamp(3), Unstamp(2), Stamp(1)]));
}

#[test]
fn tables_without_a_history_need_a_baseline() {
    for conflict in [upgrade(&LINE, &tables(), "head"), downgrade(&LINE, &tables(), "base")] {
        assert_eq!(conflict.unwrap_err().code(), "unmanaged");
    }
    let baseline = Target::from("002");
    let down = plan(&LINE, &tables(), &baselined(baseline.clone()), &Request::Downgrade(Target::Base));
    assert_eq!(down.unwrap_err().code(), "unmanaged");
}

#[test]
fn a_baseline_is_stamped_and_the_rest_applied() {
    let from = |baseline: &str, target: &str| {
        plan(&LINE, &tables(), &baselined(baseline), &Request::Upgrade(target.into())).map(|plan| plan.steps)
    };
    assert_eq!(from("002", "004"), Ok(vec![CreateHistory, Stamp(0), Stamp(1), Upgrade(2), Upgrade(3)]));
    assert_eq!(from("002", "001"), Ok(vec![CreateHistory, Stamp(0), Stamp(1)]));
    assert_eq!(from("base", "001"), Ok(vec![CreateHistory, Upgrade(0)]));
    assert_eq!(from("002", "+1"), Ok(vec![CreateHistory, Stamp(0), Stamp(1), Upgrade(2)]));
    assert_eq!(from("head", "head").map(|steps| steps.len()), Ok(6));
    assert_eq!(from("02", "head").unwrap_err().to_string(), "there is no revision `02`: did you mean 002?");
}

#[test]
fn a_baseline_is_of_no_account_where_there_is_a_history_or_nothing() {
    let baseline = Target::from("003");
    let request = Request::Upgrade("002".into());
    let new = plan(&LINE, &Found::Nothing, &baselined(baseline.clone()), &request).unwrap();
    assert_eq!(new.steps, [CreateHistory, Upgrade(0), Upgrade(1)]);
    let managed = plan(&LINE, &history(&LINE, &["001"]), &baselined(baseline.clone()), &request).unwrap();
    assert_eq!(managed.steps, [Upgrade(1)]);
}

#[test]
fn an_upgrade_goes_to_a_revision_or_so_many_steps() {
    let found = history(&LINE, &["001", "002"]);
    assert_eq!(upgrade(&LINE, &found, "004"), Ok(vec![Upgrade(2), Upgrade(3)]));
    assert_eq!(upgrade(&LINE, &found, "+1"), Ok(vec![Upgrade(2)]));
    assert_eq!(upgrade(&LINE, &found, "+0"), Ok(vec![]));
    assert_eq!(upgrade(&LINE, &found, "+3"), upgrade(&LINE, &found, "head"));
    for behind in ["001", "002", "base"] {
        assert_eq!(upgrade(&LINE, &found, behind), Ok(vec![]), "what is beyond the target stays");
    }
    assert_eq!(reason(upgrade(&LINE, &found, "+4")), "+4 goes beyond head: 3 pending");
    assert!(reason(upgrade(&LINE, &found, "-1")).contains("use `downgrade`"));
}

#[test]
fn a_downgrade_goes_back_in_reverse_order() {
    let found = history(&LINE, &["001", "002", "003", "004"]);
    assert_eq!(downgrade(&LINE, &found, "002"), Ok(vec![Downgrade(3), Downgrade(2)]));
    assert_eq!(downgrade(&LINE, &found, "-1"), Ok(vec![Downgrade(3)]));
    assert_eq!(downgrade(&LINE, &found, "-4"), downgrade(&LINE, &found, "base"));
    assert_eq!(downgrade(&LINE, &found, "004"), Ok(vec![]));
    let plan = plan(&LINE, &found, &Policy::default(), &Request::Downgrade(Target::Base)).unwrap();
    assert_eq!((plan.from, plan.to, plan.steps.len()), (Some(3), None, 4));
}

#[test]
fn a_downgrade_does_not_go_forward() {
    let found = history(&LINE, &["001", "002"]);
    assert!(
        reason(downgrade(&LINE, &found, "003"))
            .contains("the database is at 002, and 003 is not one of its ancestors")
    );
    let all = history(&LINE, &["001", "002", "003", "004", "005"]);
    for found in [&found, &all] {
        assert!(reason(downgrade(&LINE, found, "head")).contains("does not lead to head: use `upgrade`"));
    }
    assert!(reason(downgrade(&LINE, &found, "+1")).contains("write -1"));
    assert_eq!(reason(downgrade(&LINE, &found, "-3")), "-3 goes below base: 2 applied");
    let base = history(&LINE, &[]);
    assert_eq!(reason(downgrade(&LINE, &base, "-1")), "the database is at base: there is nothing to revert");
    assert!(reason(downgrade(&LINE, &Found::Nothing, "001")).contains("the database is at base"));
}

#[test]
fn where_a_database_is_is_told_only_where_chain_and_history_agree() {
    for unmanaged in [Found::Nothing, tables(), history(&LINE, &[])] {
        assert_eq!(current(&LINE, &unmanaged, &Policy::default()), Ok(None), "{unmanaged:?}");
    }
    assert_eq!(current(&LINE, &history(&LINE, &["001", "002", "003"]), &Policy::default()), Ok(Some(2)));
    for (found, code) in [
        (history(&LINE, &["001", "006"]), "ahead"),
        (edited(&LINE, &["001", "002"], "001"), "edited"),
        (history(&LINE, &["001", "003"]), "gap"),
    ] {
        assert_eq!(current(&LINE, &found, &Policy::default()).unwrap_err().code(), code);
    }
}

#[test]
fn a_plan_knows_whose_sql_it_runs() {
    let baseline = Target::from("001");
    let plan = plan(&LINE, &tables(), &baselined(baseline.clone()), &Request::Upgrade("003".into())).unwrap();
    assert_eq!(plan.upgrades().collect::<Vec<_>>(), [1, 2]);
    let places: Vec<_> = plan.steps.iter().map(|step| step.place()).collect();
    assert_eq!(places, [None, Some(0), Some(1), Some(2)]);
    assert!(plan.runs_sql());
    let down =
        self::plan(&LINE, &history(&LINE, &["001"]), &Policy::default(), &Request::Downgrade(Target::Base))
            .unwrap();
    assert!(down.runs_sql() && down.upgrades().next().is_none());
    let stamp = self::plan(&LINE, &tables(), &Policy::default(), &Request::Stamp("001".into())).unwrap();
    assert!(!stamp.runs_sql());
}

#[test]
fn an_irreversible_revision_stops_a_downgrade_only_on_its_way() {
    let found = history(&ONE_WAY, &["001", "002", "003", "004"]);
    assert_eq!(downgrade(&ONE_WAY, &found, "003"), Ok(vec![Downgrade(3)]));
    match downgrade(&ONE_WAY, &found, "002") {
        Err(Conflict::Irreversible { revision, reason, path, .. }) => assert_eq!(
            (&*revision, &*reason, &*path),
            ("003", "the texts are gone", "migrations/20260103_1200_003_x.sql")
        ),
        other => panic!("{other:?}"),
    }
    let before = history(&ONE_WAY, &["001", "002"]);
    assert_eq!(downgrade(&ONE_WAY, &before, "base"), Ok(vec![Downgrade(1), Downgrade(0)]));
    assert_eq!(stamp(&ONE_WAY, &found, "002"), Ok(vec![Unstamp(3), Unstamp(2)]), "a stamp runs nothing");
}

#[test]
fn a_stamp_records_and_runs_nothing() {
    assert_eq!(stamp(&LINE, &Found::Nothing, "002"), Ok(vec![CreateHistory, Stamp(0), Stamp(1)]));
    assert_eq!(stamp(&LINE, &tables(), "001"), Ok(vec![CreateHistory, Stamp(0)]));
    assert_eq!(stamp(&LINE, &tables(), "base"), Ok(vec![CreateHistory]), "asked for, so recorded");
    let found = history(&LINE, &["001", "002"]);
    assert_eq!(stamp(&LINE, &found, "head"), Ok(vec![Stamp(2), Stamp(3), Stamp(4)]));
    assert_eq!(stamp(&LINE, &found, "base"), Ok(vec![Unstamp(1), Unstamp(0)]));
    assert_eq!(stamp(&LINE, &found, "002"), Ok(vec![]));
    assert!(reason(stamp(&LINE, &found, "+1")).contains("a stamp needs a revision, head or base"));
}

#[test]
fn to_be_at_base_is_recorded_only_where_it_is_asked_for() {
    assert_eq!(upgrade(&LINE, &Found::Nothing, "base"), Ok(vec![]));
    assert_eq!(upgrade(&LINE, &Found::Nothing, "+0"), Ok(vec![]));
    assert_eq!(downgrade(&LINE, &Found::Nothing, "base"), Ok(vec![]));
}

#[test]
fn an_unknown_target_is_told_what_was_meant_or_what_there_is() {
    let message = |target: &str| upgrade(&LINE, &Found::Nothing, target).unwrap_err().to_string();
    assert_eq!(message("4"), "there is no revision `4`: did you mean 004?");
    assert_eq!(message("0O4"), "there is no revision `0O4`: did you mean 004?");
    assert_eq!(message("006"), "there is no revision `006`: the chain goes from 001 to 005");
    assert_eq!(message("heads"), "there is no revision `heads`: the chain goes from 001 to 005");
    for result in [downgrade(&LINE, &Found::Nothing, "x"), stamp(&LINE, &Found::Nothing, "x")] {
        assert_eq!(result.unwrap_err().code(), "unknown-target");
    }
}

#[test]
fn a_merge_needs_all_its_branches_and_a_branch_only_its_own() {
    assert_eq!(
        upgrade(&MERGED, &Found::Nothing, "004"),
        Ok(vec![CreateHistory, Upgrade(0), Upgrade(2), Upgrade(3)])
    );
    let branch = history(&MERGED, &["001", "003", "004"]);
    assert_eq!(upgrade(&MERGED, &branch, "005"), Ok(vec![Upgrade(1), Upgrade(4)]));
    assert_eq!(upgrade(&MERGED, &branch, "+1"), Ok(vec![Upgrade(1)]));
    let all = history(&MERGED, &["001", "002", "003", "004", "005", "006"]);
    assert_eq!(
        downgrade(&MERGED, &all, "002"),
        Ok(vec![Downgrade(5), Downgrade(4), Downgrade(3), Downgrade(2)])
    );
    assert_eq!(downgrade(&MERGED, &all, "004"), Ok(vec![Downgrade(5), Downgrade(4), Downgrade(1)]));
    assert!(reason(downgrade(&MERGED, &branch, "002")).contains("the database is at 004, and 002"));
    let half = upgrade(&MERGED, &history(&MERGED, &["001", "002", "005"]), "head");
    assert!(matches!(half, Err(Conflict::Gap { missing, .. }) if missing == "004"));
}

/// A database as far as the plan is concerned: what is stamped, by place.
type Set = Vec<bool>;

fn is_closed(chain: &Chain, set: &Set) -> bool {
    set.iter().zip(chain.revisions()).filter(|(is_in, _)| **is_in).all(|(_, revision)| {
        revision.revises().all(|parent| chain.position(parent).is_some_and(|parent| set[parent]))
    })
}

fn found(chain: &Chain, set: &Set) -> Found {
    let stamped = set.iter().zip(chain.revisions()).filter(|(is_in, _)| **is_in);
    history(chain, &stamped.map(|(_, revision)| revision.id()).collect::<Vec<_>>())
}

/// Carries out a plan as an engine would, and sees to it that each step can be done.
fn execute(chain: &Chain, steps: &[Step], mut set: Set) -> Set {
    for step in steps {
        match *step {
            CreateHistory => assert!(set.iter().all(|is_in| !is_in)),
            Upgrade(place) => {
                assert!(!set[place], "{place} is applied twice");
                set[place] = true;
                assert!(is_closed(chain, &set), "{place} is applied before what it revises");
            }
            Downgrade(place) => {
                assert!(set[place], "{place} is reverted twice");
                set[place] = false;
                assert!(is_closed(chain, &set), "{place} is reverted before what revises it");
            }
            Stamp(place) | Step::Adopt(place) => set[place] = true,
            Unstamp(place) => {
                assert!(set[place], "{place} is not stamped");
                set[place] = false;
            }
            Step::DowngradeNewer(_) => panic!("the chain has all of them"),
        }
    }
    set
}

/// What a database at the target has; nothing where that depends on where it is.
fn promised(chain: &Chain, target: &Target) -> Option<Set> {
    match target {
        Target::Head => Some(vec![true; chain.revisions().len()]),
        Target::Base => Some(vec![false; chain.revisions().len()]),
        Target::Revision(id) => chain.position(id).map(|place| chain.ancestry(place)),
        Target::Steps(_) => None,
    }
}

fn count(set: &Set) -> i64 {
    set.iter().map(|&is_in| i64::from(is_in)).sum()
}

fn some_target() -> impl Strategy<Value = Target> {
    select(vec![
        "head", "base", "001", "002", "003", "004", "005", "9", "+0", "+1", "+3", "-0", "-1", "-2", "-6",
    ])
    .prop_map(Target::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_leads_to_what_it_promises_and_then_there_is_nothing_left_to_do(
        chain in select(vec![&LINE, &MERGED, &ONE_WAY]),
        stamped in prop::collection::vec(any::<bool>(), 6),
        close in prop::bool::weighted(0.8),
        kind in 0..4,
        baseline in prop::option::of(some_target()),
        target in some_target(),
        verb in 0..3,
    ) {
        let chain: &Chain = chain;
        let request = match verb {
            0 => Request::Upgrade(target.clone()),
            1 => Request::Downgrade(target.clone()),
            _ => Request::Stamp(target.clone()),
        };
        let mut before = stamped[..chain.revisions().len()].to_vec();
        for place in 0..before.len() {
            let mut parents = chain.revisions()[place].revises().filter_map(|parent| chain.position(parent));
            before[place] &= !close || parents.all(|parent| before[parent]);
        }
        let state = match kind {
            0 => Found::Nothing,
            1 => tables(),
            _ => found(chain, &before),
        };
        if kind < 2 {
            before.fill(false);
        }
        let policy = Policy { baseline: baseline.clone(), ..Policy::default() };
        let plan = match plan(chain, &state, &policy, &request) {
            Ok(plan) => plan,
            Err(conflict) => {
                prop_assert!(!conflict.to_string().is_empty());
                let obliged = kind != 1 && is_closed(chain, &before) && promised(chain, &target).is_some();
                prop_assert!(!(obliged && verb != 1), "{request:?} on {state:?}: {conflict}");
                return Ok(());
            }
        };
        let after = execute(chain, &plan.steps, before.clone());
        prop_assert!(is_closed(chain, &after));
        prop_assert_eq!(plan.from, before.iter().rposition(|is_in| *is_in));
        prop_assert_eq!(plan.to, after.iter().rposition(|is_in| *is_in));
        prop_assert_eq!(&plan.stamped, &after);
        // What a baseline stamps was there before.
        let adopted = baseline.as_ref().filter(|_| kind == 1 && verb == 0);
        let known = adopted.map_or(before, |baseline| promised(chain, baseline).unwrap());
        match (&target, promised(chain, &target)) {
            (_, Some(wanted)) if verb == 0 => {
                let both: Set = wanted.iter().zip(&known).map(|(wanted, known)| *wanted || *known).collect();
                prop_assert_eq!(&after, &both);
            }
            (_, Some(wanted)) => prop_assert_eq!(&after, &wanted),
            (Target::Steps(steps), None) => prop_assert_eq!(count(&after) - count(&known), *steps),
            (_, None) => prop_assert!(false, "{target} is unknown"),
        }
        if !matches!(target, Target::Steps(_)) {
            let again = self::plan(chain, &found(chain, &after), &policy, &request);
            let (from, to) = (plan.to, plan.to);
            prop_assert_eq!(again, Ok(Plan { from, to, steps: vec![], stamped: after, is_drifted: false, newer: vec![], reverted: vec![] }));
        }
    }
}
