//! Files of a directory without a disk, and the properties that always hold for them.

use revchain_core::diagnostics::escape::is_unseen;
use revchain_core::graph::rebase::{self, RebaseError};
use revchain_core::graph::validate;
use revchain_core::parse::{Parsed, parse};
use revchain_core::source::directory::File;
use revchain_core::source::file_name::FileName;
use revchain_core::{Chain, Date, DefectList, LockFile, lock_file};

/// The name of a file whose name the input does not give.
pub(super) const FILE_NAME: &str = "20260101_1200_001_x.sql";

const LOCK_PATH: &str = "m/revchain.lock";

pub(super) fn file(name: &str, bytes: &[u8]) -> File {
    File {
        name: name.to_owned(),
        path: format!("m/{name}"),
        bytes: Some(bytes.to_vec()),
    }
}

pub(super) fn is_lock_file(file: &File) -> bool {
    file.name == lock_file::FILE_NAME
}

pub(super) fn migrations(files: &[File]) -> Vec<File> {
    let migrations = files.iter().filter(|file| !is_lock_file(file));
    migrations.cloned().collect()
}

/// The result of loading a directory.
pub(super) struct Loaded {
    pub(super) chain: Option<Chain>,
    pub(super) lock_file: Option<LockFile>,
    pub(super) defects: DefectList,
}

/// Loads files as a directory is loaded, but without a disk.
pub(super) fn load(files: &[File]) -> Loaded {
    let mut defects = DefectList::new();
    let mut lock_file = None;
    let mut parsed = Vec::new();
    for file in files {
        match &file.bytes {
            Some(bytes) if is_lock_file(file) => {
                lock_file = lock_file::parse(file.path.clone(), bytes, &mut defects);
            }
            _ => parsed.push(parse(file, &mut defects)),
        }
    }
    link(parsed, lock_file, defects)
}

/// Loads files together with a lock file of this text, which must be valid.
pub(super) fn load_with_lock_file(files: &[File], text: &str) -> Loaded {
    let mut defects = DefectList::new();
    let parsed = files.iter().map(|file| parse(file, &mut defects)).collect();
    let lock_file = lock_file::parse(LOCK_PATH.to_owned(), text.as_bytes(), &mut defects);
    assert!(lock_file.is_some(), "{defects:?}");
    link(parsed, lock_file, defects)
}

fn link(parsed: Vec<Parsed>, lock_file: Option<LockFile>, mut defects: DefectList) -> Loaded {
    let is_empty = parsed.is_empty();
    let mut chain = validate::link(parsed, lock_file.as_ref(), &mut defects);
    if let (Some(chain), Some(lock_file)) = (&chain, &lock_file) {
        defects.extend(lock_file.check_head(chain));
    }
    if is_empty && !defects.is_empty() {
        chain = None;
    }
    Loaded {
        chain,
        lock_file,
        defects,
    }
}

/// Asserts that no character of a message steers a terminal.
pub(super) fn check_text(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !is_unseen(c)), "{text:?}");
}

pub(super) fn check_defects(defects: &DefectList) {
    for defect in defects.iter() {
        let message = defect.to_string();
        assert!(message.contains("\nhelp: "), "{message}");
        assert!(message.len() < 20_000, "{message}");
        check_text(&message);
    }
}

/// Asserts that a rebase only writes files with valid names.
pub(super) fn check_rebase(files: &[File], lock_file: Option<&LockFile>) {
    let Some(now) = Date::new(2026, 6, 1, 12, 0) else {
        return;
    };
    match rebase::plan(&migrations(files), lock_file, now) {
        Ok(edits) => {
            for edit in edits {
                let name = FileName::parse(&edit.to);
                assert!(name.is_ok_and(|name| name.id == edit.revision), "{edit:?}");
            }
        }
        Err(RebaseError::Defects(defects)) => check_text(&defects.to_string()),
        Err(RebaseError::Undecidable { reason, help }) => {
            check_text(&reason);
            check_text(&help);
        }
    }
}
