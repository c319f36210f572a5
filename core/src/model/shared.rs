//! Texts and lists that share one allocation.
//!
//! The ids, paths, summaries and scripts of an embedded chain are parts of one text.
//! So decoding allocates nothing for each of them.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// A part of a text or of a list. Clones share the allocation.
pub struct Shared<B: ?Sized> {
    whole: Arc<B>,
    start: u32,
    end: u32,
}

/// A part of a text that other parts share.
pub type Text = Shared<str>;

impl<B: ?Sized> Shared<B> {
    pub(crate) fn new(whole: &Arc<B>, range: Range<u32>) -> Self {
        Self {
            whole: Arc::clone(whole),
            start: range.start,
            end: range.end,
        }
    }

    /// Makes the value a part of another text or list, with the same range.
    pub(crate) fn attach(&mut self, whole: &Arc<B>) {
        self.whole = Arc::clone(whole);
    }

    /// Returns the range. A `usize` has at least 32 bits on each system that SQLite supports.
    fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl Deref for Shared<str> {
    type Target = str;

    fn deref(&self) -> &str {
        self.whole.get(self.range()).unwrap_or_default()
    }
}

impl<T> Deref for Shared<[T]> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.whole.get(self.range()).unwrap_or_default()
    }
}

impl<B: ?Sized> Clone for Shared<B> {
    fn clone(&self) -> Self {
        Self::new(&self.whole, self.start..self.end)
    }
}

impl<S: Into<Arc<str>>> From<S> for Text {
    fn from(text: S) -> Self {
        let whole = text.into();
        // A file has at most 64 MiB, so every length fits in a `u32`.
        let end = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        Self::new(&whole, 0..end)
    }
}

impl<T> FromIterator<T> for Shared<[T]> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let whole: Arc<[T]> = items.into_iter().collect();
        let end = u32::try_from(whole.len()).unwrap_or(u32::MAX);
        Self::new(&whole, 0..end)
    }
}

impl<B: ?Sized + PartialEq> PartialEq for Shared<B>
where
    Self: Deref<Target = B>,
{
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<B: ?Sized + Eq> Eq for Shared<B> where Self: Deref<Target = B> {}

impl<B: ?Sized + fmt::Debug> fmt::Debug for Shared<B>
where
    Self: Deref<Target = B>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
