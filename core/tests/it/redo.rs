//! Plans that revert what the database has in another form than the chain, and apply it anew.

use crate::plan::managed;
use crate::support::{Directory, name, positions, revisions, text};
use revchain_core::model::checksum;
use revchain_core::plan::planner::plan;
use revchain_core::{
    Chain, Conflict, DatabaseState, Downgrade, HistoryRow, OnNewer, Plan, Policy, Request,
    Revision, Step, lock_file,
};

/// Returns the text of a migration with this summary and this number in its upgrade.
fn numbered(summary: &str, parents: &str, number: u8) -> String {
    text(parents)
        .replace("Do something", summary)
        .replace("SELECT 1", &format!("SELECT {number}"))
}

/// Returns the row that an upgrade stamps, with the description that the history stores.
fn stamp(revision: &Revision) -> HistoryRow {
    let mut row = HistoryRow::new(revision.id().to_owned(), checksum::hex(revision.checksum()));
    let upgrade = checksum::script(revision.upgrade());
    row.stored.summary = Some(revision.summary().to_owned());
    row.stored.revises = Some(revision.revises().collect::<Vec<_>>().join(" "));
    row.stored.upgrade_checksum = Some(checksum::hex(&upgrade));
    match revision.downgrade() {
        Downgrade::Sql(script) => row.stored.downgrade = Some(script.sql().to_owned()),
        Downgrade::Irreversible(reason) => row.stored.irreversible = Some(reason.clone()),
    }
    row
}

/// Returns the history of a database at the head of `chain`.
fn history(chain: &Chain) -> DatabaseState {
    managed(chain.revisions().iter().map(stamp).collect())
}

fn redo(chain: &Chain, state: &DatabaseState) -> Result<Plan, Conflict> {
    plan(chain, state, &Policy::default(), &Request::Redo)
}

/// Returns a short text for each step, such as `-003` or `+003`. A stored downgrade is `~003`.
fn steps(chain: &Chain, plan: &Plan) -> Vec<String> {
    let text = |step: &Step| {
        let id = step.revision(chain).map_or("", Revision::id);
        match step {
            Step::Upgrade(_) => format!("+{id}"),
            Step::Downgrade(_) => format!("-{id}"),
            Step::DowngradeStored(_) => format!("~{id}"),
            other => panic!("{other:?}"),
        }
    };
    plan.steps.iter().map(text).collect()
}

const THREE: [(&str, &str); 3] = [("001", "base"), ("002", "001"), ("003", "002")];

/// Returns the files of `list`, with the revisions of `list` up to `last` locked.
fn locked_up_to(list: &[(&str, &str)], last: usize) -> Directory {
    let directory = revisions(list);
    let chain = directory.chain();
    let lock = lock_file::render(&chain, &chain.revisions()[..last]);
    directory.with(lock_file::FILE_NAME, lock)
}

#[test]
fn edited_draft_is_reverted_as_it_was_and_applied_as_it_is() {
    let old = history(&revisions(&THREE).chain());
    let chain = revisions(&THREE)
        .with(&name(3, "003"), numbered("Do something", "002", 9))
        .chain();
    let plan = redo(&chain, &old).unwrap();
    assert_eq!(steps(&chain, &plan), ["~003", "+003"]);
    assert_eq!(positions(&plan.stamped), [0, 1, 2]);
    assert_eq!(
        (plan.id_before(&chain), plan.id_after(&chain)),
        (Some("003"), Some("003"))
    );
}

#[test]
fn redo_reverts_what_revises_an_edited_revision() {
    let old = history(&revisions(&THREE).chain());
    let chain = revisions(&THREE)
        .with(&name(2, "002"), numbered("Do something", "001", 9))
        .chain();
    let plan = redo(&chain, &old).unwrap();
    // The chain still has 003 as it was, so its own downgrade runs.
    assert_eq!(steps(&chain, &plan), ["-003", "~002", "+002", "+003"]);
}

#[test]
fn redo_keeps_the_other_branch_of_a_merge() {
    let merged = [
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "002 003"),
    ];
    let old = history(&revisions(&merged).chain());
    let chain = revisions(&merged)
        .with(&name(2, "002"), numbered("Do something", "001", 9))
        .chain();
    let plan = redo(&chain, &old).unwrap();
    assert_eq!(steps(&chain, &plan), ["-004", "~002", "+002", "+004"]);
}

#[test]
fn revision_of_another_branch_makes_room_for_that_of_the_chain() {
    let branch = revisions(&THREE[..2]).with(&name(3, "003"), numbered("Add b", "002", 3));
    let old = history(&branch.chain());
    // After a rebase, the chain has the revision of the branch under another id.
    let chain = revisions(&THREE[..2])
        .with(&name(4, "003"), numbered("Add a", "002", 4))
        .with(&name(5, "004"), numbered("Add b", "003", 3))
        .chain();
    let plan = redo(&chain, &old).unwrap();
    assert_eq!(steps(&chain, &plan), ["~003", "+003", "+004"]);
}

#[test]
fn newest_unlocked_revision_is_redone_if_nothing_differs() {
    for (locked, expected) in [(0, &["-003", "+003"]), (2, &["-003", "+003"])] {
        let chain = locked_up_to(&THREE, locked).chain();
        let plan = redo(&chain, &history(&chain)).unwrap();
        assert_eq!(steps(&chain, &plan), expected, "{locked}");
    }
}

#[test]
fn redo_applies_pending_revisions_too() {
    let chain = revisions(&THREE).chain();
    let old = history(&revisions(&THREE[..2]).chain());
    let plan = redo(&chain, &old).unwrap();
    assert_eq!(steps(&chain, &plan), ["-002", "+002", "+003"]);
}

#[test]
fn locked_revision_is_never_reverted() {
    let chain = locked_up_to(&THREE, 3).chain();
    let conflict = redo(&chain, &history(&chain)).unwrap_err();
    assert_eq!(
        conflict.to_string(),
        "003 is released, so redo does not revert it: the lock file has it"
    );
    assert_eq!(conflict.code(), "locked");
    // 003 is locked and revises a revision that the database has in another form.
    let old = history(
        &revisions(&THREE)
            .with(&name(2, "002"), numbered("Do something", "001", 9))
            .chain(),
    );
    let conflict = redo(&chain, &old).unwrap_err();
    assert!(matches!(&conflict, Conflict::Locked { revision, .. } if revision == "003"));
}

#[test]
fn draft_of_a_revision_that_is_locked_now_is_reverted() {
    let draft = revisions(&THREE).with(&name(3, "003"), numbered("Do something", "002", 9));
    let chain = locked_up_to(&THREE, 3).chain();
    let plan = redo(&chain, &history(&draft.chain())).unwrap();
    assert_eq!(steps(&chain, &plan), ["~003", "+003"]);
}

#[test]
fn unknown_revision_is_reverted_only_under_the_policy() {
    let old = history(&revisions(&THREE).chain());
    let chain = revisions(&THREE[..2]).chain();
    assert_eq!(redo(&chain, &old).unwrap_err().code(), "newer");
    let policy = Policy {
        on_newer: OnNewer::Downgrade,
        ..Policy::default()
    };
    let plan = plan(&chain, &old, &policy, &Request::Redo).unwrap();
    assert_eq!(steps(&chain, &plan), ["~003"]);
    assert_eq!(plan.kept(), []);
}

#[test]
fn history_of_another_chain_is_not_redone() {
    let other = Directory::of([(name(1, "001"), numbered("Create shop", "base", 7))]);
    let chain = revisions(&THREE).chain();
    let conflict = redo(&chain, &history(&other.chain())).unwrap_err();
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
}

#[test]
fn forged_row_is_not_redone() {
    let old = revisions(&THREE).chain();
    let chain = revisions(&THREE)
        .with(&name(3, "003"), numbered("Do something", "002", 9))
        .chain();
    let mut rows: Vec<HistoryRow> = old.revisions().iter().map(stamp).collect();
    rows[2].stored.downgrade = Some("DROP TABLE users".to_owned());
    let conflict = redo(&chain, &managed(rows)).unwrap_err();
    assert_eq!(conflict.code(), "untrusted");
}

#[test]
fn irreversible_revision_is_not_redone() {
    let one_way =
        "-- Do something.\n-- @revises 002\n-- @irreversible gone\n-- @upgrade\nSELECT 1;\n";
    let old = revisions(&THREE).with(&name(3, "003"), one_way).chain();
    let now = revisions(&THREE).chain();
    for chain in [&old, &now] {
        let conflict = redo(chain, &history(&old)).unwrap_err();
        assert_eq!(conflict.code(), "irreversible");
    }
}

#[test]
fn database_at_base_has_nothing_to_redo() {
    let chain = revisions(&THREE).chain();
    for state in [DatabaseState::Empty, managed(Vec::new())] {
        let conflict = redo(&chain, &state).unwrap_err();
        assert_eq!(
            (conflict.to_string().as_str(), conflict.help().as_deref()),
            (
                "the database is at base: there is nothing to redo",
                Some("use `upgrade`")
            )
        );
    }
}

#[test]
fn gap_in_the_kept_revisions_is_not_redone() {
    let old = revisions(&THREE).chain();
    let chain = revisions(&THREE)
        .with(&name(3, "003"), numbered("Do something", "002", 9))
        .chain();
    let rows = old.revisions()[1..].iter().map(stamp).collect();
    let conflict = redo(&chain, &managed(rows)).unwrap_err();
    assert_eq!(conflict.code(), "gap");
}

/// Returns the message of an upgrade of a database that another version of the chain has made.
fn message(old: &Chain, chain: &Chain) -> (String, String) {
    let mut rows: Vec<HistoryRow> = old.revisions().iter().map(stamp).collect();
    for row in &mut rows {
        row.stored.program = Some("notes 2.0".to_owned());
    }
    let request = Request::Upgrade("head".into());
    let conflict = plan(chain, &managed(rows), &Policy::default(), &request).unwrap_err();
    (conflict.to_string(), conflict.help().unwrap())
}

#[test]
fn edited_draft_names_both_forms_and_the_change() {
    let old = revisions(&THREE).chain();
    for (edited, change) in [
        (numbered("Do something", "002", 9), "its upgrade changed"),
        (
            text("002").replace("SELECT 2", "SELECT 9"),
            "its downgrade changed",
        ),
        (text("001 002"), "it revises 001 002, not 002"),
    ] {
        let chain = revisions(&THREE).with(&name(3, "003"), edited).chain();
        let (message, help) = message(&old, &chain);
        assert_eq!(
            message,
            format!(
                "003 was edited after the database had applied it: {change}\n  \
                 in the database: 003  Do something. (by notes 2.0)\n  \
                 in the chain:    003  Do something. (2026-01-03 12:00, \
                 migrations/20260103_1200_003_x.sql)"
            )
        );
        let help: Vec<&str> = help.lines().collect();
        assert_eq!(
            help,
            [
                "in development, run `revchain redo`: it reverts what the database has by the \
                 downgrade that the history stores, and applies what the chain has",
                "if it is released, restore the file, and write the change as a new revision",
                "if the database has the change already, run `stamp -r 003`",
            ]
        );
    }
}

#[test]
fn revision_of_another_branch_is_not_said_to_be_edited() {
    let branch = revisions(&THREE).with(&name(3, "003"), numbered("Add b", "002", 3));
    let chain = revisions(&THREE).chain();
    let (message, help) = message(&branch.chain(), &chain);
    assert_eq!(
        message,
        "003 in the database is another revision than in the chain\n  \
         in the database: 003  Add b. (by notes 2.0)\n  \
         in the chain:    003  Do something. (2026-01-03 12:00, \
         migrations/20260103_1200_003_x.sql)"
    );
    assert!(
        help.ends_with("\nor use the branch or the version of the program that applied it"),
        "{help}"
    );
}

#[test]
fn several_differing_revisions_are_listed() {
    let branch = revisions(&THREE[..1])
        .with(&name(2, "002"), numbered("Add b", "001", 3))
        .with(&name(3, "003"), numbered("Do something", "002", 3));
    let chain = revisions(&THREE).chain();
    let (message, _) = message(&branch.chain(), &chain);
    let mut lines = message.lines();
    assert_eq!(
        lines.next(),
        Some(
            "002 in the database is another revision than in the chain; \
             003 was edited after the database had applied it: its upgrade changed"
        )
    );
    assert_eq!(lines.count(), 4);
}

#[test]
fn edited_revision_comes_before_an_unknown_one() {
    let old = history(&revisions(&THREE).chain());
    let chain = revisions(&THREE[..1])
        .with(&name(2, "002"), numbered("Do something", "001", 9))
        .chain();
    let request = Request::Upgrade("head".into());
    let conflict = plan(&chain, &old, &Policy::default(), &request).unwrap_err();
    assert_eq!(conflict.code(), "edited");
}

#[test]
fn database_that_shares_no_revision_is_not_advised_to_redo() {
    let other = Directory::of([(name(1, "001"), numbered("Create shop", "base", 7))]);
    let (_, help) = message(&other.chain(), &revisions(&THREE).chain());
    assert!(!help.contains("redo"), "{help}");
    assert!(
        help.starts_with("check that this is the right file"),
        "{help}"
    );
}
