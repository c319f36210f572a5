//! The plan for each state of a database and each request, without a database.

use std::sync::LazyLock;

use crate::support::{Directory, name, positions, revisions, text};
use proptest::prelude::*;
use proptest::sample::select;
use revchain_core::Step::{self, CreateHistory};
use revchain_core::history::row::StoredRevision;
use revchain_core::history::state::UnmanagedState;
use revchain_core::model::checksum;
use revchain_core::plan::planner::plan;
use revchain_core::plan::stamped::stamped;
use revchain_core::schema::SchemaSql;
use revchain_core::{
    Adopt, Chain, Conflict, DatabaseState, Date, Downgrade, HistoryRow, Plan, Policy, Request,
    RevisionIndex, RevisionSet, Target,
};

/// The revisions 001 to 005 in a line.
pub(crate) static LINE: LazyLock<Chain> = LazyLock::new(|| {
    revisions(&[
        ("001", "base"),
        ("002", "001"),
        ("003", "002"),
        ("004", "003"),
        ("005", "004"),
    ])
    .chain()
});

/// A chain with two branches after 001: 002, and 003 with 004. 005 merges them, and 006 follows.
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

/// The revisions 001 to 004 in a line. 003 is irreversible.
static ONE_WAY: LazyLock<Chain> = LazyLock::new(|| {
    let one_way =
        "-- Hash.\n-- @revises 002\n-- @irreversible the texts are gone\n-- @upgrade\nSELECT 1;\n";
    Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(3, "003"), one_way.to_owned()),
        (name(4, "004"), text("003")),
    ])
    .chain()
});

/// Returns the step that upgrades to the revision at this position.
fn upgrade(position: usize) -> Step {
    Step::Upgrade(RevisionIndex::new(position))
}

/// Returns the step that reverts the revision at this position.
pub(crate) fn downgrade(position: usize) -> Step {
    Step::Downgrade(RevisionIndex::new(position))
}

/// Returns the step that stamps the revision at this position.
fn stamp(position: usize) -> Step {
    Step::Stamp(RevisionIndex::new(position))
}

/// Returns the step that removes the stamp of the revision at this position.
fn unstamp(position: usize) -> Step {
    Step::Unstamp(RevisionIndex::new(position))
}

/// Returns the rows of a history with these revisions and the checksums of the chain.
fn rows(chain: &Chain, ids: &[&str]) -> Vec<HistoryRow> {
    ids.iter()
        .map(|id| {
            let index = chain.index_of(id);
            let known = index.map(|index| checksum::hex(chain[index].checksum()));
            HistoryRow::new((*id).to_owned(), known.unwrap_or_else(|| "00".repeat(32)))
        })
        .collect()
}

/// Returns the state of a database with these rows, whose schema need not be compared.
pub(crate) fn managed(rows: Vec<HistoryRow>) -> DatabaseState {
    DatabaseState::Managed {
        rows,
        schema: None,
        finished_jobs: Vec::new(),
    }
}

/// Returns a history with these revisions and the checksums of the chain.
pub(crate) fn history(chain: &Chain, ids: &[&str]) -> DatabaseState {
    managed(rows(chain, ids))
}

/// Returns a history whose revision `id` has another checksum.
fn edited(chain: &Chain, ids: &[&str], id: &str) -> DatabaseState {
    let mut rows = rows(chain, ids);
    for row in rows.iter_mut().filter(|row| row.revision == id) {
        row.checksum = "00".repeat(32);
    }
    managed(rows)
}

pub(crate) fn tables() -> DatabaseState {
    DatabaseState::Unmanaged(UnmanagedState {
        schema: SchemaSql::new("CREATE TABLE users (name)".to_owned()),
        records: Vec::new(),
    })
}

fn adopted_at(target: impl Into<Target>) -> Policy {
    Policy {
        adopt: Adopt::at(target),
        ..Policy::default()
    }
}

/// Returns the position of the newest revision that a database has.
fn current(chain: &Chain, state: &DatabaseState) -> Result<Option<usize>, Conflict> {
    let stamped = stamped(chain, state, &Policy::default())?;
    Ok(stamped.newest().map(RevisionIndex::get))
}

fn plan_upgrade(chain: &Chain, state: &DatabaseState, target: &str) -> Result<Vec<Step>, Conflict> {
    plan(
        chain,
        state,
        &Policy::default(),
        &Request::Upgrade(target.into()),
    )
    .map(|plan| plan.steps)
}

pub(crate) fn plan_downgrade(
    chain: &Chain,
    state: &DatabaseState,
    target: &str,
) -> Result<Vec<Step>, Conflict> {
    plan(
        chain,
        state,
        &Policy::default(),
        &Request::Downgrade(target.into()),
    )
    .map(|plan| plan.steps)
}

fn plan_stamp(chain: &Chain, state: &DatabaseState, target: &str) -> Result<Vec<Step>, Conflict> {
    plan(
        chain,
        state,
        &Policy::default(),
        &Request::Stamp(target.into()),
    )
    .map(|plan| plan.steps)
}

fn reason(result: Result<Vec<Step>, Conflict>) -> String {
    match result {
        Err(conflict @ Conflict::OutOfReach { .. }) => match conflict.help() {
            Some(help) => format!("{conflict}: {help}"),
            None => conflict.to_string(),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn empty_database_gets_the_whole_chain() {
    let plan = plan(
        &LINE,
        &DatabaseState::Empty,
        &Policy::default(),
        &Request::Upgrade(Target::Head),
    )
    .unwrap();
    let steps = vec![
        CreateHistory,
        upgrade(0),
        upgrade(1),
        upgrade(2),
        upgrade(3),
        upgrade(4),
    ];
    assert_eq!(
        plan,
        Plan {
            from: None,
            steps,
            stamped: RevisionSet::full(5),
            recorded_by: Vec::new(),
            is_drifted: false,
            unknown: vec![],
            kept_unknown: 0,
        }
    );
    assert_eq!(plan.to(), Some(RevisionIndex::new(4)));
}

#[test]
fn history_at_an_ancestor_gets_the_pending_revisions() {
    let state = history(&LINE, &["001", "002", "003"]);
    let plan = plan(
        &LINE,
        &state,
        &Policy::default(),
        &Request::Upgrade(Target::Head),
    )
    .unwrap();
    assert_eq!(
        plan,
        Plan {
            from: Some(RevisionIndex::new(2)),
            steps: vec![upgrade(3), upgrade(4)],
            stamped: RevisionSet::full(5),
            recorded_by: Vec::new(),
            is_drifted: false,
            unknown: vec![],
            kept_unknown: 0,
        }
    );
    assert_eq!(plan.to(), Some(RevisionIndex::new(4)));
}

#[test]
fn history_at_head_needs_nothing() {
    let state = history(&LINE, &["001", "002", "003", "004", "005"]);
    let plan = plan(
        &LINE,
        &state,
        &Policy::default(),
        &Request::Upgrade(Target::Head),
    )
    .unwrap();
    assert_eq!(
        plan,
        Plan {
            from: Some(RevisionIndex::new(4)),
            steps: vec![],
            stamped: RevisionSet::full(5),
            recorded_by: Vec::new(),
            is_drifted: false,
            unknown: vec![],
            kept_unknown: 0,
        }
    );
    assert_eq!(plan.to(), Some(RevisionIndex::new(4)));
}

#[test]
fn empty_history_is_at_base() {
    let plan = plan(
        &LINE,
        &history(&LINE, &[]),
        &Policy::default(),
        &Request::Upgrade("001".into()),
    )
    .unwrap();
    assert_eq!((plan.from, positions(&plan.stamped)), (None, vec![0]));
    assert_eq!(plan.to(), Some(RevisionIndex::new(0)));
    assert_eq!(plan.steps, [upgrade(0)]);
}

#[test]
fn order_of_history_rows_does_not_matter() {
    assert_eq!(
        plan_upgrade(&LINE, &history(&LINE, &["003", "001", "002"]), "004"),
        Ok(vec![upgrade(3)])
    );
}

#[test]
fn unknown_revision_makes_the_database_newer() {
    let state = history(&LINE, &["001", "002", "006", "007"]);
    for request in [
        Request::Upgrade(Target::Head),
        Request::Downgrade(Target::Base),
        Request::Stamp(Target::Head),
    ] {
        match plan(&LINE, &state, &Policy::default(), &request) {
            Err(Conflict::Newer {
                unknown,
                head,
                is_related,
                ..
            }) => {
                let ids: Vec<_> = unknown.iter().map(|row| row.revision.as_str()).collect();
                assert_eq!(
                    (ids, head.as_str(), is_related),
                    (vec!["006", "007"], "005", true)
                );
            }
            other => panic!("{request:?}: {other:?}"),
        }
    }
    let conflict = plan_upgrade(&LINE, &state, "head").unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "the database is newer than this program, whose head is 005; it has\n  006\n  007"
    );
    assert_eq!(
        conflict.help().unwrap(),
        "use a version of the program that has 007\n\
         or run `downgrade -r 005` with that version, which loses what the newer revisions added"
    );
}

/// Returns an older chain, and the rows of a history that a newer program stamped.
///
/// `unknown` are the positions in [`LINE`] of the revisions that the older chain lacks.
pub(crate) fn stamped_by_a_newer_program(
    unknown: std::ops::Range<usize>,
    is_compatible: bool,
) -> (Chain, Vec<HistoryRow>) {
    let all = ["001", "002", "003", "004", "005"];
    let mut rows = rows(&LINE, &all[..unknown.end]);
    let newer = LINE.revisions().iter().zip(&mut rows);
    for (revision, row) in newer.skip(unknown.start) {
        let Downgrade::Sql(script) = revision.downgrade() else {
            unreachable!()
        };
        let upgrade = checksum::script(revision.upgrade());
        row.stored.is_compatible = is_compatible;
        row.stored.revises = Some(revision.revises().collect::<Vec<_>>().join(" "));
        row.stored.upgrade_checksum = Some(checksum::hex(&upgrade));
        row.stored.downgrade = Some(script.sql().to_owned());
    }
    let older = [
        ("001", "base"),
        ("002", "001"),
        ("003", "002"),
        ("004", "003"),
    ];
    (revisions(&older[..unknown.start]).chain(), rows)
}

#[test]
fn newer_revision_shows_its_summary_date_and_program() {
    let date = Date::checked_from_number(202_611_201_012);
    for (applied_at, program, expected) in [
        (None, None, "005  Add \\u{1b}."),
        (date, None, "005  Add \\u{1b}. (2026-11-20 10:12)"),
        (None, Some("notes\n2"), "005  Add \\u{1b}. (by notes\\n2)"),
        (
            date,
            Some("notes 2"),
            "005  Add \\u{1b}. (2026-11-20 10:12, by notes 2)",
        ),
    ] {
        let mut row = HistoryRow::new("005".to_owned(), "00".repeat(32));
        row.stored.summary = Some("Add \u{1b}.".to_owned());
        row.stored.applied_at = applied_at;
        row.stored.program = program.map(str::to_owned);
        assert_eq!(row.to_string(), expected);
    }
}

#[test]
fn irreversible_newer_revision_needs_a_backup() {
    let (older, mut rows) = stamped_by_a_newer_program(3..5, false);
    let help = |rows: &[HistoryRow]| {
        let conflict = plan_upgrade(&older, &managed(rows.to_vec()), "head").unwrap_err();
        conflict.help().unwrap()
    };
    assert!(help(&rows).contains("downgrade"));
    rows[3].stored.irreversible = Some("the texts are gone".to_owned());
    assert_eq!(
        help(&rows),
        "use a version of the program that has 005\n\
         or restore a backup from before 004, which cannot be reverted"
    );
}

#[test]
fn newer_row_without_details_is_still_newer() {
    let (older, mut rows) = stamped_by_a_newer_program(3..5, true);
    rows[3].stored = StoredRevision::default();
    let conflict = plan_upgrade(&older, &managed(rows.clone()), "head").unwrap_err();
    let Conflict::Newer { unknown, .. } = conflict else {
        panic!("{conflict:?}")
    };
    assert_eq!(unknown, rows[3..]);
}

#[test]
fn compatible_newer_revisions_need_nothing_and_hide_nothing() {
    let (older, mut rows) = stamped_by_a_newer_program(3..5, true);
    let state = managed(rows.clone());
    let request = Request::Upgrade(Target::Head);
    let plan = plan(&older, &state, &Policy::default(), &request).unwrap();
    assert_eq!(plan.steps, []);
    assert_eq!((plan.unknown.len(), plan.kept().len()), (2, 2));
    assert_eq!(
        (plan.id_before(&older), plan.id_after(&older)),
        (Some("005"), Some("005"))
    );
    assert_eq!(current(&older, &state), Ok(Some(2)));
    // The plan does not add a pending revision below an unknown one.
    rows.remove(2);
    let gap = managed(rows.clone());
    for conflict in [
        plan_upgrade(&older, &gap, "head"),
        plan_stamp(&older, &gap, "head"),
    ] {
        assert_eq!(conflict.unwrap_err().code(), "newer");
    }
    rows[0].checksum = "00".repeat(32);
    let edited = plan_upgrade(&older, &managed(rows), "001");
    assert_eq!(edited.unwrap_err().code(), "edited");
}

#[test]
fn history_of_unknown_revisions_is_of_another_chain() {
    let conflict = plan_upgrade(&LINE, &history(&LINE, &["x", "y"]), "head").unwrap_err();
    assert!(
        matches!(
            conflict,
            Conflict::Newer {
                is_related: false,
                ..
            }
        ),
        "{conflict:?}"
    );
    assert!(conflict.to_string().contains("another chain"), "{conflict}");
}

#[test]
fn edited_applied_revision_blocks_all_but_a_stamp() {
    let state = edited(&LINE, &["001", "002", "003"], "002");
    for conflict in [
        plan_upgrade(&LINE, &state, "head"),
        plan_upgrade(&LINE, &state, "001"),
        plan_downgrade(&LINE, &state, "base"),
    ] {
        match conflict {
            Err(Conflict::Edited { revisions, .. }) => {
                assert_eq!(revisions.len(), 1);
                assert_eq!(revisions[0].stamped.revision, "002");
                assert_eq!(revisions[0].path, "migrations/20260102_1200_002_x.sql");
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(plan_stamp(&LINE, &state, "003"), Ok(vec![stamp(1)]));
    assert_eq!(
        plan_stamp(&LINE, &state, "004"),
        Ok(vec![stamp(1), stamp(3)])
    );
    assert_eq!(
        plan_stamp(&LINE, &state, "001"),
        Ok(vec![unstamp(2), unstamp(1)])
    );
}

#[test]
fn gap_in_the_history_blocks_all_but_a_stamp() {
    let state = history(&LINE, &["001", "003", "004"]);
    for conflict in [
        plan_upgrade(&LINE, &state, "head"),
        plan_downgrade(&LINE, &state, "-1"),
    ] {
        match conflict {
            Err(Conflict::Gap {
                revision, missing, ..
            }) => {
                assert_eq!((&*revision, &*missing), ("003", "002"))
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(plan_stamp(&LINE, &state, "004"), Ok(vec![stamp(1)]));
    assert_eq!(
        plan_stamp(&LINE, &state, "002"),
        Ok(vec![unstamp(3), unstamp(2), stamp(1)])
    );
}

#[test]
fn tables_without_a_history_need_a_baseline() {
    for conflict in [
        plan_upgrade(&LINE, &tables(), "head"),
        plan_downgrade(&LINE, &tables(), "base"),
    ] {
        assert_eq!(conflict.unwrap_err().code(), "unmanaged");
    }
    let baseline = Target::from("002");
    let down = plan(
        &LINE,
        &tables(),
        &adopted_at(baseline.clone()),
        &Request::Downgrade(Target::Base),
    );
    assert_eq!(down.unwrap_err().code(), "unmanaged");
}

#[test]
fn baseline_is_stamped_and_later_revisions_applied() {
    let from = |baseline: &str, target: &str| {
        plan(
            &LINE,
            &tables(),
            &adopted_at(baseline),
            &Request::Upgrade(target.into()),
        )
        .map(|plan| plan.steps)
    };
    assert_eq!(
        from("002", "004"),
        Ok(vec![
            CreateHistory,
            stamp(0),
            stamp(1),
            upgrade(2),
            upgrade(3)
        ])
    );
    assert_eq!(
        from("002", "001"),
        Ok(vec![CreateHistory, stamp(0), stamp(1)])
    );
    assert_eq!(from("base", "001"), Ok(vec![CreateHistory, upgrade(0)]));
    assert_eq!(
        from("002", "+1"),
        Ok(vec![CreateHistory, stamp(0), stamp(1), upgrade(2)])
    );
    assert_eq!(from("head", "head").map(|steps| steps.len()), Ok(6));
    let unknown = from("02", "head").unwrap_err();
    assert_eq!(unknown.to_string(), "there is no revision `02`");
    assert_eq!(unknown.help().unwrap(), "did you mean 002?");
}

#[test]
fn baseline_is_ignored_unless_the_database_is_unmanaged() {
    let baseline = Target::from("003");
    let request = Request::Upgrade("002".into());
    let new = plan(
        &LINE,
        &DatabaseState::Empty,
        &adopted_at(baseline.clone()),
        &request,
    )
    .unwrap();
    assert_eq!(new.steps, [CreateHistory, upgrade(0), upgrade(1)]);
    let managed = plan(
        &LINE,
        &history(&LINE, &["001"]),
        &adopted_at(baseline.clone()),
        &request,
    )
    .unwrap();
    assert_eq!(managed.steps, [upgrade(1)]);
}

#[test]
fn upgrade_accepts_a_revision_or_a_number_of_steps() {
    let state = history(&LINE, &["001", "002"]);
    assert_eq!(
        plan_upgrade(&LINE, &state, "004"),
        Ok(vec![upgrade(2), upgrade(3)])
    );
    assert_eq!(plan_upgrade(&LINE, &state, "+1"), Ok(vec![upgrade(2)]));
    assert_eq!(plan_upgrade(&LINE, &state, "+0"), Ok(vec![]));
    assert_eq!(
        plan_upgrade(&LINE, &state, "+3"),
        plan_upgrade(&LINE, &state, "head")
    );
    for behind in ["001", "002", "base"] {
        assert_eq!(
            plan_upgrade(&LINE, &state, behind),
            Ok(vec![]),
            "revisions beyond the target stay"
        );
    }
    assert_eq!(
        reason(plan_upgrade(&LINE, &state, "+4")),
        "+4 goes beyond head: 3 pending"
    );
    assert!(reason(plan_upgrade(&LINE, &state, "-1")).contains("use `downgrade`"));
}

#[test]
fn downgrade_reverts_in_reverse_order() {
    let state = history(&LINE, &["001", "002", "003", "004"]);
    assert_eq!(
        plan_downgrade(&LINE, &state, "002"),
        Ok(vec![downgrade(3), downgrade(2)])
    );
    assert_eq!(plan_downgrade(&LINE, &state, "-1"), Ok(vec![downgrade(3)]));
    assert_eq!(
        plan_downgrade(&LINE, &state, "-4"),
        plan_downgrade(&LINE, &state, "base")
    );
    assert_eq!(plan_downgrade(&LINE, &state, "004"), Ok(vec![]));
    let plan = plan(
        &LINE,
        &state,
        &Policy::default(),
        &Request::Downgrade(Target::Base),
    )
    .unwrap();
    let from = plan.from.map(RevisionIndex::get);
    assert_eq!((from, plan.to(), plan.steps.len()), (Some(3), None, 4));
}

#[test]
fn downgrade_to_a_later_revision_is_rejected() {
    let state = history(&LINE, &["001", "002"]);
    assert!(
        reason(plan_downgrade(&LINE, &state, "003"))
            .contains("the database is at 002, and 003 is not an ancestor of it: use `upgrade`")
    );
    let all = history(&LINE, &["001", "002", "003", "004", "005"]);
    for state in [&state, &all] {
        assert!(
            reason(plan_downgrade(&LINE, state, "head"))
                .contains("does not lead to head: use `upgrade`")
        );
    }
    assert!(reason(plan_downgrade(&LINE, &state, "+1")).contains("write -1"));
    assert_eq!(
        reason(plan_downgrade(&LINE, &state, "-3")),
        "-3 goes below base: 2 applied"
    );
    let base = history(&LINE, &[]);
    assert_eq!(
        reason(plan_downgrade(&LINE, &base, "-1")),
        "the database is at base: there is nothing to revert"
    );
    assert!(
        reason(plan_downgrade(&LINE, &DatabaseState::Empty, "001"))
            .contains("the database is at base")
    );
}

#[test]
fn current_requires_that_chain_and_history_agree() {
    for unmanaged in [DatabaseState::Empty, tables(), history(&LINE, &[])] {
        assert_eq!(current(&LINE, &unmanaged), Ok(None), "{unmanaged:?}");
    }
    let managed = history(&LINE, &["001", "002", "003"]);
    assert_eq!(current(&LINE, &managed), Ok(Some(2)));
    for (state, code) in [
        (history(&LINE, &["001", "006"]), "newer"),
        (edited(&LINE, &["001", "002"], "001"), "edited"),
        (history(&LINE, &["001", "003"]), "gap"),
    ] {
        assert_eq!(current(&LINE, &state).unwrap_err().code(), code);
    }
}

#[test]
fn plan_reports_the_revisions_that_it_runs() {
    let baseline = Target::from("001");
    let plan = plan(
        &LINE,
        &tables(),
        &adopted_at(baseline.clone()),
        &Request::Upgrade("003".into()),
    )
    .unwrap();
    let upgrades: Vec<_> = plan.upgrades().map(RevisionIndex::get).collect();
    assert_eq!(upgrades, [1, 2]);
    let indices = plan.steps.iter().map(Step::index);
    let positions: Vec<_> = indices.map(|index| index.map(RevisionIndex::get)).collect();
    assert_eq!(positions, [None, Some(0), Some(1), Some(2)]);
    assert!(plan.runs_sql());
    let down = self::plan(
        &LINE,
        &history(&LINE, &["001"]),
        &Policy::default(),
        &Request::Downgrade(Target::Base),
    )
    .unwrap();
    assert!(down.runs_sql() && down.upgrades().next().is_none());
    let stamp = self::plan(
        &LINE,
        &tables(),
        &Policy::default(),
        &Request::Stamp("001".into()),
    )
    .unwrap();
    assert!(!stamp.runs_sql());
}

#[test]
fn irreversible_revision_blocks_a_downgrade_through_it() {
    let state = history(&ONE_WAY, &["001", "002", "003", "004"]);
    assert_eq!(
        plan_downgrade(&ONE_WAY, &state, "003"),
        Ok(vec![downgrade(3)])
    );
    match plan_downgrade(&ONE_WAY, &state, "002") {
        Err(Conflict::Irreversible {
            revision,
            reason,
            path,
            ..
        }) => assert_eq!(
            (&*revision, &*reason, &*path),
            (
                "003",
                "the texts are gone",
                "migrations/20260103_1200_003_x.sql"
            )
        ),
        other => panic!("{other:?}"),
    }
    let before = history(&ONE_WAY, &["001", "002"]);
    assert_eq!(
        plan_downgrade(&ONE_WAY, &before, "base"),
        Ok(vec![downgrade(1), downgrade(0)])
    );
    assert_eq!(
        plan_stamp(&ONE_WAY, &state, "002"),
        Ok(vec![unstamp(3), unstamp(2)]),
        "a stamp runs nothing"
    );
}

#[test]
fn stamp_records_and_runs_nothing() {
    assert_eq!(
        plan_stamp(&LINE, &DatabaseState::Empty, "002"),
        Ok(vec![CreateHistory, stamp(0), stamp(1)])
    );
    assert_eq!(
        plan_stamp(&LINE, &tables(), "001"),
        Ok(vec![CreateHistory, stamp(0)])
    );
    assert_eq!(
        plan_stamp(&LINE, &tables(), "base"),
        Ok(vec![CreateHistory]),
        "a stamp records base"
    );
    let state = history(&LINE, &["001", "002"]);
    assert_eq!(
        plan_stamp(&LINE, &state, "head"),
        Ok(vec![stamp(2), stamp(3), stamp(4)])
    );
    assert_eq!(
        plan_stamp(&LINE, &state, "base"),
        Ok(vec![unstamp(1), unstamp(0)])
    );
    assert_eq!(plan_stamp(&LINE, &state, "002"), Ok(vec![]));
    assert!(
        reason(plan_stamp(&LINE, &state, "+1"))
            .contains("a stamp takes no number of steps: name a revision, head, or base")
    );
}

#[test]
fn upgrade_to_base_of_an_empty_database_does_nothing() {
    assert_eq!(
        plan_upgrade(&LINE, &DatabaseState::Empty, "base"),
        Ok(vec![])
    );
    assert_eq!(plan_upgrade(&LINE, &DatabaseState::Empty, "+0"), Ok(vec![]));
    assert_eq!(
        plan_downgrade(&LINE, &DatabaseState::Empty, "base"),
        Ok(vec![])
    );
}

#[test]
fn unknown_target_suggests_a_revision_or_the_range() {
    for (target, help) in [
        ("4", "did you mean 004?"),
        ("0O4", "did you mean 004?"),
        ("006", "name a revision from 001 to 005"),
        ("latest", "name a revision from 001 to 005"),
        ("heads", "did you mean head?"),
        ("HEAD", "did you mean head?"),
    ] {
        let unknown = plan_upgrade(&LINE, &DatabaseState::Empty, target).unwrap_err();
        assert_eq!(
            unknown.to_string(),
            format!("there is no revision `{target}`")
        );
        assert_eq!(unknown.help().unwrap(), help);
    }
    for result in [
        plan_downgrade(&LINE, &DatabaseState::Empty, "x"),
        plan_stamp(&LINE, &DatabaseState::Empty, "x"),
    ] {
        assert_eq!(result.unwrap_err().code(), "unknown-target");
    }
}

#[test]
fn merge_needs_all_its_branches() {
    assert_eq!(
        plan_upgrade(&MERGED, &DatabaseState::Empty, "004"),
        Ok(vec![CreateHistory, upgrade(0), upgrade(2), upgrade(3)])
    );
    let branch = history(&MERGED, &["001", "003", "004"]);
    assert_eq!(
        plan_upgrade(&MERGED, &branch, "005"),
        Ok(vec![upgrade(1), upgrade(4)])
    );
    assert_eq!(plan_upgrade(&MERGED, &branch, "+1"), Ok(vec![upgrade(1)]));
    let all = history(&MERGED, &["001", "002", "003", "004", "005", "006"]);
    assert_eq!(
        plan_downgrade(&MERGED, &all, "002"),
        Ok(vec![downgrade(5), downgrade(4), downgrade(3), downgrade(2)])
    );
    assert_eq!(
        plan_downgrade(&MERGED, &all, "004"),
        Ok(vec![downgrade(5), downgrade(4), downgrade(1)])
    );
    assert!(
        reason(plan_downgrade(&MERGED, &branch, "002")).contains("the database is at 004, and 002")
    );
    let half = plan_upgrade(&MERGED, &history(&MERGED, &["001", "002", "005"]), "head");
    assert!(matches!(half, Err(Conflict::Gap { missing, .. }) if missing == "004"));
}

/// Returns `true` if the set contains all parents of its revisions.
fn is_closed(chain: &Chain, set: &RevisionSet) -> bool {
    let is_stamped = |id: &str| chain.index_of(id).is_some_and(|index| set.contains(index));
    set.iter()
        .all(|index| chain[index].revises().all(is_stamped))
}

fn history_of(chain: &Chain, set: &RevisionSet) -> DatabaseState {
    let ids: Vec<&str> = set.iter().map(|index| chain[index].id()).collect();
    history(chain, &ids)
}

/// Applies the steps to a set of revisions and asserts that each step is possible.
fn execute(chain: &Chain, steps: &[Step], mut set: RevisionSet) -> RevisionSet {
    for step in steps {
        match *step {
            CreateHistory => assert!(set.is_empty()),
            Step::Upgrade(index) => {
                assert!(!set.contains(index), "{step:?} is a repetition");
                set.insert(index);
                assert!(is_closed(chain, &set), "{step:?} is before its parents");
            }
            Step::Downgrade(index) => {
                assert!(set.contains(index), "{step:?} is a repetition");
                set.remove(index);
                assert!(is_closed(chain, &set), "{step:?} is before its children");
            }
            Step::Stamp(index) | Step::Adopt(index) => set.insert(index),
            Step::Unstamp(index) => {
                assert!(set.contains(index), "{step:?} is a repetition");
                set.remove(index);
            }
            Step::DowngradeStored(_) | Step::RunJob(_) => panic!("{step:?}"),
        }
    }
    set
}

/// Returns the revisions of a database at the target.
///
/// Returns `None` if they depend on the current state.
fn expected_at(chain: &Chain, target: &Target) -> Option<RevisionSet> {
    match target {
        Target::Head => Some(RevisionSet::full(chain.len())),
        Target::Base => Some(RevisionSet::empty(chain.len())),
        Target::Revision(id) => Some(chain.ancestry(chain.index_of(id)?)),
        Target::Steps(_) => None,
    }
}

fn count(set: &RevisionSet) -> i64 {
    i64::try_from(set.len()).unwrap()
}

fn some_target() -> impl Strategy<Value = Target> {
    select(vec![
        "head", "base", "001", "002", "003", "004", "005", "9", "+0", "+1", "+3", "-0", "-1", "-2",
        "-6",
    ])
    .prop_map(Target::from)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plan_reaches_its_target_and_then_nothing_is_left(
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
        let mut before = RevisionSet::empty(chain.len());
        for (index, is_stamped) in chain.indices().zip(stamped) {
            let mut parents = chain[index].revises().filter_map(|parent| chain.index_of(parent));
            if is_stamped && (!close || parents.all(|parent| before.contains(parent))) {
                before.insert(index);
            }
        }
        let state = match kind {
            0 => DatabaseState::Empty,
            1 => tables(),
            _ => history_of(chain, &before),
        };
        if kind < 2 {
            before = RevisionSet::empty(chain.len());
        }
        let policy = baseline.clone().map_or_else(Policy::default, adopted_at);
        let plan = match plan(chain, &state, &policy, &request) {
            Ok(plan) => plan,
            Err(conflict) => {
                prop_assert!(!conflict.to_string().is_empty());
                let obliged = kind != 1 && is_closed(chain, &before) && expected_at(chain, &target).is_some();
                prop_assert!(!(obliged && verb != 1), "{request:?} on {state:?}: {conflict}");
                return Ok(());
            }
        };
        let after = execute(chain, &plan.steps, before.clone());
        prop_assert!(is_closed(chain, &after));
        prop_assert_eq!(plan.from, before.newest());
        prop_assert_eq!(plan.to(), after.newest());
        prop_assert_eq!(&plan.stamped, &after);
        // The baseline records revisions that the database already contains.
        let adopted = baseline.as_ref().filter(|_| kind == 1 && verb == 0);
        let known = adopted.map_or(before, |baseline| expected_at(chain, baseline).unwrap());
        match (&target, expected_at(chain, &target)) {
            (_, Some(wanted)) if verb == 0 => {
                let mut both = wanted;
                both.extend(&known);
                prop_assert_eq!(&after, &both);
            }
            (_, Some(wanted)) => prop_assert_eq!(&after, &wanted),
            (Target::Steps(steps), None) => prop_assert_eq!(count(&after) - count(&known), *steps),
            (_, None) => prop_assert!(false, "{target} is unknown"),
        }
        if !matches!(target, Target::Steps(_)) {
            let again = self::plan(chain, &history_of(chain, &after), &policy, &request);
            let done = Plan {
                from: plan.to(),
                steps: vec![],
                stamped: after,
                recorded_by: Vec::new(),
                is_drifted: false,
                unknown: vec![],
                kept_unknown: 0,
            };
            prop_assert_eq!(again, Ok(done));
        }
    }
}
