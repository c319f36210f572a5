//! The lock file: its format, the edits that it allows, and its defects.

use crate::support::{Directory, name, revisions, text};
use proptest::prelude::*;
use revchain_core::{DefectKind, DefectList, lock_file};

/// Returns the text of a lock of all revisions of a directory.
fn lock_of(directory: &Directory) -> String {
    let chain = directory.chain();
    lock_file::render(&chain, chain.revisions())
}

/// Creates a directory of these revisions, all of them locked.
fn locked(list: &[(&str, &str)]) -> Directory {
    let directory = revisions(list);
    let lock = lock_of(&directory);
    directory.with(lock_file::FILE_NAME, lock)
}

const TWO: &[(&str, &str)] = &[("001", "base"), ("002", "001")];

#[test]
fn lock_has_a_line_for_each_revision_and_the_head_last() {
    let lock = lock_of(&revisions(TWO));
    let lines: Vec<&str> = lock.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 3);
    let fields: Vec<&str> = lines[1].split(' ').collect();
    assert_eq!(
        (
            fields[0],
            fields[1],
            fields[2].len(),
            fields[3].len(),
            fields[5]
        ),
        ("002", "001", 64, 8, "x")
    );
    assert!(lines[0].starts_with("001 base "));
    assert_eq!(lines[2], format!("head {}", name(2, "002")));
}

#[test]
fn header_excepts_the_line_of_the_head() {
    let lock = lock_of(&revisions(TWO));
    assert!(
        lock.starts_with("# Each line but the last is a released revision: "),
        "{lock}"
    );
    // Files with an older header stay valid.
    let (_, lines) = lock.split_once('\n').unwrap();
    let older = format!("# The revisions below are released.\n{lines}");
    assert_eq!(revisions(TWO).with(lock_file::FILE_NAME, older).kinds(), []);
}

#[test]
fn formatting_of_a_locked_revision_may_change() {
    let changed = "-- Do something else.\r\n-- @revises 001\r\n-- why\r\n-- @upgrade\r\nSELECT /* one */ 1;;\r\n-- @downgrade\r\nSELECT\r\n2";
    assert_eq!(locked(TWO).with(&name(2, "002"), changed).kinds(), []);
}

#[test]
fn edited_locked_revision_names_the_changed_script() {
    let good = text("001");
    for (changed, case) in [
        (good.replace("SELECT 1", "SELECT 3"), "its upgrade changed"),
        (
            good.replace("SELECT 2", "SELECT 3"),
            "its downgrade changed",
        ),
        (
            good.replace("SELECT 1", "SELECT 3")
                .replace("SELECT 2", "SELECT 3"),
            "its upgrade changed, its downgrade changed",
        ),
        (
            good.replace("-- @downgrade\nSELECT 2;\n", "")
                .replace("001\n", "001\n-- @irreversible gone\n"),
            "its downgrade changed",
        ),
    ] {
        let directory = locked(TWO).with(&name(2, "002"), changed);
        assert_eq!(directory.kinds(), [DefectKind::LockedRevisionChanged]);
        let message = directory.load().unwrap_err().to_string();
        assert!(
            message.contains(&format!("002 has changed: {case}\n")),
            "{message}"
        );
    }
    let directory = locked(&[("001", "base"), ("002", "001"), ("003", "002")]);
    let merge = directory.with(&name(3, "003"), text("001 002"));
    assert!(
        merge
            .load()
            .unwrap_err()
            .to_string()
            .contains("it revises 001,002, not 002")
    );
}

#[test]
fn unlocked_revisions_may_change() {
    let directory = revisions(&[("001", "base"), ("002", "001")]);
    let chain = directory.chain();
    let first = lock_file::render(&chain, &chain.revisions()[..1]);
    let directory = directory.with(lock_file::FILE_NAME, first);
    assert_eq!(directory.kinds(), []);
    let directory = directory.with(&name(2, "002"), text("001").replace("SELECT 1", "SELECT 3"));
    assert_eq!(directory.kinds(), []);
    let directory = directory.with(
        &name(1, "001"),
        text("base").replace("SELECT 1", "SELECT 3"),
    );
    assert_eq!(directory.kinds(), [DefectKind::LockedRevisionChanged]);
}

#[test]
fn draft_without_its_line_and_later_lines_may_change() {
    let directory = locked(&[("001", "base"), ("002", "001"), ("003", "002")]);
    let lock = lock_of(&directory);
    let directory = directory.with(&name(2, "002"), text("001").replace("SELECT 1", "SELECT 3"));
    let message = directory.load().unwrap_err().to_string();
    let advice = "or, if it never shipped, remove its line and those of all later revisions";
    assert!(message.contains(advice), "{message}");
    let is_kept = |line: &&str| !line.starts_with("002 ") && !line.starts_with("003 ");
    let kept: Vec<&str> = lock.lines().filter(is_kept).collect();
    let directory = directory.with(lock_file::FILE_NAME, format!("{}\n", kept.join("\n")));
    assert_eq!(directory.kinds(), []);
}

#[test]
fn missing_locked_file_is_one_defect() {
    let lock = lock_of(&revisions(&[
        ("001", "base"),
        ("002", "001"),
        ("003", "002"),
    ]));
    let without = |gone: &str| {
        let days = [(1, "001", "base"), (2, "002", "001"), (3, "003", "002")];
        let files = days
            .iter()
            .filter(|(_, id, _)| *id != gone)
            .map(|(day, id, revises)| (name(*day, id), text(revises)));
        Directory::of(files).with(lock_file::FILE_NAME, &lock)
    };
    assert_eq!(without("002").kinds(), [DefectKind::LockedRevisionMissing]);
    assert_eq!(without("003").kinds(), [DefectKind::LockedRevisionMissing]);
    // A file with a malformed name still contains the revision.
    let misnamed = without("002").with("002_x.sql", text("001"));
    assert_eq!(misnamed.kinds(), [DefectKind::BadFileName]);
}

#[test]
fn unlocked_head_help_names_the_command() {
    let directory = locked(TWO).with(&name(3, "003"), text("002"));
    assert_eq!(directory.kinds(), [DefectKind::LockHeadDiffers]);
    let message = directory.load().unwrap_err().to_string();
    assert!(
        message.contains(&format!("`head {}`", name(3, "003")))
            && message.contains("`revchain lock --head`"),
        "{message}"
    );
    let (chain, lock) = revchain_core::LoadedMigrations::read(directory.path(), "migrations")
        .into_chain_and_lock_file()
        .unwrap();
    let directory = directory.with(
        lock_file::FILE_NAME,
        lock.unwrap().with_head(&name(3, "003")),
    );
    assert_eq!(directory.kinds(), []);
    assert_eq!(chain.revisions().len(), 3);
}

#[test]
fn malformed_lock_is_one_defect() {
    let good = lock_of(&revisions(TWO));
    let line = good.lines().find(|line| line.starts_with("002")).unwrap();
    let fields: Vec<&str> = line.split(' ').collect();
    for (bad, note) in [
        (
            good.replace("head ", "heat "),
            "neither a revision nor the head",
        ),
        (
            good.replace(line, "002 001 123 1a2b3c4d 1a2b3c4d x"),
            "neither",
        ),
        (
            good.replace(line, &line.replace(" 001 ", " 0-1 ")),
            "neither",
        ),
        (good.replace(line, &line.replacen(' ', "- ", 1)), "neither"),
        (good.replace(fields[3], "-"), "neither"),
        (
            good.replace(fields[4], &fields[4].to_uppercase()),
            "neither",
        ),
        (good.replace(fields[4], "--"), "neither"),
        (
            good.replace(line, &format!("{line}\n{line}")),
            "locked twice",
        ),
        (format!("{good}{line}\n"), "the head is the last line"),
        (
            good.split("head").next().unwrap().to_owned(),
            "there is no line `head <file>`",
        ),
        (String::new(), "there is no line"),
        (format!("{good}\u{0}\n"), "the head is the last line"),
    ] {
        let directory = revisions(TWO).with(lock_file::FILE_NAME, bad);
        assert_eq!(directory.kinds(), [DefectKind::MalformedLock]);
        let message = directory.load().unwrap_err().to_string();
        assert!(message.contains(note), "{message}");
    }
    for fine in [
        good.replace('\n', "\r\n"),
        format!("\u{feff}{good}"),
        format!("  # a comment\n\n{good}\n\n"),
    ] {
        assert_eq!(revisions(TWO).with(lock_file::FILE_NAME, fine).kinds(), []);
    }
}

#[test]
fn branches_that_both_add_a_revision_conflict_in_the_lock() {
    let before = lock_of(&revisions(TWO));
    let (ours, theirs) = (
        lock_of(&revisions(TWO).with(&name(3, "003"), text("002"))),
        lock_of(&revisions(TWO).with("20260103_1200_003_y.sql", text("002"))),
    );
    let changed = |after: &str| {
        before
            .lines()
            .zip(after.lines())
            .position(|(a, b)| a != b)
            .unwrap()
    };
    assert_eq!(changed(&ours), changed(&theirs));
    assert_ne!(ours, theirs, "also where both chose the same id");
}

#[test]
fn help_never_changes_a_locked_revision() {
    let lock = lock_of(&revisions(TWO));
    // The files of this branch are older than a revision that was released in the meantime.
    let root = Directory::new()
        .with(&name(3, "001"), text("base"))
        .with(&name(5, "002"), text("001"));
    let lock_of_root = lock_of(&root);
    let root = root.with(lock_file::FILE_NAME, lock_of_root);
    let message = |directory: &Directory| directory.load().unwrap_err().to_string();
    let branch = root.with(&name(4, "00f"), text("001"));
    assert!(
        message(&branch).contains("make 00f revise 002, and date its file"),
        "{}",
        message(&branch)
    );
    let other_root = revisions(TWO)
        .with(lock_file::FILE_NAME, &lock)
        .with("20251231_1200_00f_x.sql", text("base"));
    assert!(message(&other_root).contains("make 00f revise the revision that comes before it"));
    let twice = revisions(TWO)
        .with(lock_file::FILE_NAME, &lock)
        .with("20260101_1300_002_a.sql", text("001").replace('1', "9"));
    let defects = twice.load().unwrap_err();
    let duplicate = defects
        .iter()
        .find(|defect| defect.kind() == DefectKind::DuplicateRevision)
        .unwrap();
    assert_eq!(duplicate.path(), Some("migrations/20260101_1300_002_a.sql"));
    // If both branches are locked, only a merge is possible.
    let forked = [
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "002 003"),
    ];
    let lines = lock_of(&revisions(&forked));
    let without: String = lines
        .lines()
        .filter(|line| !line.starts_with("004 "))
        .map(|line| format!("{line}\n"))
        .collect();
    let fork = revisions(&forked[..3]).with(lock_file::FILE_NAME, without);
    assert!(
        message(&fork).ends_with(
            "run `revchain merge`, which writes `-- @revises 002 003`\n\
             more: run `revchain explain multiple-heads`"
        ),
        "{}",
        message(&fork)
    );
}

#[test]
fn edited_locked_revision_is_reported_with_other_defects() {
    let directory = locked(TWO)
        .with(
            &name(1, "001"),
            text("base").replace("SELECT 1", "SELECT 3"),
        )
        .with(&name(3, "003"), text("002").replace("SELECT 1", "COMMIT"));
    // The lock names the head that there was.
    assert_eq!(
        directory.kinds(),
        [
            DefectKind::LockedRevisionChanged,
            DefectKind::TransactionControl,
            DefectKind::LockHeadDiffers
        ]
    );
}

#[test]
fn unreadable_locked_revision_is_rejected() {
    for broken in [
        "SELECT 'a;",
        "SELECT \"a;",
        "/* a",
        "SELECT 1\u{a0}",
        "SELECT \0",
    ] {
        let directory = locked(TWO).with(
            &name(2, "002"),
            text("001").replace("SELECT 2;", &format!("{broken}\n\n")),
        );
        directory.load().unwrap_err();
    }
}

#[test]
fn irreversible_revision_is_locked_as_irreversible() {
    let one_way = text("001")
        .replace("-- @downgrade\nSELECT 2;\n", "")
        .replace("001\n", "001\n-- @irreversible gone\n");
    let directory = revisions(TWO).with(&name(2, "002"), one_way);
    let lock = lock_of(&directory);
    let line = lock.lines().find(|line| line.starts_with("002 ")).unwrap();
    assert_eq!(line.split(' ').nth(4), Some("-"));
    let directory = directory.with(lock_file::FILE_NAME, lock);
    assert_eq!(directory.kinds(), []);
    let directory = directory.with(&name(2, "002"), text("001"));
    assert_eq!(directory.kinds(), [DefectKind::LockedRevisionChanged]);
}

#[test]
fn missing_locked_revision_is_shown_at_its_lock_line() {
    let directory = Directory::new().with(&name(1, "001"), text("base"));
    let lock = lock_of(&revisions(TWO));
    let (number, line) = lock
        .lines()
        .enumerate()
        .find(|(_, line)| line.starts_with("002 "))
        .unwrap();
    let message = directory
        .with(lock_file::FILE_NAME, &lock)
        .load()
        .unwrap_err()
        .to_string();
    let shown = format!("{} | {line}\n", number + 1);
    assert!(message.contains(&shown), "{message}\nand not\n{shown}");
}

#[test]
fn reordered_locked_branches_are_rejected() {
    let lock = lock_of(&revisions(&[
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("004", "002 003"),
    ]));
    let dated = |second: u8, third: u8| {
        let files = [
            (1, "001", "base"),
            (second, "002", "001"),
            (third, "003", "001"),
            (6, "004", "002 003"),
        ];
        Directory::of(files.map(|(day, id, revises)| (name(day, id), text(revises)))).with(
            lock_file::FILE_NAME,
            lock.replace(&name(4, "004"), &name(6, "004")),
        )
    };
    assert_eq!(dated(2, 3).kinds(), []);
    // Dates may change as long as the order stays.
    assert_eq!(dated(2, 5).kinds(), []);
    assert_eq!(dated(4, 3).kinds(), [DefectKind::LockedOrderChanged]);
    let message = dated(4, 3).load().unwrap_err().to_string();
    assert!(
        message.contains("003 now comes before 002, and came after it when they were locked"),
        "{message}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_a_lock_or_a_defect(bytes in prop::collection::vec(any::<u8>(), 0..300), at in 0..400_usize) {
        let good = lock_of(&revisions(TWO)).into_bytes();
        let at = at.min(good.len());
        for lock in [bytes.clone(), [&good[..at], &bytes[..], &good[at..]].concat()] {
            let mut defects = DefectList::new();
            let lock = lock_file::parse("m/revchain.lock".to_owned(), &lock, &mut defects);
            prop_assert_eq!(lock.is_some(), defects.is_empty());
            let _ = defects.iter().map(ToString::to_string).collect::<String>();
        }
    }
}

#[test]
fn order_that_follows_from_other_parents_is_one_defect() {
    // With the same date, each of them can be the parent of the other.
    let directory = Directory::of([
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
        (name(2, "003"), text("002")),
    ]);
    let lock = lock_of(&directory);
    let directory = directory
        .with(lock_file::FILE_NAME, lock)
        .with(&name(2, "003"), text("001"))
        .with(&name(2, "002"), text("003"));
    let message = directory.load().unwrap_err().to_string();
    assert!(!message.contains("locked-order-changed"), "{message}");
    assert_eq!(
        message.matches("locked-revision-changed]").count(),
        2,
        "{message}"
    );
}
