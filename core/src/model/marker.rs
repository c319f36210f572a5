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
fn salt(revision: &Revision, offset: u8) -> u32 {
    let part = |bytes: &[u8; 32]| {
        let bytes = bytes.iter().skip(usize::from(offset) * 4).take(4);
        bytes.fold(0, |word, &byte| word << 8 | u32::from(byte))
    };
    (part(revision.chain_checksum()) ^ revision.fingerprint().map_or(0, part)) & SALT_MASK
}

/// Returns the marker for a database at `revision` with this `schema_version`.
pub(crate) fn marker(revision: &Revision, offset: u8, schema_version: i32) -> i32 {
    let salt = salt(revision, offset);
    let sum = salt.wrapping_add(u32::from_ne_bytes(schema_version.to_ne_bytes())) & SALT_MASK;
    i32::from_ne_bytes((TAG | sum).to_ne_bytes())
}

/// Returns `true` if revchain may overwrite a `user_version`: a zero or a marker.
pub fn is_unclaimed(user_version: i32) -> bool {
    user_version == 0 || u32::from_ne_bytes(user_version.to_ne_bytes()) & TAG_MASK == TAG
}
