//! The format of the lock file.
//!
//! The file is plain text, so that a reviewer can read changes.
//! The file has one line for each locked revision, in the order of the chain:
//!
//! ```text
//! 001 base 34ea…(64 digits) 1a2b3c4d 9f8e7d6c initial_schema
//! head 20251217_2200_001_initial_schema.sql
//! ```
//!
//! The fields of a revision's line are:
//!
//! 1. the id of the revision
//! 2. the parents: `base`, or ids joined by commas
//! 3. the checksum of the revision
//! 4. the first eight digits of the checksum of the upgrade
//! 5. the first eight digits of the checksum of the downgrade, or `-` if there is no downgrade
//! 6. the slug, for the reader only: the parser ignores the slug
//!
//! If the checksum of a revision differs, the short checksums show which script changed.
//! The last line names the file of the head.
//! If two branches both add a revision and update the head, a merge conflicts in this line.
//! Lines that begin with `#` are comments.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::ops::Range;

use super::mark::has_conflict;
use crate::diagnostics::Snippet;
use crate::model::checksum;
use crate::parse::Parsed;
use crate::parse::decode::normalize;
use crate::source::file_name::{FileName, check_id};
use crate::{Chain, Defect, DefectKind, DefectList, Downgrade, Revision, Script};

const HEADER: &str = "\
# Each line but the last is a released revision: changing or removing one is a compile error. Written by revchain.
# A merge conflict in this file: two branches added revisions. Run `revchain rebase`.
";

/// A parsed lock file.
#[derive(Debug, Clone)]
pub struct LockFile {
    /// The path of the file: the directory as the user wrote it, then the file name.
    pub(super) path: String,
    pub(super) text: String,
    pub(super) locked: Vec<LockedRevision>,
    /// The index in `locked` of each revision, by id.
    positions: HashMap<String, usize>,
    /// The span in `text` of the head's file name.
    pub(super) head: Range<usize>,
}

/// A locked revision: one line of the lock file.
#[derive(Debug, Clone)]
pub(super) struct LockedRevision {
    pub(super) id: String,
    pub(super) parents: String,
    checksum: String,
    pub(super) upgrade: String,
    pub(super) downgrade: String,
    /// The line number in the lock file; 0 if the revision was not parsed from a lock file.
    pub(super) line_number: u32,
}

impl LockedRevision {
    fn new<'p>(
        id: &str,
        parents: impl Iterator<Item = &'p str>,
        checksum: &[u8; 32],
        upgrade: &Script,
        downgrade: &Downgrade,
    ) -> Self {
        let parents = parents_field(parents);
        let downgrade = match downgrade {
            Downgrade::Sql(script) => short_checksum(script),
            Downgrade::Irreversible(_) => "-".to_owned(),
        };
        Self {
            id: id.to_owned(),
            parents,
            checksum: checksum::hex(checksum),
            upgrade: short_checksum(upgrade),
            downgrade,
            line_number: 0,
        }
    }

    /// Makes the line for a migration. Returns `None` if a part of the migration is missing.
    pub(super) fn of_file(file: &Parsed) -> Option<Self> {
        // Without `@revises`, `parents` is empty, as for `base`. But then there is no checksum.
        let (id, checksum) = (file.id.as_deref()?, file.checksum.as_ref()?);
        let (parents, body) = (file.parents(), file.body.as_ref()?);
        let (upgrade, downgrade) = (&body.upgrade, &body.downgrade);
        Some(Self::new(id, parents, checksum, upgrade, downgrade))
    }

    /// Parses a line. Returns `None` if the line is malformed.
    pub(super) fn parse(line: &str, line_number: u32) -> Option<Self> {
        let mut fields = line.split_whitespace().map(str::to_owned);
        let revision = Self {
            id: fields.next()?,
            parents: fields.next()?,
            checksum: fields.next()?,
            upgrade: fields.next()?,
            downgrade: fields.next()?,
            line_number,
        };
        revision.is_well_formed().then_some(revision)
    }

    /// Returns `true` if these were the parents when the revision was locked.
    pub(super) fn revises<'p>(&self, parents: impl Iterator<Item = &'p str>) -> bool {
        self.parents == parents_field(parents)
    }

    fn is_well_formed(&self) -> bool {
        let mut parents = self.parents.split(',');
        check_id(&self.id).is_ok()
            && (self.parents == "base" || parents.all(|parent| check_id(parent).is_ok()))
            && is_hex(&self.checksum, 64)
            && is_hex(&self.upgrade, 8)
            && (self.downgrade == "-" || is_hex(&self.downgrade, 8))
    }
}

impl fmt::Display for LockedRevision {
    /// Writes the line without the slug.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ", self.id, self.parents, self.checksum)?;
        write!(f, "{} {}", self.upgrade, self.downgrade)
    }
}

fn parents_field<'p>(parents: impl Iterator<Item = &'p str>) -> String {
    let parents: Vec<&str> = parents.collect();
    match parents[..] {
        [] => "base".to_owned(),
        _ => parents.join(","),
    }
}

fn short_checksum(script: &Script) -> String {
    let mut hex = checksum::hex(&checksum::script(script));
    hex.truncate(8);
    hex
}

fn is_hex(text: &str, length: usize) -> bool {
    let mut bytes = text.bytes();
    text.len() == length && bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

impl LockFile {
    fn unread(path: String, bytes: &[u8]) -> Self {
        Self {
            path,
            text: normalize(&String::from_utf8_lossy(bytes)),
            locked: Vec::new(),
            positions: HashMap::new(),
            head: 0..0,
        }
    }

    /// Returns `true` if the lock file contains the revision `id`.
    pub fn contains(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    /// Returns `true` if the revision of a file is locked, and the checksum is unchanged.
    pub(crate) fn matches(&self, file: &Parsed) -> bool {
        let locked = file.id.as_deref().and_then(|id| self.get(id));
        match (locked, &file.checksum) {
            (Some(locked), Some(checksum)) => checksum::is_hex_of(&locked.checksum, checksum),
            _ => false,
        }
    }

    /// Parses all lines of `text`.
    ///
    /// Returns `true` if the text has the line of the head.
    ///
    /// An error is the span of the malformed text, and the reason for the error.
    fn read_lines(&mut self) -> Result<bool, (Range<usize>, &'static str)> {
        let mut has_head = false;
        let mut start = 0;
        for (line_number, line) in (1..).zip(self.text.split('\n')) {
            let span = start..start + line.len();
            start = span.end + 1;
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                continue;
            }
            if has_head {
                return Err((span, "the head is the last line"));
            }
            if let Some(file) = line.strip_prefix("head ") {
                let head = span.end - file.trim_start().len();
                self.head = head..head + file.trim().len();
                has_head = true;
                continue;
            }
            let Some(revision) = LockedRevision::parse(line, line_number) else {
                return Err((span, "neither a revision nor the head"));
            };
            let id = revision.id.clone();
            if self.positions.insert(id, self.locked.len()).is_some() {
                return Err((span, "locked twice"));
            }
            self.locked.push(revision);
        }
        Ok(has_head)
    }

    pub(super) fn get(&self, id: &str) -> Option<&LockedRevision> {
        let position = *self.positions.get(id)?;
        self.locked.get(position)
    }

    /// Returns the text of the lock file with `file_name` as the head.
    pub fn with_head(&self, file_name: &str) -> String {
        let mut text = self.text.clone();
        text.replace_range(self.head.clone(), file_name);
        text
    }
}

/// Parses a lock file. If the text is malformed, reports a defect and returns `None`.
pub fn parse(path: String, bytes: &[u8], defects: &mut DefectList) -> Option<LockFile> {
    let mut lock_file = LockFile::unread(path, bytes);
    let (span, note) = match lock_file.read_lines() {
        Ok(true) => return Some(lock_file),
        Ok(false) => {
            let end = lock_file.text.len();
            (end..end, "there is no line `head <file>`")
        }
        Err(malformed) => malformed,
    };
    let help = if has_conflict(&lock_file.text) {
        "two branches added revisions: run `revchain rebase`, which resolves the conflict, and puts one\n\
         branch behind the other"
    } else if with_missing_head(bytes).is_some() {
        "run `revchain lock --head`, which writes the line\n\
         or, if lines of revisions are missing too, restore the file from version control"
    } else {
        "restore it from version control: only revchain writes this file"
    };
    let defect = Defect::new(DefectKind::MalformedLock, "the lock cannot be understood");
    let snippet = Snippet::new(&lock_file.text, 1, span, note);
    defects.push(defect.at(&lock_file.path).showing(snippet).help(help));
    None
}

/// Adds a line of the head, with a name that no file has, to a lock file that only lacks this line.
///
/// Returns `None` if the file has the line, has another mistake, or locks no revision.
pub fn with_missing_head(bytes: &[u8]) -> Option<String> {
    let mut lock_file = LockFile::unread(String::new(), bytes);
    let has_head = lock_file.read_lines().ok()?;
    if has_head || lock_file.locked.is_empty() {
        return None;
    }
    let text = lock_file.text.trim_end();
    Some(format!("{text}\n{}", head_line("-")))
}

/// Returns the text of a lock file for `chain`, with one line for each revision of `locked`.
///
/// `locked` must be in the order of the chain.
pub fn render<'r>(chain: &Chain, locked: impl IntoIterator<Item = &'r Revision>) -> String {
    let mut text = HEADER.to_owned();
    for revision in locked {
        let (id, parents, checksum) = (revision.id(), revision.revises(), revision.checksum());
        let (upgrade, downgrade) = (revision.upgrade(), revision.downgrade());
        let locked = LockedRevision::new(id, parents, checksum, upgrade, downgrade);
        let name = FileName::parse(revision.file_name());
        let slug = name.map(|name| name.slug).unwrap_or_default();
        // Ignore the result: a write to a string cannot fail.
        let _ = writeln!(text, "{locked} {slug}");
    }
    text + &head_line(chain.head().map(Revision::file_name).unwrap_or_default())
}

/// Returns the text of a lock file without a locked revision.
pub fn render_head(file_name: &str) -> String {
    HEADER.to_owned() + &head_line(file_name)
}

fn head_line(file_name: &str) -> String {
    format!("head {file_name}\n")
}
