//! The texts that SQLite keeps of a schema, all in one: to find out whether anything has changed, nothing is faster.

use std::cell::OnceCell;
use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::{Part, Schema};

/// No text has it: SQLite ends a statement there.
const SEPARATOR: char = '\0';

/// The texts of a schema, and the normal form of a part of it, which is made where it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    joined: String,
    part: Part,
    schema: OnceCell<Schema>,
}

impl Texts {
    /// Those that are joined here by NULs, each the `sql` of a row of `sqlite_schema`.
    pub fn new(joined: String, part: Part) -> Self {
        Self { joined, part, schema: OnceCell::new() }
    }

    /// In normal form, the part that is looked at.
    pub fn schema(&self) -> &Schema {
        self.schema.get_or_init(|| Schema::read_part(self.iter(), &self.part))
    }

    /// Whether nothing is in that part.
    pub fn is_empty(&self) -> bool {
        self.joined.is_empty() || self.schema().is_empty()
    }

    /// What the texts come to; `None` where they are more than what is looked at.
    pub(crate) fn sum(&self) -> Option<Sum> {
        let mut sum = Sum::default();
        sum.change([], self.iter());
        self.part.is_all().then_some(sum)
    }

    /// The texts that only this one has, and those that only the other has.
    pub fn changes<'d>(&'d self, other: &'d Self) -> (Vec<&'d str>, Vec<&'d str>) {
        let shorter = self.joined.len().min(other.joined.len());
        let tail = |texts: &'d Self, length: usize| &texts.joined.as_bytes()[texts.joined.len() - length..];
        // Whole ranges are compared, which takes no time even where nothing is optimised.
        let is_same = |length| self.joined.as_bytes()[..length] == other.joined.as_bytes()[..length];
        let start = longest(shorter, is_same);
        let start =
            self.joined.as_bytes()[..start].iter().rposition(|&byte| byte == 0).map_or(0, |nul| nul + 1);
        let end = longest(shorter - start, |length| tail(self, length) == tail(other, length));
        let end = tail(self, end).iter().position(|&byte| byte == 0).map_or(0, |nul| end - nul);
        let between = |texts: &'d Self| -> Vec<&'d str> {
            split(&texts.joined[start..texts.joined.len() - end]).collect()
        };
        let (mut old, mut new) = (between(self), between(other));
        let both: HashSet<&str> = old
            .iter()
            .copied()
            .collect::<HashSet<_>>()
            .intersection(&new.iter().copied().collect())
            .copied()
            .collect();
        old.retain(|text| !both.contains(text));
        new.retain(|text| !both.contains(text));
        (old, new)
    }

    fn iter(&self) -> impl Iterator<Item = &str> {
        split(&self.joined)
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.joined == other.joined
    }
}

impl Eq for Texts {}

fn split(joined: &str) -> impl Iterator<Item = &str> {
    joined.split(SEPARATOR).filter(|text| !text.is_empty())
}

/// The greatest length up to `most` of which something is true that is true of every smaller one.
fn longest(most: usize, is_true: impl Fn(usize) -> bool) -> usize {
    let (mut least, mut beyond) = (0, most + 1);
    while beyond - least > 1 {
        let middle = least + (beyond - least) / 2;
        if is_true(middle) {
            least = middle;
        } else {
            beyond = middle;
        }
    }
    least
}

/// What texts come to, in whatever order: the sum of 128 bits of each one's SHA-256. Schemas whose texts come to the same
/// are the same, and need not be read to know it; others may be the same in normal form all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum(u128);

impl Sum {
    pub(crate) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_le_bytes(bytes))
    }

    /// As the macro writes it.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// Takes some texts out, and puts others in.
    pub fn change<'s>(
        &mut self,
        out: impl IntoIterator<Item = &'s str>,
        into: impl IntoIterator<Item = &'s str>,
    ) {
        for text in out {
            self.0 = self.0.wrapping_sub(digest(text));
        }
        for text in into {
            self.0 = self.0.wrapping_add(digest(text));
        }
    }
}

fn digest(text: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(text).into();
    digest.first_chunk().copied().map_or(0, u128::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Texts {
        Texts::new(all.join("\0"), Part::default())
    }

    #[test]
    fn texts_come_to_the_same_in_any_order_and_to_nothing_else() {
        let all = ["CREATE TABLE a (b)", "CREATE INDEX i ON a (b)", "CREATE TABLE c (d)"];
        let sum = texts(&all).sum();
        assert_eq!(texts(&[all[2], all[0], all[1]]).sum(), sum);
        assert_ne!(texts(&all[..2]).sum(), sum);
        assert_ne!(texts(&[all[0], all[1], all[1]]).sum(), sum);
        assert_ne!(texts(&["CREATE TABLE a (B)", all[1], all[2]]).sum(), sum);
        let mut changed = texts(&all[..2]).sum().expect("it is all");
        changed.change([all[1]], [all[2], all[1]]);
        assert_eq!(Some(changed), sum);
        assert_eq!(Sum::from_bytes(changed.to_bytes()), changed);
    }

    #[test]
    fn what_is_more_than_is_looked_at_comes_to_nothing() {
        let part = Part { ignored: vec!["c".to_owned()], ..Part::default() };
        assert_eq!(Texts::new("CREATE TABLE c (d)".to_owned(), part.clone()).sum(), None);
        assert!(Texts::new("CREATE TABLE c (d)".to_owned(), part).is_empty());
    }
}
