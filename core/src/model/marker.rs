//! The marker: the `user_version` that identifies the revision of a database.
//!
//! With a marker, a program finds the revision of a database without reading any table.
//! The four top bits of a marker are a tag. The numbers that applications use lack the tag.
//! The other bits are (salt + schema version) mod 2²⁸.
//!
//! - The *salt* is 28 bits of the revision's chain checksum and fingerprint.
//!   It is unique for each revision of the chain.
//! - The schema version is SQLite's count of schema changes. Every DDL statement increases it.
//!
//! So a marker is valid for one revision, and only until the schema changes.

use std::collections::HashSet;

use crate::Revision;

const TAG: u32 = 0xa000_0000;
const TAG_MASK: u32 = 0xf000_0000;
const SALT_MASK: u32 = 0x0fff_ffff;

/// The number of offsets: a checksum has 8 words of 4 bytes.
const OFFSETS: u8 = 8;

/// Returns the first offset into the checksums that gives each revision a different salt.
///
/// If no offset does so, returns `None`, and the chain has no markers.
pub(crate) fn hash_offset(revisions: &[Revision]) -> Option<u8> {
    (0..OFFSETS).find(|&offset| {
        let salts = revisions.iter().map(|revision| salt(revision, offset));
        salts.collect::<HashSet<u32>>().len() == revisions.len()
    })
}

/// Returns the salt of a revision, made from the checksum and the fingerprint.
///
/// With the fingerprint, builds with and without the proof have different markers.
/// A build without the proof accepts databases that a build with the proof rejects.
pub(crate) fn salt(revision: &Revision, offset: u8) -> u32 {
    let part = |bytes: &[u8; 32]| {
        let bytes = bytes.iter().skip(usize::from(offset) * 4).take(4);
        bytes.fold(0, |word, &byte| word << 8 | u32::from(byte))
    };
    (part(revision.chain_checksum()) ^ revision.fingerprint().map_or(0, part)) & SALT_MASK
}

/// Returns the marker for a database at the revision with this salt and this `schema_version`.
pub fn marker(salt: u32, schema_version: i32) -> i32 {
    let sum = salt.wrapping_add(u32::from_ne_bytes(schema_version.to_ne_bytes())) & SALT_MASK;
    i32::from_ne_bytes((TAG | sum).to_ne_bytes())
}

/// Returns `true` if revchain may overwrite a `user_version`: a zero or a marker.
pub fn is_unclaimed(user_version: i32) -> bool {
    user_version == 0 || u32::from_ne_bytes(user_version.to_ne_bytes()) & TAG_MASK == TAG
}

#[cfg(test)]
mod tests {
    use super::{TAG, hash_offset};
    use crate::model::revision::Proven;
    use crate::schema::SchemaSqlHash;
    use crate::{Chain, Date, Downgrade, Revision, RevisionIndex, Script};

    /// Returns revisions with these chain checksums.
    fn revisions<const N: usize>(checksums: [[u8; 32]; N]) -> Vec<Revision> {
        let revisions = checksums.into_iter().map(|chain_checksum| Revision {
            id: "001".into(),
            parents: "".into(),
            path: "".into(),
            date: Date::MIN,
            summary: "".into(),
            upgrade: Script::new(String::new(), 1, 0, &[]),
            downgrade: Downgrade::Irreversible(String::new()),
            destroys: Vec::new(),
            assumes: Vec::new(),
            was: Vec::new(),
            is_compatible: false,
            is_locked: false,
            checksum: [0; 32],
            chain_checksum,
            proven: None,
        });
        revisions.collect()
    }

    #[test]
    fn equal_salts_move_the_offset() {
        let mut one = [7; 32];
        one[13] = 8;
        assert_eq!(hash_offset(&revisions([one, [7; 32]])), Some(3));
        // Equal salts need not be adjacent.
        assert_eq!(hash_offset(&revisions([one, [7; 32], one])), None);
        assert_eq!(hash_offset(&revisions([[7; 32], [7; 32]])), None);
        // The four top bits belong to the tag.
        let mut high = [0; 32];
        high[0] = 0xf0;
        assert_eq!(hash_offset(&revisions([high, [0; 32]])), None);
    }

    #[test]
    fn marker_depends_on_the_fingerprint() {
        let proven = Proven {
            fingerprint: [9; 32],
            sql_hash: SchemaSqlHash::default(),
        };
        let chain = Chain::new(revisions([[7; 32], [7; 32]])).with_proven([Some(proven)]);
        // Other versions of revchain depend on this value.
        let marker = i32::from_ne_bytes((TAG | 0x0e0e_0e0e).to_ne_bytes());
        assert_eq!(chain.marker(RevisionIndex::new(0), 0), Some(marker));
        assert_eq!(chain.hash_offset, Some(0));
    }
}
