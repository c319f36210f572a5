//! The lock, `revchain.lock`: which revisions are released, and which one is the head.
//!
//! It is plain text, one line a revision in the order of the chain, made to be read in a review:
//!
//! ```text
//! 001 base 34ea…(64 digits) 1a2b3c4d 9f8e7d6c initial_schema
//! head 20251217_2200_001_initial_schema.sql
//! ```
//!
//! A line names the revision, its parents (`base`, or ids joined by commas), its checksum, the first eight digits of
//! SHA-256 over the tokens of each half (`-` for an irreversible one's downgrade), which only tell which half
//! changed, and its slug, which is for the reader. The last line names the file of the head, so that two branches
//! which both add a revision change the same line, and conflict. Lines that begin with `#` are comments.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::ops::Range;

use crate::chain::Chain;
use crate::checksum;
use crate::defect::{Code, Defect, add, tell};
use crate::name;
use crate::parse::Parsed;
use crate::revision::{Downgrade, Half, Revision};
use crate::snippet::Snippet;

/// The lock's file name.
pub const FILE_NAME: &str = "revchain.lock";

/// How many missing revisions are told. Where there are more, the directory is the wrong one.
const MOST: usize = 20;

const HEADER: &str = "\
# The revisions below are released: to change or remove one is a compile error. Written by revchain.
# A merge conflict in this file: two branches have added revisions. Keep one `head` line, then `revchain rebase`.
";

/// A lock, read from its file.
#[derive(Debug, Clone)]
pub struct Lock {
    /// The file, in the directory as the user wrote it.
    path: String,
    text: String,
    locked: Vec<Locked>,
    /// The place of each locked revision in the list.
    places: HashMap<String, usize>,
    /// Where the file name of the head stands in the text.
    head: Range<usize>,
}

/// A locked revision: a line of the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Locked {
    id: String,
    parents: String,
    checksum: String,
    upgrade: String,
    downgrade: String,
    /// The number of the line that it stands on.
    line: u32,
}

impl Locked {
    fn of(id: &str, parents: &[&str], checksum: &[u8; 32], upgrade: &Half, downgrade: &Downgrade) -> Self {
        let short = |half| checksum::hex(&checksum::half(half))[..8].to_owned();
        Self {
            id: id.to_owned(),
            parents: if parents.is_empty() { "base".to_owned() } else { parents.join(",") },
            checksum: checksum::hex(checksum),
            upgrade: short(upgrade),
            downgrade: match downgrade {
                Downgrade::Sql(half) => short(half),
                Downgrade::Irreversible(_) => "-".to_owned(),
            },
            line: 0,
        }
    }

    /// What the file would be locked as, if it is whole.
    fn of_file(file: &Parsed) -> Option<Self> {
        let body = file.body.as_ref()?;
        let parents: Vec<&str> =
            file.revises.as_ref()?.parents.iter().map(|(parent, _)| parent.as_str()).collect();
        Some(Self::of(file.id.as_deref()?, &parents, file.checksum.as_ref()?, &body.upgrade, &body.downgrade))
    }

    fn parse(text: &str, line: u32) -> Option<Self> {
        let mut fields = text.split_whitespace();
        let mut next = || fields.next();
        let (id, parents, checksum, upgrade, downgrade) = (next()?, next()?, next()?, next()?, next()?);
        let is_hex = |text: &str, length| {
            text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        let well_formed = name::check_id(id).is_ok()
            && (parents == "base" || parents.split(',').all(|parent| name::check_id(parent).is_ok()))
            && is_hex(checksum, 64)
            && is_hex(upgrade, 8)
            && (is_hex(downgrade, 8) || downgrade == "-");
        let owned = |text: &str| text.to_owned();
        well_formed.then(|| Self {
            id: owned(id),
            parents: owned(parents),
            checksum: owned(checksum),
            upgrade: owned(upgrade),
            downgrade: owned(downgrade),
            line,
        })
    }

    /// What is no longer as it was locked, in words.
    fn difference(&self, now: &Self) -> String {
        let parts = [
            (self.parents != now.parents, format!("it revises {}, not {}", now.parents, self.parents)),
            (self.upgrade != now.upgrade, "its upgrade is another".to_owned()),
            (self.downgrade != now.downgrade, "its downgrade is another".to_owned()),
        ];
        let changed: Vec<String> = parts.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
        if changed.is_empty() { "its checksum is another".to_owned() } else { changed.join(", ") }
    }
}

/// Reads a lock. What is wrong with it is added to `defects`.
pub fn parse(path: String, bytes: &[u8], defects: &mut Vec<Defect>) -> Option<Lock> {
    let text = String::from_utf8_lossy(bytes)
        .trim_start_matches('\u{feff}')
        .replace("\r\n", "\n")
        .replace('\r', "\n");
    match read_lines(&text) {
        Ok(Lines { locked, places, head }) => Some(Lock { path, text, locked, places, head }),
        Err((span, note)) => {
            let is_mark =
                |line: &str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
            let is_conflict = text.lines().any(is_mark);
            let help = match is_conflict {
                true => {
                    "two branches have added revisions: keep one `head` line and every other line, remove the marks,\nthen put one branch behind the other: `revchain rebase`"
                }
                false => "put it back as it was: it is in version control, and only revchain writes it",
            };
            defects.push(
                Defect::new(Code::MalformedLock, "the lock cannot be understood")
                    .at(&path)
                    .showing(Snippet::new(&text, 1, span, note))
                    .help(help),
            );
            None
        }
    }
}

/// What the lines of a lock say; see the fields of [`Lock`].
struct Lines {
    locked: Vec<Locked>,
    places: HashMap<String, usize>,
    head: Range<usize>,
}

/// Reads the lines, or says where the lock is wrong and why.
fn read_lines(text: &str) -> Result<Lines, (Range<usize>, &'static str)> {
    let mut locked: Vec<Locked> = Vec::new();
    let mut places = HashMap::new();
    let mut head = None;
    let (mut start, mut number) = (0, 0);
    for line in text.split('\n') {
        let span = start..start + line.len();
        start = span.end + 1;
        number += 1;
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if head.is_some() {
            return Err((span, "the head is the last line"));
        }
        if let Some(file) = line.strip_prefix("head ") {
            let from = span.end - file.trim_start().len();
            head = Some(from..from + file.trim().len());
            continue;
        }
        match Locked::parse(line, number) {
            Some(revision) if places.insert(revision.id.clone(), locked.len()).is_some() => {
                return Err((span, "locked twice"));
            }
            Some(revision) => locked.push(revision),
            None => return Err((span, "neither a revision nor the head")),
        }
    }
    match head {
        Some(head) => Ok(Lines { locked, places, head }),
        None => Err((text.len()..text.len(), "there is no line `head <file>`")),
    }
}

impl Lock {
    /// Whether the file is the revision of its id that was locked, and not another of that id.
    pub(crate) fn is_of(&self, file: &Parsed) -> bool {
        let locked = file.id.as_deref().and_then(|id| self.get(id));
        locked.is_some_and(|locked| file.checksum.is_some_and(|now| locked.checksum == checksum::hex(&now)))
    }

    fn head_file(&self) -> &str {
        &self.text[self.head.clone()]
    }

    fn get(&self, id: &str) -> Option<&Locked> {
        self.places.get(id).map(|&place| &self.locked[place])
    }

    /// The ids of the locked revisions, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.locked.iter().map(|locked| locked.id.as_str())
    }

    /// Whether the revision `id` is locked.
    pub fn has(&self, id: &str) -> bool {
        self.get(id).is_some()
    }

    /// A defect that is shown at a locked revision's line.
    fn defect(&self, code: Code, title: String, locked: &Locked, note: String) -> Defect {
        let text = self.text.lines().nth(locked.line as usize - 1).unwrap_or_default();
        let snippet = Snippet::new(text, locked.line, 0..locked.id.len(), note);
        Defect::new(code, title).at(&self.path).showing(snippet)
    }

    /// Reports the locked revisions that no file has, and says whether there are any. `ids` are those of all files.
    pub(crate) fn find_missing(&self, ids: &HashSet<&str>, defects: &mut Vec<Defect>) -> bool {
        let missing: Vec<&Locked> =
            self.locked.iter().filter(|locked| !ids.contains(locked.id.as_str())).collect();
        for (index, locked) in missing.iter().enumerate().take(MOST) {
            let title = format!("the file of the locked revision {} is missing", locked.id);
            let more = match missing.len() - MOST.min(missing.len()) {
                more if more > 0 && index + 1 == MOST => format!("\n(and {more} more are missing)"),
                _ => String::new(),
            };
            let help = format!(
                "put the file back: databases that have the revision could not be opened any more{more}"
            );
            let defect = self.defect(Code::LockedRevisionMissing, title, locked, "locked here".to_owned());
            add(defects, defect.help(help));
        }
        !missing.is_empty()
    }

    /// Reports a file that is no longer what was locked.
    pub(crate) fn find_change(&self, file: &Parsed, defects: &mut Vec<Defect>) {
        let Some(locked) = file.id.as_deref().and_then(|id| self.get(id)) else { return };
        if self.is_of(file) {
            return;
        }
        let Some(what) = Locked::of_file(file).map(|now| locked.difference(&now)) else { return };
        let title = format!("the locked revision {} has changed: {what}", locked.id);
        let help = "put the file back as it was, and write the change as a new revision: `revchain migrate`";
        let defect = Defect::new(Code::LockedRevisionChanged, title).with(&self.path).at(&file.path);
        add(defects, defect.help(help));
    }

    /// Reports locked revisions that do not come in the order in which they were locked.
    pub(crate) fn find_other_order(&self, chain: &Chain, defects: &mut Vec<Defect>) {
        let places = chain.places();
        let mut last: Option<(usize, &Locked)> = None;
        let mut found = 0;
        for locked in &self.locked {
            let Some(&place) = places.get(locked.id.as_str()) else { continue };
            match last {
                Some((before, other)) if before > place => {
                    tell(defects, Code::LockedOrderChanged, &mut found, || {
                        let title = format!(
                            "{} now comes before {}, and came after it when they were locked",
                            locked.id, other.id
                        );
                        let note = format!("after {}", other.id);
                        let help = "put the dates in the files' names back as they were";
                        self.defect(Code::LockedOrderChanged, title, locked, note).help(help)
                    });
                }
                _ => last = Some((place, locked)),
            }
        }
    }

    /// The defect that the head is not the one that the lock names.
    pub fn other_head(&self, chain: &Chain) -> Option<Defect> {
        let head = chain.head().filter(|head| head.file_name() != self.head_file())?;
        let title = format!("the head is {}, and the lock names another", head.id());
        let help = format!(
            "if {} is meant to be the head, let the last line be `head {}`, as `revchain lock --head` writes it",
            head.id(),
            head.file_name()
        );
        let snippet = Snippet::new(&self.text, 1, self.head.clone(), format!("the head is {}", head.id()));
        let defect = Defect::new(Code::LockHeadDiffers, title).at(&self.path).showing(snippet);
        Some(defect.with(head.path()).help(help))
    }

    /// The lock's text with another head.
    pub fn with_head(&self, file: &str) -> String {
        let mut text = self.text.clone();
        text.replace_range(self.head.clone(), file);
        text
    }
}

/// The text of a lock of some revisions of the chain, which come in its order.
pub fn text<'r>(chain: &Chain, locked: impl IntoIterator<Item = &'r Revision>) -> String {
    let mut text = HEADER.to_owned();
    for revision in locked {
        let parents: Vec<&str> = revision.revises().collect();
        let (upgrade, downgrade) = (revision.upgrade(), revision.downgrade());
        let locked = Locked::of(revision.id(), &parents, revision.checksum(), upgrade, downgrade);
        let Locked { id, parents, checksum, upgrade, downgrade, .. } = locked;
        let slug = name::parse(revision.file_name()).map(|name| name.slug).unwrap_or_default();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{id} {parents} {checksum} {upgrade} {downgrade} {slug}");
    }
    let _ = writeln!(text, "head {}", chain.head().map(Revision::file_name).unwrap_or_default());
    text
}
