//! The marker: what `user_version` says of a database that is at a revision, so that an open finds it there without
//! reading a table.
//!
//! Its four top bits are a tag, which no small number has, and which makes it negative. The others are (base + schema
//! version) mod 2²⁸: the *base* is 28 bits of the revision's chain checksum, another one for each revision of the chain; the
//! schema version is SQLite's count of changes to the schema, which every DDL statement moves. So a marker holds for
//! one revision, and until somebody changes the schema.

use crate::chain::Chain;

const TAG: u32 = 0xa000_0000;
const TAG_MASK: u32 = 0xf000_0000;
const BASE_MASK: u32 = 0x0fff_ffff;

/// How many bases a chain checksum holds.
const WINDOWS: u8 = 8;

/// Which 28 bits of the chain checksums are the bases: the first that are another for each revision. None, where all
/// would be the same for some; then there are no markers.
pub(crate) fn window(chain_checksums: &[&[u8; 32]]) -> Option<u8> {
    (0..WINDOWS).find(|&window| {
        let mut bases: Vec<u32> = chain_checksums.iter().map(|checksum| base(checksum, window)).collect();
        bases.sort_unstable();
        bases.windows(2).all(|pair| pair[0] != pair[1])
    })
}

fn base(chain_checksum: &[u8; 32], window: u8) -> u32 {
    let start = usize::from(window) * 4;
    let bytes =
        chain_checksum.get(start..start + 4).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
    u32::from_be_bytes(bytes) & BASE_MASK
}

impl Chain {
    /// The `user_version` of a database at the revision of this place, with this `schema_version`.
    pub fn marker(&self, place: usize, schema_version: i32) -> Option<i32> {
        let base = base(self.revisions().get(place)?.chain_checksum(), self.window?);
        let sum = base.wrapping_add(u32::from_ne_bytes(schema_version.to_ne_bytes())) & BASE_MASK;
        Some(i32::from_ne_bytes((TAG | sum).to_ne_bytes()))
    }
}

/// Whether a `user_version` is free to be written: nobody has set it, or it is a marker.
pub fn is_free(user_version: i32) -> bool {
    user_version == 0 || u32::from_ne_bytes(user_version.to_ne_bytes()) & TAG_MASK == TAG
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_of_either_sign_are_no_markers() {
        for number in (-100_000_000..0).step_by(9_999).chain(1..1_000_000).chain([i32::MAX, i32::MIN]) {
            assert!(!is_free(number), "{number}");
        }
        assert!(is_free(0));
    }

    #[test]
    fn where_bases_are_the_same_others_are_taken() {
        let mut one = [7; 32];
        let other = [7; 32];
        one[13] = 8;
        assert_eq!(window(&[&one, &other]), Some(3));
        assert_eq!(window(&[&other, &other]), None);
        // The four top bits are the tag's.
        let (mut high, low) = ([0; 32], [0; 32]);
        high[0] = 0xf0;
        assert_eq!(window(&[&high, &low]), None);
    }
}
