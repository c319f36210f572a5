//! The target for lock files.

use revchain_core::{DefectList, LockFile, lock_file};

use super::files::{FILE_NAME, check_defects, check_rebase, file, load};

const MIGRATION: &str =
    "-- A.\n-- @revises base\n-- @upgrade\nSELECT 1;\n-- @downgrade\nSELECT 1;\n";

/// Takes bytes as a lock file.
pub fn lock(bytes: &[u8]) {
    let mut defects = DefectList::new();
    let Some(lock_file) = parse(bytes, &mut defects) else {
        assert_eq!(defects.iter().count(), 1);
        check_defects(&defects);
        return;
    };
    assert!(defects.is_empty(), "{defects:?}");
    // Another head changes only the head.
    let text = lock_file.with_head(FILE_NAME);
    let changed = parse(text.as_bytes(), &mut defects);
    let changed = changed.unwrap_or_else(|| panic!("{defects:?}"));
    assert_eq!(changed.with_head(FILE_NAME), text);
    for word in text.split_ascii_whitespace() {
        assert_eq!(lock_file.contains(word), changed.contains(word));
    }
    // Nearly every locked revision is missing in this chain.
    let files = [
        file(FILE_NAME, MIGRATION.as_bytes()),
        file(lock_file::FILE_NAME, text.as_bytes()),
    ];
    check_defects(&load(&files).defects);
    check_rebase(&files, Some(&changed));
}

fn parse(bytes: &[u8], defects: &mut DefectList) -> Option<LockFile> {
    lock_file::parse("m/revchain.lock".to_owned(), bytes, defects)
}
