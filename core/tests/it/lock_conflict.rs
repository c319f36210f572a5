//! The conflict of git in a lock file, of which both sides are joined.

use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{Directory, name, revisions, text};
use revchain_core::lock_file::{self, resolve};
use revchain_core::source::directory::{self, File};
use revchain_core::{Chain, DefectList, Revision};

const FOUR: [(&str, &str); 4] = [
    ("001", "base"),
    ("002", "001"),
    ("003", "002"),
    ("004", "003"),
];

fn files(directory: &Directory) -> Vec<File> {
    let mut defects = DefectList::new();
    directory::read(directory.path(), "migrations", &mut defects).0
}

/// Returns the line of the lock file for a revision.
fn line(chain: &Chain, id: &str) -> String {
    let index = chain.index_of(id).unwrap();
    let text = lock_file::render(chain, [&chain[index]]);
    let line = text.lines().find(|line| line.starts_with(id));
    line.unwrap().to_owned()
}

/// Replaces `L001` by the line of 001, and so on.
fn with_lines(pattern: &str, chain: &Chain) -> String {
    let mut text = pattern.to_owned();
    for id in chain.revisions().iter().map(Revision::id) {
        text = text.replace(&format!("L{id}"), &line(chain, id));
    }
    text
}

/// Resolves the conflict of a lock file for the chain of [`FOUR`].
fn resolved(pattern: &str) -> Result<Option<String>, (String, String)> {
    let directory = revisions(&FOUR);
    let chain = directory.chain();
    let resolved = resolve(with_lines(pattern, &chain).as_bytes(), &files(&directory));
    resolved.map_err(|error| (error.reason, error.help))
}

/// Asserts that the lines of the pattern are joined to those of `expected`.
fn assert_joined(pattern: &str, expected: &str) {
    let chain = revisions(&FOUR).chain();
    let expected = with_lines(expected, &chain);
    assert_eq!(resolved(pattern).unwrap().unwrap(), expected, "{pattern}");
    // An editor or git may write other line ends.
    assert_eq!(
        resolved(&pattern.replace('\n', "\r\n")).unwrap().unwrap(),
        expected
    );
}

#[test]
fn new_lines_of_both_sides_are_joined() {
    assert_joined(
        "# Note.\nL001\n<<<<<<< HEAD\nL004\nhead b\n=======\nL002\nL003\nhead a\n>>>>>>> main\n",
        "# Note.\nL001\nL002\nL003\nL004\nhead b\n",
    );
}

#[test]
fn conflict_in_the_head_alone_keeps_all_lines() {
    assert_joined(
        "L001\nL002\n<<<<<<< HEAD\nhead a\n=======\nhead b\n>>>>>>> main\n",
        "L001\nL002\nhead a\n",
    );
}

#[test]
fn conflict_with_the_lines_before_both_branches_is_joined() {
    assert_joined(
        "L001\n<<<<<<< HEAD\nL002\nL003\nhead a\n||||||| 1234567\nL002\nhead o\n=======\nL002\nL004\n\
         head b\n>>>>>>> main\n",
        "L001\nL002\nL003\nL004\nhead a\n",
    );
}

#[test]
fn line_that_both_sides_added_is_kept_once() {
    assert_joined(
        "L001\n<<<<<<< HEAD\nL002\nhead a\n=======\nL002 \nL003\nhead b\n>>>>>>> main\n",
        "L001\nL002\nL003\nhead a\n",
    );
}

#[test]
fn joined_lines_are_a_valid_lock_file() {
    let directory = revisions(&FOUR);
    let pattern = "L001\n<<<<<<< HEAD\nL003\nL004\nhead a\n=======\nL002\nhead b\n>>>>>>> main\n";
    let text = resolved(pattern).unwrap().unwrap();
    let text = text.replace("head a", &format!("head {}", name(4, "004")));
    assert_eq!(directory.with(lock_file::FILE_NAME, text).kinds(), []);
}

#[test]
fn joined_lines_of_one_minute_are_in_the_order_of_the_chain() {
    // In the order of names, 002 comes before 003, and 005 before its parent 006.
    let files = [
        ("001", "base"),
        ("002", "001"),
        ("003", "001"),
        ("006", "003"),
        ("005", "006"),
        ("007", "002 005"),
    ];
    let files = files.map(|(id, revises)| (name(1, id), text(revises)));
    let directory = Directory::of(files);
    let chain = directory.chain();
    for (ours, theirs) in [
        ("L003\nL006\nL005\n", "L002\n"),
        ("L002\n", "L003\nL006\nL005\n"),
        ("L003\nL006\nL005\n", "L002\nL003\n"),
    ] {
        let head = name(1, "007");
        let pattern = format!(
            "L001\n<<<<<<< HEAD\n{ours}head {head}\n=======\n{theirs}head b\n>>>>>>> main\n"
        );
        let conflict = with_lines(&pattern, &chain);
        let joined = resolve(conflict.as_bytes(), &self::files(&directory));
        let joined = joined.unwrap().unwrap();
        let expected = format!("L001\nL002\nL003\nL006\nL005\nhead {head}\n");
        assert_eq!(joined, with_lines(&expected, &chain), "{ours}{theirs}");
    }
}

#[test]
fn lock_file_without_a_conflict_is_left_alone() {
    assert_eq!(resolved("L001\nL002\nhead a\n"), Ok(None));
}

#[test]
fn line_that_a_side_removed_or_changed_is_not_guessed() {
    for ours in ["", "L002X\n"] {
        let pattern = format!(
            "L001\n<<<<<<< HEAD\n{ours}L003\nhead a\n||||||| 1234567\nL002\nhead o\n=======\nL002\nL004\n\
             head b\n>>>>>>> main\n"
        );
        let changed = revisions(&FOUR)
            .with(&name(2, "002"), text("001").replace("SELECT 1", "SELECT 9"))
            .chain();
        let pattern = pattern.replace("L002X", &line(&changed, "002"));
        let (reason, help) = resolved(&pattern).unwrap_err();
        assert_eq!(reason, "a branch has changed or removed the line of 002");
        assert_eq!(help, "restore the line, or resolve the conflict by hand");
    }
}

#[test]
fn different_lines_for_one_revision_are_not_joined() {
    let other = revisions(&FOUR[..1])
        .with(&name(2, "002"), text("001").replace("SELECT 1", "SELECT 9"))
        .chain();
    let pattern = format!(
        "L001\n<<<<<<< HEAD\nL002\nhead a\n=======\n{}\nhead b\n>>>>>>> main\n",
        line(&other, "002")
    );
    assert_eq!(
        resolved(&pattern).unwrap_err().0,
        "both branches have locked a revision 002, and they differ"
    );
}

#[test]
fn incomplete_marks_are_rejected() {
    for pattern in [
        "L001\n<<<<<<< HEAD\nhead a\n=======\nhead b\n",
        "L001\n<<<<<<< HEAD\nhead a\n>>>>>>> main\n",
        "L001\nhead a\n=======\nhead b\n>>>>>>> main\n",
        "<<<<<<< HEAD\n<<<<<<< HEAD\nhead a\n=======\nhead b\n>>>>>>> main\n",
        "<<<<<<< HEAD\nL001\n=======\nL002\n>>>>>>> main\n",
    ] {
        let (reason, _) = resolved(pattern).unwrap_err();
        assert_eq!(reason, "the conflict marks are incomplete", "{pattern}");
    }
}

proptest! {
    #[test]
    fn joined_lines_have_no_mark_and_no_revision_twice(
        lines in proptest::collection::vec(
            select(vec![
                "<<<<<<< a", "||||||| b", "=======", ">>>>>>> c", "head a", "head b", "L001", "L002",
                "L003", "# d", "é",
            ]),
            0..16,
        ),
    ) {
        if let Ok(Some(text)) = resolved(&lines.join("\n")) {
            let marks = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];
            prop_assert!(!text.lines().any(|line| marks.iter().any(|mark| line.starts_with(mark))));
            for start in ["001 ", "002 ", "003 ", "head "] {
                prop_assert!(text.lines().filter(|line| line.starts_with(start)).count() <= 1);
            }
            prop_assert!(text.lines().next_back().unwrap().starts_with("head "));
            for id in ["001", "002", "003"] {
                let is_locked = text.contains(&format!("\n{id} ")) || text.starts_with(id);
                let was_only_before = !is_locked && lines.contains(&format!("L{id}").as_str());
                prop_assert!(!was_only_before || lines.contains(&"||||||| b"));
            }
        }
    }
}
