//! The form of a chain in the output of the macro: one list for each field of the revisions.
//!
//! rustc compiles a literal in a list in a few microseconds.
//! A call, or a reference to a list, takes about ten times as long.
//! So the macro writes lists of literals, and one loop makes the revisions from these lists.

use std::borrow::Cow;
use std::mem;

use crate::model::revision::Proven;
use crate::schema::SchemaSqlHash;
use crate::{Assumes, Date, Destroys, Downgrade, Revision, Script};

/// The fields of `N` revisions. Each array has one element per revision, in the chain's order.
#[derive(Debug)]
#[expect(
    missing_docs,
    reason = "they are the fields of a revision and its scripts"
)]
pub struct Columns<const N: usize> {
    pub ids: [&'static str; N],
    pub parents: [&'static str; N],
    pub paths: [&'static str; N],
    pub dates: [u64; N],
    pub summaries: [&'static str; N],
    pub upgrades: [&'static str; N],
    pub upgrade_lines: [u32; N],
    pub upgrade_spans: [&'static [u8]; N],
    /// The SQL of the downgrade, or the reason why the revision is irreversible.
    pub downgrades: [&'static str; N],
    /// The first line of the downgrade in the file. 0 for an irreversible revision.
    pub downgrade_lines: [u32; N],
    pub downgrade_spans: [&'static [u8]; N],
    /// The index of each revision that declares to destroy data, with the declarations.
    pub destroys: &'static [(usize, &'static [Destroys])],
    /// The index of each revision that declares conditions of rows, with the declarations.
    pub assumes: &'static [(usize, &'static [Assumes])],
    /// The indices of the compatible revisions, in order.
    pub compatible: &'static [usize],
    pub checksums: [&'static [u8; 32]; N],
    pub chain_checksums: [&'static [u8; 32]; N],
    /// The fingerprints of all revisions before the first revision without a proof.
    pub fingerprints: &'static [&'static [u8; 32]],
    /// The hashes of the schema's SQL. The list has the same revisions as `fingerprints`.
    pub sql_hashes: &'static [&'static [u8; 16]],
}

impl<const N: usize> Columns<N> {
    /// Returns the revisions.
    pub const fn revisions(&self) -> [Revision; N] {
        let mut revisions = [const { BLANK }; N];
        let (mut destroys, mut assumes) = (self.destroys, self.assumes);
        let mut compatible = self.compatible;
        let mut index = 0;
        while index < N {
            let mut revision = self.revision(index);
            if let [(position, declared), rest @ ..] = destroys {
                if *position == index {
                    mem::forget(mem::replace(
                        &mut revision.destroys,
                        Cow::Borrowed(declared),
                    ));
                    destroys = rest;
                }
            }
            if let [(position, declared), rest @ ..] = assumes {
                if *position == index {
                    mem::forget(mem::replace(&mut revision.assumes, Cow::Borrowed(declared)));
                    assumes = rest;
                }
            }
            if let [position, rest @ ..] = compatible {
                if *position == index {
                    revision.is_compatible = true;
                    compatible = rest;
                }
            }
            // An assignment would drop the old value. A `const fn` cannot drop a revision.
            mem::forget(mem::replace(&mut revisions[index], revision));
            index += 1;
        }
        revisions
    }

    const fn revision(&self, index: usize) -> Revision {
        let downgrade = match self.downgrade_lines[index] {
            0 => Downgrade::Irreversible(Cow::Borrowed(self.downgrades[index])),
            line => Downgrade::Sql(Script {
                sql: Cow::Borrowed(self.downgrades[index]),
                line,
                spans: Cow::Borrowed(self.downgrade_spans[index]),
            }),
        };
        let proven = if index < self.fingerprints.len() {
            Some(Proven {
                fingerprint: *self.fingerprints[index],
                sql_hash: SchemaSqlHash::from_bytes(*self.sql_hashes[index]),
            })
        } else {
            None
        };
        Revision {
            id: Cow::Borrowed(self.ids[index]),
            parents: Cow::Borrowed(self.parents[index]),
            path: Cow::Borrowed(self.paths[index]),
            date: Date::from_number(self.dates[index]),
            summary: Cow::Borrowed(self.summaries[index]),
            upgrade: Script {
                sql: Cow::Borrowed(self.upgrades[index]),
                line: self.upgrade_lines[index],
                spans: Cow::Borrowed(self.upgrade_spans[index]),
            },
            downgrade,
            destroys: Cow::Borrowed(&[]),
            assumes: Cow::Borrowed(&[]),
            is_compatible: false,
            checksum: *self.checksums[index],
            chain_checksum: *self.chain_checksums[index],
            proven,
        }
    }
}

/// A revision without content: the initial value of each revision in the list.
///
/// All fields are owned and empty, because borrowed fields would make rustc slow.
/// Then the compile time would grow with the square of the number of revisions.
pub(crate) const BLANK: Revision = Revision {
    id: Cow::Owned(String::new()),
    parents: Cow::Owned(String::new()),
    path: Cow::Owned(String::new()),
    date: Date::MIN,
    summary: Cow::Owned(String::new()),
    upgrade: Script {
        sql: Cow::Owned(String::new()),
        line: 0,
        spans: Cow::Owned(Vec::new()),
    },
    downgrade: Downgrade::Irreversible(Cow::Owned(String::new())),
    destroys: Cow::Owned(Vec::new()),
    assumes: Cow::Owned(Vec::new()),
    is_compatible: false,
    checksum: [0; 32],
    chain_checksum: [0; 32],
    proven: None,
};
