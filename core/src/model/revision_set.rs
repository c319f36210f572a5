//! The index of a revision in a chain, and sets of revisions.

/// The index of a revision in [`Chain::revisions`](super::chain::Chain::revisions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevisionIndex(usize);

impl RevisionIndex {
    /// Makes an index from a position in the list of revisions.
    pub const fn new(position: usize) -> Self {
        Self(position)
    }

    /// Returns the position in the list of revisions.
    pub const fn get(self) -> usize {
        self.0
    }
}

/// A set of revisions of one chain, such as the revisions of a database.
///
/// The list has a `bool` for each revision of the chain: `true` if the set contains the revision.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RevisionSet(Vec<bool>);

impl RevisionSet {
    /// Returns the empty set for a chain of `length` revisions.
    pub fn empty(length: usize) -> Self {
        Self(vec![false; length])
    }

    /// Returns the set of all revisions of a chain of `length` revisions.
    pub fn full(length: usize) -> Self {
        Self(vec![true; length])
    }

    /// Returns the set of the first revisions up to `last`, for a chain of `length` revisions.
    pub fn up_to(last: RevisionIndex, length: usize) -> Self {
        let mut set = Self::empty(length);
        set.0[..=last.0].fill(true);
        set
    }

    /// Adds a revision.
    pub fn insert(&mut self, index: RevisionIndex) {
        self.0[index.0] = true;
    }

    /// Removes a revision.
    pub fn remove(&mut self, index: RevisionIndex) {
        self.0[index.0] = false;
    }

    /// Adds all revisions of another set.
    pub fn extend(&mut self, other: &Self) {
        for index in other.iter() {
            self.insert(index);
        }
    }

    /// Returns `true` if the set contains the revision.
    pub fn contains(&self, index: RevisionIndex) -> bool {
        self.0.get(index.0) == Some(&true)
    }

    /// Returns `true` if the set contains no revision.
    pub fn is_empty(&self) -> bool {
        self.newest().is_none()
    }

    /// Returns the number of revisions in the set.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Returns the revision of the set that is last in the order of the chain.
    pub fn newest(&self) -> Option<RevisionIndex> {
        self.iter().next_back()
    }

    /// Returns `true` if the set lacks no revision of the chain before the newest in the set.
    pub fn is_prefix(&self) -> bool {
        let missing = self.first_missing();
        missing.is_none() || missing > self.newest()
    }

    /// Returns the first revision of the chain that the set lacks.
    pub fn first_missing(&self) -> Option<RevisionIndex> {
        self.missing().next()
    }

    /// Iterates over the set in the order of the chain.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = RevisionIndex> + '_ {
        self.chain().filter(|&index| self.contains(index))
    }

    /// Iterates over the revisions of the chain that the set lacks, in order.
    pub fn missing(&self) -> impl DoubleEndedIterator<Item = RevisionIndex> + '_ {
        self.chain().filter(|&index| !self.contains(index))
    }

    /// Iterates over all revisions of the chain.
    fn chain(&self) -> impl DoubleEndedIterator<Item = RevisionIndex> + use<> {
        (0..self.0.len()).map(RevisionIndex)
    }
}
