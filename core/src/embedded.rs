//! The form in which a chain stands in a program: what its revisions say, field by field.
//!
//! rustc takes a few microseconds over a literal in a list, and some ten times as long over a call, a reference to a list or
//! whatever else it evaluates by itself. So the macro writes lists of literals, and one loop makes revisions of them.

use std::borrow::Cow;
use std::mem;

use crate::name::Date;
use crate::revision::{Destroys, Downgrade, Half, Proven, Revision};
use crate::schema::Sum;

/// What `N` revisions say: the place in each list is that in the chain.
#[derive(Debug)]
#[expect(missing_docs, reason = "they are the fields of a revision and its halves")]
pub struct Columns<const N: usize> {
    pub ids: [&'static str; N],
    pub parents: [&'static str; N],
    pub paths: [&'static str; N],
    pub dates: [u64; N],
    pub summaries: [&'static str; N],
    pub upgrades: [&'static str; N],
    pub upgrade_lines: [u32; N],
    pub upgrade_spans: [&'static [u8]; N],
    /// The SQL, or why there is none.
    pub downgrades: [&'static str; N],
    /// 0 where there is no downgrade.
    pub downgrade_lines: [u32; N],
    pub downgrade_spans: [&'static [u8]; N],
    /// By the revision's place, of those that declare anything.
    pub destroys: &'static [(usize, &'static [Destroys])],
    /// The places of those that are compatible, in order.
    pub compatible: &'static [usize],
    pub checksums: [&'static [u8; 32]; N],
    pub chain_checksums: [&'static [u8; 32]; N],
    /// Of the revisions up to the first that is not proven: fingerprints, and the sums of texts.
    pub fingerprints: &'static [&'static [u8; 32]],
    pub texts: &'static [&'static [u8; 16]],
}

impl<const N: usize> Columns<N> {
    /// The revisions themselves.
    pub const fn revisions(&self) -> [Revision; N] {
        let mut revisions = [const { BLANK }; N];
        let (mut destroys, mut compatible) = (self.destroys, self.compatible);
        let mut at = 0;
        while at < N {
            let mut revision = self.revision(at);
            if let [(place, of_this), rest @ ..] = destroys {
                if *place == at {
                    mem::forget(mem::replace(&mut revision.destroys, Cow::Borrowed(of_this)));
                    destroys = rest;
                }
            }
            if let [place, rest @ ..] = compatible {
                if *place == at {
                    revision.is_compatible = true;
                    compatible = rest;
                }
            }
            // An assignment would drop what was there, which a constant cannot.
            mem::forget(mem::replace(&mut revisions[at], revision));
            at += 1;
        }
        revisions
    }

    const fn revision(&self, at: usize) -> Revision {
        let (sql, line, spans) = (self.upgrades[at], self.upgrade_lines[at], self.upgrade_spans[at]);
        let upgrade = Half { sql: Cow::Borrowed(sql), line, spans: Cow::Borrowed(spans) };
        let (sql, line, spans) = (self.downgrades[at], self.downgrade_lines[at], self.downgrade_spans[at]);
        let downgrade = match line {
            0 => Downgrade::Irreversible(Cow::Borrowed(sql)),
            _ => Downgrade::Sql(Half { sql: Cow::Borrowed(sql), line, spans: Cow::Borrowed(spans) }),
        };
        let is_proven = at < self.fingerprints.len();
        Revision {
            id: Cow::Borrowed(self.ids[at]),
            parents: Cow::Borrowed(self.parents[at]),
            path: Cow::Borrowed(self.paths[at]),
            date: Date::from_number(self.dates[at]),
            summary: Cow::Borrowed(self.summaries[at]),
            upgrade,
            downgrade,
            destroys: Cow::Borrowed(&[]),
            is_compatible: false,
            checksum: *self.checksums[at],
            chain_checksum: *self.chain_checksums[at],
            proven: if is_proven {
                Some(Proven { fingerprint: *self.fingerprints[at], texts: Sum::from_bytes(*self.texts[at]) })
            } else {
                None
            },
        }
    }
}

/// Stands where a revision comes to be. It owns what is nowhere, so it has no pointer that would have to be overwritten: rustc
/// would take time for that which is quadratic in their number.
const BLANK: Revision = Revision {
    id: Cow::Owned(String::new()),
    parents: Cow::Owned(String::new()),
    path: Cow::Owned(String::new()),
    date: Date::from_number(1_01_01_00_00),
    summary: Cow::Owned(String::new()),
    upgrade: Half { sql: Cow::Owned(String::new()), line: 0, spans: Cow::Owned(Vec::new()) },
    downgrade: Downgrade::Irreversible(Cow::Owned(String::new())),
    destroys: Cow::Owned(Vec::new()),
    is_compatible: false,
    checksum: [0; 32],
    chain_checksum: [0; 32],
    proven: None,
};
