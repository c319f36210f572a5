//! The target for directories of migrations.

use std::collections::HashSet;

use revchain_core::source::directory::File;
use revchain_core::sql::{inspect, tokenizer};
use revchain_core::{Chain, Downgrade, Script, lock_file};

use super::files::{
    FILE_NAME, check_defects, check_rebase, check_text, file, is_lock_file, load,
    load_with_lock_file, migrations,
};

/// Takes bytes as the files of a directory: a line `=== name` begins a file.
pub fn parser(bytes: &[u8]) {
    let files = split_into_files(bytes);
    let loaded = load(&files);
    check_defects(&loaded.defects);
    assert!(
        loaded.chain.is_some() || !loaded.defects.is_empty(),
        "neither a chain nor a defect"
    );
    check_rebase(&files, loaded.lock_file.as_ref());
    let Some(chain) = loaded.chain else { return };
    for revision in chain.revisions() {
        check_script(revision.upgrade());
        if let Downgrade::Sql(script) = revision.downgrade() {
            check_script(script);
        }
    }
    if loaded.defects.is_empty() {
        check_formatting_is_ignored(&files, &chain);
        check_own_lock_file(&files, &chain);
    }
}

fn split_into_files(bytes: &[u8]) -> Vec<File> {
    let mut files = vec![file(FILE_NAME, b"")];
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(name) = line.strip_prefix(b"=== ") {
            let name = String::from_utf8_lossy(name).trim_end().replace('/', "");
            files.push(file(&name, b""));
        } else if let Some(bytes) = files.last_mut().and_then(|file| file.bytes.as_mut()) {
            bytes.extend_from_slice(line);
        }
    }
    if files.len() > 1 && files[0].bytes.as_ref().is_some_and(Vec::is_empty) {
        files.remove(0);
    }
    let mut names = HashSet::new();
    files.retain(|file| names.insert(file.name.clone()));
    files
}

/// Asserts that a script has no empty statement, and that every question about SQL has an answer.
fn check_script(script: &Script) {
    for statement in script.statements() {
        let sql = statement.sql();
        assert!(!sql.is_empty());
        check_text(&statement.snippet(Some(sql.len() / 2)).to_string());
        let _ = inspect::named_objects(sql);
        let _ = inspect::created_name(sql);
        let _ = inspect::is_plain(sql);
        let _ = inspect::changes_rows_only(sql);
        let _ = inspect::trigger_event(sql);
        let _ = inspect::copies_by_select(sql);
        let _ = inspect::copies_by_position(sql);
        let _ = inspect::insert_columns(sql);
    }
}

/// Asserts that line ends, a byte-order mark, trailing white space, and comments do not matter.
fn check_formatting_is_ignored(files: &[File], chain: &Chain) {
    check_same_checksums(files, chain, |text| {
        format!("\u{feff}{}", with_line_feeds(text).replace('\n', "\r\n"))
    });
    check_same_checksums(files, chain, |text| {
        with_line_feeds(text).replace('\n', "\r")
    });
    check_same_checksums(files, chain, |text| format!("{text}\n-- The end.\n \t\n"));
    check_same_checksums(files, chain, with_comments);
}

fn with_line_feeds(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// Puts a comment after every token.
fn with_comments(text: &str) -> String {
    let mut commented = String::new();
    let mut at = 0;
    for token in tokenizer::tokens(text) {
        if !token.is_comment() {
            commented += &text[at..token.span.end];
            commented += "/* ; */";
            at = token.span.end;
        }
    }
    commented + &text[at..]
}

/// Asserts that changed migrations are the same chain.
fn check_same_checksums(files: &[File], chain: &Chain, change: fn(&str) -> String) {
    let mut changed = files.to_vec();
    for file in changed.iter_mut().filter(|file| !is_lock_file(file)) {
        let bytes = file.bytes.take().unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        file.bytes = Some(change(&text).into_bytes());
    }
    let loaded = load(&changed);
    assert!(loaded.defects.is_empty(), "{:?}", loaded.defects);
    let checksums = loaded.chain.as_ref().map(checksums);
    assert_eq!(checksums, Some(self::checksums(chain)), "{changed:?}");
}

fn checksums(chain: &Chain) -> Vec<[u8; 32]> {
    let revisions = chain.revisions().iter();
    revisions
        .map(|revision| *revision.chain_checksum())
        .collect()
}

/// Asserts that the lock file of a chain is valid for it, and is rendered again as the same text.
fn check_own_lock_file(files: &[File], chain: &Chain) {
    let text = lock_file::render(chain, chain.revisions());
    let loaded = load_with_lock_file(&migrations(files), &text);
    assert!(loaded.defects.is_empty(), "{:?}", loaded.defects);
    let chain = loaded.chain.expect("the lock file does not change a chain");
    assert_eq!(lock_file::render(&chain, chain.revisions()), text);
}
