//! The conflict that git marks in a lock file if two branches added revisions.
//!
//! git writes the lines of both sides between marks, with `diff3` also those before both branches:
//!
//! ```text
//! <<<<<<< ours
//! ||||||| base
//! =======
//! >>>>>>> theirs
//! ```

use std::collections::{HashMap, HashSet, VecDeque};

use super::format::LockedRevision;
use super::mark::{Mark, has_conflict};
use crate::Date;
use crate::parse::decode::normalize;
use crate::source::directory::File;
use crate::source::file_name::FileName;

/// The reason why a conflict cannot be resolved, and the advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// The reason.
    pub reason: String,
    /// The advice to the user.
    pub help: String,
}

impl Unresolved {
    fn new(reason: String, help: &str) -> Self {
        let help = help.to_owned();
        Self { reason, help }
    }
}

/// Joins the lines of both sides of a conflict. Returns `None` if the text has no marks.
///
/// The new lines of both sides are in the order that the chain of `files` has.
/// The head is that of the first side. The caller must replace it, because the other side has
/// another head.
///
/// # Errors
///
/// Fails in these cases:
/// - the marks are incomplete,
/// - both sides have a line for one revision, and the lines differ,
/// - a side has changed or removed a line. This is only visible in a conflict with the lines
///   before both branches.
pub fn resolve(bytes: &[u8], files: &[File]) -> Result<Option<String>, Unresolved> {
    let text = normalize(&String::from_utf8_lossy(bytes));
    if !has_conflict(&text) {
        return Ok(None);
    }
    let mut conflict = Conflict::new(files);
    for line in text.lines() {
        conflict.read(line)?;
    }
    conflict.finish().map(Some)
}

/// The version of the file to which a line belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// All versions.
    Common,
    Ours,
    /// The version before both branches.
    Base,
    Theirs,
}

/// A conflict, while its lines are read.
struct Conflict<'t> {
    /// The date and the name of the file of each revision. The older file comes first in a chain.
    ages: HashMap<String, (Date, &'t str)>,
    side: Side,
    has_base: bool,
    /// The lines of the resolved file, without the head.
    lines: Vec<&'t str>,
    /// The lines of each side, since the last mark `<<<<<<<`.
    new_ours: VecDeque<&'t str>,
    new_theirs: VecDeque<&'t str>,
    /// The revisions in `lines`.
    seen: HashSet<&'t str>,
    /// The line of each revision in each version.
    ours: HashMap<&'t str, &'t str>,
    base: HashMap<&'t str, &'t str>,
    theirs: HashMap<&'t str, &'t str>,
    /// The first line `head`.
    head: Option<&'t str>,
}

impl<'t> Conflict<'t> {
    fn new(files: &'t [File]) -> Self {
        let ages = files.iter().filter_map(|file| {
            let FileName { id, date, .. } = FileName::parse(&file.name).ok()?;
            Some((id, (date, file.name.as_str())))
        });
        Self {
            ages: ages.collect(),
            side: Side::Common,
            has_base: false,
            lines: Vec::new(),
            new_ours: VecDeque::new(),
            new_theirs: VecDeque::new(),
            seen: HashSet::new(),
            ours: HashMap::new(),
            base: HashMap::new(),
            theirs: HashMap::new(),
            head: None,
        }
    }

    fn read(&mut self, line: &'t str) -> Result<(), Unresolved> {
        let Some(mark) = Mark::of(line) else {
            self.add(line);
            return Ok(());
        };
        self.side = match (mark, self.side) {
            (Mark::Ours, Side::Common) => Side::Ours,
            (Mark::Base, Side::Ours) => {
                self.has_base = true;
                Side::Base
            }
            (Mark::Theirs, Side::Ours | Side::Base) => Side::Theirs,
            (Mark::End, Side::Theirs) => {
                self.end_new();
                Side::Common
            }
            _ => return Err(incomplete()),
        };
        Ok(())
    }

    fn add(&mut self, line: &'t str) {
        if line.starts_with("head ") {
            self.head.get_or_insert(line);
            return;
        }
        if let Some(id) = revision_id(line) {
            let versions: &mut [&mut HashMap<_, _>] = match self.side {
                Side::Common => &mut [&mut self.ours, &mut self.base, &mut self.theirs],
                Side::Ours => &mut [&mut self.ours],
                Side::Base => &mut [&mut self.base],
                Side::Theirs => &mut [&mut self.theirs],
            };
            for version in versions {
                version.insert(id, line);
            }
        }
        match self.side {
            Side::Common => self.add_once(line),
            Side::Ours => self.new_ours.push_back(line),
            Side::Base => {}
            Side::Theirs => self.new_theirs.push_back(line),
        }
    }

    fn add_once(&mut self, line: &'t str) {
        if self.has(line) {
            return;
        }
        self.seen.extend(revision_id(line));
        self.lines.push(line);
    }

    /// Returns `true` if the resolved file has the line, or another line for the same revision.
    fn has(&self, line: &str) -> bool {
        match revision_id(line) {
            Some(id) => self.seen.contains(id),
            None => self.lines.contains(&line),
        }
    }

    /// Adds the new lines of both sides in the order of the chain.
    ///
    /// The lines of each side are in this order already. If the next revision of either side can
    /// come next, the one with the older file comes next, as `graph/order.rs` sorts a chain.
    fn end_new(&mut self) {
        loop {
            while self.new_ours.front().is_some_and(|line| self.has(line)) {
                self.new_ours.pop_front();
            }
            while self.new_theirs.front().is_some_and(|line| self.has(line)) {
                self.new_theirs.pop_front();
            }
            let next = match (self.new_ours.front(), self.new_theirs.front()) {
                (Some(ours), Some(theirs)) if self.age(theirs) < self.age(ours) => {
                    self.new_theirs.pop_front()
                }
                (Some(_), _) => self.new_ours.pop_front(),
                (None, _) => self.new_theirs.pop_front(),
            };
            let Some(line) = next else {
                return;
            };
            self.add_once(line);
        }
    }

    fn age(&self, line: &str) -> Option<&(Date, &'t str)> {
        revision_id(line).and_then(|id| self.ages.get(id))
    }

    fn finish(self) -> Result<String, Unresolved> {
        if self.side != Side::Common {
            return Err(incomplete());
        }
        if self.has_base {
            self.check_base()?;
        }
        for (id, ours) in &self.ours {
            let theirs = self.theirs.get(id);
            if theirs.is_some_and(|theirs| !is_same(ours, theirs)) {
                return Err(Unresolved::new(
                    format!("both branches have locked a revision {id}, and they differ"),
                    "if one of them never shipped, delete its line and the later lines of its side of the conflict\n\
                     then run `revchain rebase`, which gives it another id, and lock it again: `revchain lock`",
                ));
            }
        }
        let Some(head) = self.head else {
            return Err(incomplete());
        };
        let lines = self.lines.into_iter().chain([head]);
        Ok(lines.map(|line| format!("{line}\n")).collect())
    }

    /// Fails if a side lacks a line that was there before both branches.
    fn check_base(&self) -> Result<(), Unresolved> {
        let mut base: Vec<_> = self.base.iter().collect();
        base.sort_unstable();
        for (id, line) in base {
            let keeps =
                |side: &HashMap<_, &str>| side.get(id).is_some_and(|new| is_same(line, new));
            if !keeps(&self.ours) || !keeps(&self.theirs) {
                return Err(Unresolved::new(
                    format!("a branch has changed or removed the line of {id}"),
                    "restore the line, or resolve the conflict by hand",
                ));
            }
        }
        Ok(())
    }
}

fn incomplete() -> Unresolved {
    Unresolved::new(
        "the conflict marks are incomplete".to_owned(),
        "restore revchain.lock from version control, or resolve the conflict by hand",
    )
}

/// Returns the id of the revision that a line locks.
fn revision_id(line: &str) -> Option<&str> {
    LockedRevision::parse(line, 0)?;
    line.split_whitespace().next()
}

/// Returns `true` if two lines differ only in the slug, which the parser ignores.
fn is_same(line: &str, other: &str) -> bool {
    line.split_whitespace()
        .take(5)
        .eq(other.split_whitespace().take(5))
}
