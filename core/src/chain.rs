//! The chain: every file's place in it, or what keeps it from being one.

use std::borrow::Cow;
use std::cell::{LazyCell, OnceCell};
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::checksum;
use crate::defect::{Code, Defect, tell};
use crate::lock::Lock;
use crate::marker;
use crate::parse::Parsed;
use crate::revision::{Proven, Revision};
use crate::schema::{ColumnOrder, Part, Texts};
use crate::snippet::Snippet;
use crate::source;
use crate::suggest::did_you_mean;
use crate::words;

/// All revisions of a directory, validated, each after those that it revises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    #[doc(hidden)]
    pub revisions: Cow<'static, [Revision]>,
    /// Which part of the chain checksums the markers are made of; see [`marker`](crate::marker).
    #[doc(hidden)]
    pub window: Option<u8>,
}

impl Chain {
    /// The revisions from the first to the head.
    pub fn revisions(&self) -> &[Revision] {
        &self.revisions
    }

    /// The last revision. A chain that was loaded or embedded has one.
    pub fn head(&self) -> Option<&Revision> {
        self.revisions.last()
    }

    /// The place of the revision `id` in the chain.
    pub fn position(&self, id: &str) -> Option<usize> {
        self.revisions.iter().position(|revision| revision.id == id)
    }

    /// The place of every revision by its id.
    pub fn places(&self) -> HashMap<&str, usize> {
        self.revisions.iter().enumerate().map(|(place, revision)| (revision.id(), place)).collect()
    }

    /// For each place, whether the revisions up to it are one line: each revises the one before it.
    #[doc(hidden)]
    pub fn linear(&self) -> Vec<bool> {
        let mut before: Option<&Revision> = None;
        let mut is_line = true;
        let follows =
            |revision: &Revision, before: Option<&Revision>| revision.revises().eq(before.map(Revision::id));
        let line = self.revisions.iter().map(|revision| {
            is_line &= follows(revision, before.replace(revision));
            is_line
        });
        line.collect()
    }

    /// Whether any revision has a fingerprint.
    #[doc(hidden)]
    pub fn is_proven(&self) -> bool {
        self.revisions.iter().any(|revision| revision.fingerprint().is_some())
    }

    /// How the columns of a table count in the schema of a database that has the revisions up to this place: where
    /// branches were merged, each database has theirs in the order of its own history.
    #[doc(hidden)]
    pub fn column_order(&self, place: usize) -> ColumnOrder {
        if self.linear().get(place) == Some(&false) { ColumnOrder::Free } else { ColumnOrder::Fixed }
    }

    /// Whether a database that has these revisions has the schema which it should; `None` where that is not known.
    #[doc(hidden)]
    pub fn has_schema(&self, stamped: &[bool], texts: &Texts) -> Option<bool> {
        let Some(place) = stamped.iter().rposition(|is| *is) else {
            return self.is_proven().then(|| texts.is_empty());
        };
        // Of a set with gaps, as branches leave it, nothing is known.
        if !stamped[..=place].iter().all(|is| *is) {
            return None;
        }
        let proven = self.revisions[place].proven()?;
        // Where SQLite made them of the same statements, the texts are the same, and need not be understood.
        if texts.sum() == Some(proven.texts) {
            return Some(true);
        }
        let order = self.column_order(place);
        let schema = texts.schema();
        if order == schema.column_order() {
            return Some(schema.fingerprint() == proven.fingerprint);
        }
        Some(schema.clone().with_column_order(order).fingerprint() == proven.fingerprint)
    }

    /// The places of the revisions after which a database has this schema.
    pub(crate) fn places_of(&self, texts: &Texts) -> Vec<usize> {
        let schema = texts.schema();
        let fixed = schema.fingerprint();
        let free = LazyCell::new(|| schema.clone().with_column_order(ColumnOrder::Free).fingerprint());
        let is_same = |(place, is_linear): (usize, bool)| {
            let fingerprint = self.revisions[place].fingerprint()?;
            (*fingerprint == if is_linear { fixed } else { *free }).then_some(place)
        };
        self.linear().into_iter().enumerate().filter_map(is_same).collect()
    }

    /// What of a database that is shared with other chains is this one's: the tables and views that any of its revisions
    /// makes.
    #[doc(hidden)]
    pub fn own_part(&self, ignored: &[String]) -> Part {
        let statements = self.revisions.iter().flat_map(|revision| revision.upgrade().statements());
        let own = statements.filter_map(|statement| words::made(statement.sql())).collect();
        Part { ignored: ignored.to_vec(), own: Some(own) }
    }

    /// The same chain, each revision with what the proof has found out, where it has.
    #[doc(hidden)]
    pub fn with_proven(mut self, proven: impl IntoIterator<Item = Option<Proven>>) -> Self {
        for (revision, proven) in self.revisions.to_mut().iter_mut().zip(proven) {
            revision.proven = proven;
        }
        self.window = marker::window(&self.revisions);
        self
    }

    /// For each revision in order, whether it is `target` or one of its ancestors.
    pub fn ancestry(&self, target: usize) -> Vec<bool> {
        let places = self.places();
        let mut within = vec![false; self.revisions.len()];
        within[target] = true;
        // A parent stands before its children, so one way back is enough.
        for index in (0..=target).rev().filter(|&index| self.revisions[index].revises().next().is_some()) {
            if within[index] {
                self.revisions[index]
                    .revises()
                    .filter_map(|id| places.get(id))
                    .for_each(|&parent| within[parent] = true);
            }
        }
        within
    }
}

/// For how many unknown parents a likely one is looked for.
const MOST_SUGGESTIONS: usize = 20;

/// Puts the files into an order in which each follows what it revises; `None` where they are no chain. A chain may have
/// defects all the same.
pub fn link(files: Vec<Parsed>, lock: Option<&Lock>, defects: &mut Vec<Defect>) -> Option<Chain> {
    let mut linker = Linker::new(&files, lock, defects);
    let order = linker.resolve();
    linker.find_several_heads();
    let is_chain = linker.complete && linker.found.is_empty() && order.len() == files.len();
    linker.find_changes();
    linker.find_dates_before_parents(&order);
    if !is_chain {
        return None;
    }
    let chain = build(files, &order)?;
    if let Some(lock) = lock {
        lock.find_other_order(&chain, defects);
    }
    Some(chain)
}

/// Two branches that no merge joins.
pub(crate) struct Branches {
    /// Their heads: the one that counts, and the oldest of the others.
    pub(crate) heads: [usize; 2],
    /// What only leads to the one, and to the other, in the order of the chain.
    pub(crate) branches: [Vec<usize>; 2],
}

/// The two branches that the files have; nothing where they have one head, or are no chain for other reasons.
pub(crate) fn branches(files: &[Parsed], lock: Option<&Lock>, defects: &mut Vec<Defect>) -> Option<Branches> {
    let mut linker = Linker::new(files, lock, defects);
    let order = linker.resolve();
    let (main, others) = linker.heads()?;
    let &second = others.first()?;
    let (to_main, to_second) = (linker.ancestry(main), linker.ancestry(second));
    let only = |of: &HashSet<usize>, not: &HashSet<usize>| {
        order.iter().copied().filter(|index| of.contains(index) && !not.contains(index)).collect()
    };
    Some(Branches {
        heads: [main, second],
        branches: [only(&to_main, &to_second), only(&to_second, &to_main)],
    })
}

/// The files as a graph. An index is a file's place in the list.
struct Linker<'f, 'd> {
    files: &'f [Parsed],
    lock: Option<&'f Lock>,
    defects: &'d mut Vec<Defect>,
    /// How many of each kind were found in what the files say of each other.
    found: HashMap<Code, usize>,
    by_id: HashMap<&'f str, usize>,
    parents: Vec<Vec<usize>>,
    children: Vec<Vec<usize>>,
    /// Whether every file's place is known. Where it is not, what seems to be a second head may be none.
    complete: bool,
    /// What may be ids in names that are bad.
    misnamed: HashSet<String>,
}

impl<'f, 'd> Linker<'f, 'd> {
    fn new(files: &'f [Parsed], lock: Option<&'f Lock>, defects: &'d mut Vec<Defect>) -> Self {
        let complete = files.iter().all(|file| file.id.is_some() && file.revises.is_some());
        let none = vec![Vec::new(); files.len()];
        let mut misnamed = HashSet::new();
        for file in files.iter().filter(|file| file.id.is_none()) {
            let name = source::file_name(&file.path).to_ascii_lowercase();
            misnamed.extend(name.split(|c: char| !c.is_ascii_alphanumeric()).map(str::to_owned));
        }
        let (parents, children) = (none.clone(), none);
        let (found, by_id) = (HashMap::new(), HashMap::new());
        Self { files, lock, defects, found, by_id, parents, children, complete, misnamed }
    }

    /// Adds a defect, which is only made if there are not more of its kind than are told.
    fn tell(&mut self, code: Code, make: impl FnOnce(&Self) -> Defect) {
        let mut found = self.found.remove(&code).unwrap_or_default();
        let mut defects = std::mem::take(self.defects);
        tell(&mut defects, code, &mut found, || make(self));
        *self.defects = defects;
        self.found.insert(code, found);
    }

    /// Makes the graph, and reports what keeps files from having a place in it. Gives their order.
    fn resolve(&mut self) -> Vec<usize> {
        self.find_duplicates();
        self.find_missing();
        self.resolve_parents();
        self.find_several_roots();
        let order = self.sort();
        self.find_cycles(&order);
        order
    }

    fn id(&self, index: usize) -> &'f str {
        self.files[index].id.as_deref().unwrap_or_default()
    }

    /// The order of revisions that could come in any.
    fn age(&self, index: usize) -> impl Ord + use<'f> {
        (self.files[index].date, &self.files[index].path)
    }

    /// The order in which branches are told apart: what is locked stays, then what is older.
    fn rank(&self, index: usize) -> impl Ord + use<'f> {
        let is_locked = self.lock.is_some_and(|lock| lock.has(self.id(index)));
        (!is_locked, self.files[index].date, &self.files[index].path)
    }

    /// A defect at what the file at `index` says of its parents, or of the one with the id `parent`.
    fn at_revises(
        &self,
        code: Code,
        title: String,
        index: usize,
        parent: Option<&str>,
        note: &str,
    ) -> Defect {
        let file = &self.files[index];
        let defect = Defect::new(code, title).at(&file.path);
        let Some(revises) = &file.revises else {
            return defect;
        };
        let named = revises.parents.iter().find(|(id, _)| Some(id.as_str()) == parent);
        let span = named.map_or(&revises.span, |(_, span)| span);
        defect.showing(Snippet::new(&file.text, 1, span.clone(), note))
    }

    fn find_duplicates(&mut self) {
        // The one from which all of them count on.
        let highest = OnceCell::new();
        for (index, file) in self.files.iter().enumerate() {
            let Some(id) = file.id.as_deref() else { continue };
            let Some(&first) = self.by_id.get(id) else {
                self.by_id.insert(id, index);
                continue;
            };
            self.complete = false;
            // The one that is released keeps its id.
            let is_locked = |file: &Parsed| self.lock.is_some_and(|lock| lock.is_of(file));
            let (kept, other) = if is_locked(file) { (index, first) } else { (first, index) };
            self.by_id.insert(id, kept);
            self.tell(Code::DuplicateRevision, |linker| {
                let ids = linker.files.iter().filter_map(|file| file.id.as_deref());
                let highest = highest.get_or_init(|| ids.max_by_key(|id| id.parse::<u64>().ok()));
                let next =
                    next_id(id, highest.iter().copied()).unwrap_or_else(|| "a free revision".to_owned());
                Defect::new(Code::DuplicateRevision, format!("two files are revision {id}"))
                    .with(&linker.files[kept].path)
                    .at(&linker.files[other].path)
                    .help(format!(
                        "rename this one to {next}, and let it revise the revision that comes before it"
                    ))
            });
        }
    }

    /// What is locked and gone. What revises it is then not told that it is unknown.
    fn find_missing(&mut self) {
        if let Some(lock) = self.lock {
            let misnamed = |id: &&str| self.is_misnamed(id);
            let mut ids: HashSet<&str> = self.by_id.keys().copied().collect();
            ids.extend(lock.ids().filter(misnamed));
            if lock.find_missing(&ids, self.defects) {
                self.found.insert(Code::LockedRevisionMissing, 1);
            }
        }
    }

    /// What is locked and not what it was.
    fn find_changes(&mut self) {
        if let Some(lock) = self.lock {
            let mut indexes: Vec<usize> = self.by_id.values().copied().collect();
            indexes.sort_unstable();
            indexes.iter().for_each(|&index| lock.find_change(&self.files[index], self.defects));
        }
    }

    fn resolve_parents(&mut self) {
        let mut unknown = 0;
        for (index, file) in self.files.iter().enumerate() {
            for (id, _) in file.revises.iter().flat_map(|revises| &revises.parents) {
                match self.by_id.get(id.as_str()) {
                    _ if file.id.as_ref() == Some(id) => {
                        self.complete = false;
                        self.tell(Code::SelfParent, |linker| {
                            let title = format!("revision {id} revises itself");
                            let help = "name the revision that it follows, or base if it is the first";
                            linker
                                .at_revises(Code::SelfParent, title, index, Some(id), "its own id")
                                .help(help)
                        });
                    }
                    Some(&parent) => {
                        self.parents[index].push(parent);
                        self.children[parent].push(index);
                    }
                    None if self.is_misnamed(id) || self.lock.is_some_and(|lock| lock.has(id)) => {
                        self.complete = false;
                    }
                    None => {
                        self.complete = false;
                        unknown += 1;
                        self.tell(Code::UnknownParent, |linker| {
                            let title = format!("there is no revision {id} to revise");
                            let others =
                                linker.by_id.keys().copied().filter(|&other| other != linker.id(index));
                            // It takes the whole chain to find one, and where many are unknown, a directory is missing.
                            let likely =
                                if unknown <= MOST_SUGGESTIONS { did_you_mean(id, others) } else { None };
                            let help = match likely {
                                Some(known) => format!("did you mean {known}? If not, add the file of {id}"),
                                None => format!("add the file of {id}, or name a revision that is there"),
                            };
                            let note = "no file has this revision";
                            linker.at_revises(Code::UnknownParent, title, index, Some(id), note).help(help)
                        });
                    }
                }
            }
        }
        for index in 0..self.files.len() {
            let mut children = std::mem::take(&mut self.children[index]);
            children.sort_by(|&a, &b| self.rank(a).cmp(&self.rank(b)));
            self.children[index] = children;
        }
    }

    /// Whether the revision `id` seems to be there, in a file whose name is bad: then that is the mistake.
    fn is_misnamed(&self, id: &str) -> bool {
        self.misnamed.contains(id)
    }

    /// `order` has no circles, in which one is always dated before another.
    fn find_dates_before_parents(&mut self, order: &[usize]) {
        let sorted: HashSet<usize> = order.iter().copied().collect();
        for (index, file) in self.files.iter().enumerate() {
            for place in 0..self.parents[index].len() {
                let parent = self.parents[index][place];
                let (Some(date), Some(before)) = (file.date, self.files[parent].date) else { continue };
                if date < before && sorted.contains(&parent) {
                    self.tell(Code::DatedBeforeParent, |linker| {
                        let (id, parent_id) = (linker.id(index), linker.id(parent));
                        let title = format!("{id} is dated {date:#}, before {parent_id}, which it revises");
                        let note = format!("{parent_id} is dated {before:#}");
                        let help = format!(
                            "date its file {} or later, or check that it revises the right revision",
                            before.prefix()
                        );
                        linker
                            .at_revises(Code::DatedBeforeParent, title, index, Some(parent_id), &note)
                            .with(&linker.files[parent].path)
                            .help(help)
                    });
                }
            }
        }
    }

    fn find_several_roots(&mut self) {
        let is_root = |file: &Parsed| file.revises.as_ref().is_some_and(|revises| revises.parents.is_empty());
        let mut roots: Vec<_> =
            self.by_id.values().copied().filter(|&index| is_root(&self.files[index])).collect();
        roots.sort_by(|&a, &b| self.rank(a).cmp(&self.rank(b)));
        let Some((&first, others)) = roots.split_first() else { return };
        for &other in others {
            self.complete = false;
            self.tell(Code::MultipleRoots, |linker| {
                let note = format!("{} is the first revision", linker.id(first));
                let title = "two revisions revise base: only one can".to_owned();
                let help = format!("make {} revise the revision that comes before it", linker.id(other));
                linker
                    .at_revises(Code::MultipleRoots, title, other, None, &note)
                    .with(&linker.files[first].path)
                    .help(help)
            });
        }
    }

    /// The files from the first on, each after its parents, and of several that could follow, the oldest. What
    /// is in a circle, or behind one, is left out.
    fn sort(&self) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.parents.iter().map(Vec::len).collect();
        let mut ready: BTreeSet<_> = (0..self.files.len())
            .filter(|&index| waiting[index] == 0)
            .map(|index| (self.age(index), index))
            .collect();
        let mut order = Vec::with_capacity(self.files.len());
        while let Some((_, index)) = ready.pop_first() {
            order.push(index);
            for &child in &self.children[index] {
                waiting[child] -= 1;
                if waiting[child] == 0 {
                    ready.insert((self.age(child), child));
                }
            }
        }
        order
    }

    fn find_cycles(&mut self, order: &[usize]) {
        let sorted: HashSet<usize> = order.iter().copied().collect();
        let mut seen = sorted.clone();
        for start in 0..self.files.len() {
            // From what was not sorted, some way back never ends: it leads into a circle.
            let mut way = Vec::new();
            let mut at = start;
            while seen.insert(at) {
                way.push(at);
                at = *self.parents[at].iter().find(|parent| !sorted.contains(parent)).unwrap_or(&at);
            }
            if let Some(from) = way.iter().position(|&index| index == at) {
                self.complete = false;
                self.tell(Code::Cycle, |linker| linker.cycle(&way[from..]));
            }
        }
    }

    /// `circle`, which is not empty, goes from each to one of its parents.
    fn cycle(&self, circle: &[usize]) -> Defect {
        let youngest = circle.iter().copied().max_by(|&a, &b| self.age(a).cmp(&self.age(b)));
        let oldest = circle.iter().copied().min_by(|&a, &b| self.age(a).cmp(&self.age(b)));
        let (youngest, oldest) = (youngest.unwrap_or_default(), oldest.unwrap_or_default());
        // Told in the order of revisions, from the oldest and back to it.
        let from = circle.iter().position(|&index| index == oldest).unwrap_or_default();
        let ids = circle[from + 1..].iter().chain(&circle[..=from]).rev().map(|&index| self.id(index));
        let told = ids.chain([self.id(oldest)]).collect::<Vec<_>>().join(" → ");
        let within: HashSet<usize> = circle.iter().copied().collect();
        let parent = self.parents[oldest].iter().find(|parent| within.contains(parent));
        let parent = parent.map(|&parent| self.id(parent));
        let note = "its file is the oldest of them";
        let mut defect = self.at_revises(
            Code::Cycle,
            format!("revisions revise each other: {told}"),
            oldest,
            parent,
            note,
        );
        if youngest != oldest {
            defect = defect.with(&self.files[youngest].path);
        }
        defect.help(format!("make {} revise the revision before the cycle", self.id(oldest)))
    }

    /// Reports each head but one: the one that is reached by taking the oldest branch of every fork.
    fn find_several_heads(&mut self) {
        let Some((main, others)) = self.heads() else { return };
        // What leads to a head that is accounted for.
        let mut known = self.ancestry(main);
        for head in others {
            let mut branch = head;
            // Every way back ends at the root, which is known.
            while let Some(&parent) = self.parents[branch].first() {
                if let Some(&fork) = self.parents[branch].iter().find(|parent| known.contains(parent)) {
                    self.complete = false;
                    self.tell(Code::MultipleHeads, |linker| linker.second_head(fork, branch, head, &known));
                    break;
                }
                branch = parent;
            }
            self.add_ancestry(head, &mut known);
        }
    }

    /// The head that counts, and the others from the oldest on; nothing where there is one head, or where that cannot
    /// be told.
    fn heads(&self) -> Option<(usize, Vec<usize>)> {
        let heads = (0..self.files.len()).filter(|&index| self.children[index].is_empty());
        let mut heads: Vec<usize> = heads.collect();
        if !self.complete || heads.len() < 2 {
            return None;
        }
        let root = (0..self.files.len()).find(|&index| self.parents[index].is_empty())?;
        let main = self.oldest_head(root);
        heads.retain(|&head| head != main);
        heads.sort_by(|&a, &b| self.rank(a).cmp(&self.rank(b)));
        Some((main, heads))
    }

    fn oldest_head(&self, mut index: usize) -> usize {
        while let Some(&child) = self.children[index].first() {
            index = child;
        }
        index
    }

    /// The file and all that it revises, near or far.
    fn ancestry(&self, index: usize) -> HashSet<usize> {
        let mut found = HashSet::new();
        self.add_ancestry(index, &mut found);
        found
    }

    /// Adds them to others whose ancestry is among them already.
    fn add_ancestry(&self, index: usize, found: &mut HashSet<usize>) {
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            if found.insert(index) {
                open.extend(&self.parents[index]);
            }
        }
    }

    /// The branch from `second` to `other` leaves at `fork` what is `known` to lead to another head.
    fn second_head(&self, fork: usize, second: usize, other: usize, known: &HashSet<usize>) -> Defect {
        let next = |index: usize| self.children[index].iter().copied().find(|child| known.contains(child));
        let first = next(fork).unwrap_or(fork);
        let mut head = first;
        while let Some(child) = next(head) {
            head = child;
        }
        let (head_id, second_id) = (self.id(head), self.id(second));
        let date = self.files[head].date.map(|date| date.to_string()).unwrap_or_default();
        let later = match (self.files[head].date, self.files[second].date) {
            (Some(head), Some(second)) if second < head => {
                format!(", and date its file {} or later", head.prefix())
            }
            _ => String::new(),
        };
        let title = format!("two revisions revise {}: only one can", self.id(fork));
        let note = format!("{head_id} is the head since {date}");
        let help = match self.lock.is_some_and(|lock| lock.has(second_id)) {
            true => format!(
                "both are released: merge them in a new revision, `-- @revises {head_id} {}`",
                self.id(other)
            ),
            false => format!("make {second_id} revise {head_id}{later}"),
        };
        self.at_revises(Code::MultipleHeads, title, second, Some(self.id(fork)), &note)
            .with(&self.files[first].path)
            .help(help)
    }
}

/// The id that counts on from the highest of `ids`, as wide as `like`; `None` where `like` is no number.
pub fn next_id<'i>(like: &str, ids: impl Iterator<Item = &'i str>) -> Option<String> {
    like.parse::<u64>().ok()?;
    let highest = ids.filter_map(|id| id.parse::<u64>().ok()).max()?;
    let next = highest.checked_add(1)?;
    Some(format!("{next:0width$}", width = like.len()))
}

/// Makes the revisions, if every file says enough of them.
fn build(files: Vec<Parsed>, order: &[usize]) -> Option<Chain> {
    let mut files: Vec<Option<Parsed>> = files.into_iter().map(Some).collect();
    let mut chain_checksums: HashMap<String, [u8; 32]> = HashMap::new();
    let mut revisions = Vec::with_capacity(order.len());
    for &index in order {
        let Parsed { path, id, date, revises, body, checksum, .. } = files[index].take()?;
        let (id, body, checksum) = (id?, body?, checksum?);
        let parents: Vec<String> = revises?.parents.into_iter().map(|(id, _)| id).collect();
        let before = parents.iter().filter_map(|id| chain_checksums.get(id));
        let chain_checksum = checksum::chain(before, &checksum);
        chain_checksums.insert(id.clone(), chain_checksum);
        revisions.push(Revision {
            id: Cow::Owned(id),
            parents: Cow::Owned(parents.join(" ")),
            path: Cow::Owned(path),
            date: date?,
            summary: Cow::Owned(body.summary),
            upgrade: body.upgrade,
            downgrade: body.downgrade,
            destroys: Cow::Owned(body.destroys),
            is_compatible: body.is_compatible,
            checksum,
            chain_checksum,
            proven: None,
        });
    }
    let window = marker::window(&revisions);
    Some(Chain { revisions: Cow::Owned(revisions), window })
}
