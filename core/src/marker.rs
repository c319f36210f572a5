//! The marker: what `user_version` says of a database that is at a revision, so that an open finds it there without
//! reading a table.
//!
//! Its four top bits are a tag, which no small number has, and which makes it negative. The others are (base + schema
//! version) mod 2²⁸: the *base* is 28 bits of the revision's chain checksum and fingerprint, others for each revision of the chain; the
//! schema version is SQLite's count of changes to the schema, which every DDL statement moves. So a marker holds for
//! one revision, and until somebody changes the schema.

use crate::chain::Chain;
use crate::revision::Revision;

const TAG: u32 = 0xa000_0000;
const TAG_MASK: u32 = 0xf000_0000;
const BASE_MASK: u32 = 0x0fff_ffff;

/// How many bases a chain checksum holds.
const WINDOWS: u8 = 8;

/// Which 28 bits the bases are made of: the first that are another for each revision. None, where all would be the same for
/// some; then there are no markers.
pub(crate) fn window(revisions: &[Revision]) -> Option<u8> {
    (0..WINDOWS).find(|&window| {
        let mut bases: Vec<u32> = revisions.iter().map(|revision| base(revision, window)).collect();
        bases.sort_unstable();
        bases.windows(2).all(|pair| pair[0] != pair[1])
    })
}

/// Made of the fingerprint, too: a build that does not know it takes a database for sound that another would not.
fn base(revision: &Revision, window: u8) -> u32 {
    let start = usize::from(window) * 4;
    let part = |bytes: &[u8; 32]| {
        bytes.get(start..start + 4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes)
    };
    (part(revision.chain_checksum()) ^ revision.fingerprint().map_or(0, part)) & BASE_MASK
}

impl Chain {
    /// The `user_version` of a database at the revision of this place, with this `schema_version`.
    pub fn marker(&self, place: usize, schema_version: i32) -> Option<i32> {
        let base = base(self.revisions().get(place)?, self.window?);
        let sum = base.wrapping_add(u32::from_ne_bytes(schema_version.to_ne_bytes())) & BASE_MASK;
        Some(i32::from_ne_bytes((TAG | sum).to_ne_bytes()))
    }

    /// The place of the revision that a database is at, by its marker and its `schema_version`.
    pub fn marked(&self, marker: i32, schema_version: i32) -> Option<usize> {
        // Nearly always it is the last.
        let count = self.revisions().len();
        (0..count).rev().find(|&place| self.marker(place, schema_version) == Some(marker))
    }
}

/// Whether a `user_version` is free to be written: nobody has set it, or it is a marker.
pub fn is_free(user_version: i32) -> bool {
    user_version == 0 || u32::from_ne_bytes(user_version.to_ne_bytes()) & TAG_MASK == TAG
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::name::Date;
    use crate::revision::{Downgrade, Half, Proven};
    use crate::schema::Sum;

    #[test]
    fn small_numbers_of_either_sign_are_no_markers() {
        for number in (-100_000_000..0).step_by(9_999).chain(1..1_000_000).chain([i32::MAX, i32::MIN]) {
            assert!(!is_free(number), "{number}");
        }
        for number in [0, i32::from_ne_bytes(TAG.to_ne_bytes()), i32::from_ne_bytes((TAG | 1).to_ne_bytes())]
        {
            assert!(is_free(number), "{number}");
        }
    }

    #[test]
    fn where_bases_are_the_same_others_are_taken() {
        let revision = |chain_checksum: [u8; 32]| {
            let half = || Half { sql: "".into(), line: 1, spans: Cow::Borrowed(&[]) };
            Revision {
                id: "001".into(),
                parents: "".into(),
                path: "".into(),
                date: Date::from_number(202601010000),
                summary: "".into(),
                upgrade: half(),
                downgrade: Downgrade::Sql(half()),
                destroys: Cow::Borrowed(&[]),
                is_compatible: false,
                checksum: [0; 32],
                chain_checksum,
                proven: None,
            }
        };
        let mut one = [7; 32];
        one[13] = 8;
        assert_eq!(window(&[revision(one), revision([7; 32])]), Some(3));
        // Wherever in the chain they stand.
        assert_eq!(window(&[revision(one), revision([7; 32]), revision(one)]), None);
        assert_eq!(window(&[revision([7; 32]), revision([7; 32])]), None);
        // The four top bits are the tag's.
        let mut high = [0; 32];
        high[0] = 0xf0;
        assert_eq!(window(&[revision(high), revision([0; 32])]), None);
        let proven = Proven { fingerprint: [9; 32], texts: Sum::default() };
        let known = Revision { proven: Some(proven), ..revision([7; 32]) };
        // Another version of revchain must find the same.
        assert_eq!(base(&known, 0), 0x0e0e_0e0e);
        assert_eq!(window(&[known, revision([7; 32])]), Some(0));
    }
}
