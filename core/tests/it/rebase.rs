//! Parts of a file that a rebase leaves unchanged. The tests of the command cover the rest.

use crate::support::{name, text};
use revchain_core::Date;
use revchain_core::graph::rebase::{Edit, plan};
use revchain_core::source::directory::File;

/// Returns the one edit that moves 003 behind 002, where both revise 001.
fn rebased(name_of_third: &str, text_of_third: &str) -> Edit {
    let files = [
        (name(1, "001"), text("base")),
        (name(2, "002"), text("001")),
    ];
    let files = files
        .into_iter()
        .chain([(name_of_third.to_owned(), text_of_third.to_owned())]);
    let files: Vec<File> = files
        .map(|(name, text)| File {
            path: format!("migrations/{name}"),
            name,
            bytes: Some(text.into_bytes()),
        })
        .collect();
    let mut edits = plan(&files, None, Date::from_number(202701010000)).unwrap();
    assert_eq!(edits.len(), 1);
    edits.remove(0)
}

#[test]
fn file_as_old_as_its_new_parent_keeps_its_name() {
    let same_minute = name(2, "003");
    let edit = rebased(&same_minute, &text("001"));
    assert_eq!(
        (edit.to.as_str(), edit.revises.as_str()),
        (same_minute.as_str(), "002")
    );
    assert_eq!(edit.text, text("002"));
}

#[test]
fn rebased_file_keeps_its_line_endings() {
    for end in ["\n", "\r\n"] {
        let edit = rebased(&name(3, "003"), &text("001").replace('\n', end));
        assert_eq!(edit.text, text("002").replace('\n', end));
    }
}
