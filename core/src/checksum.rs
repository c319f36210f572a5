//! The checksums: what pins a revision, and what pins its history.
//!
//! A revision's checksum is SHA-256 over these texts, each followed by a NUL byte, which none of them contains:
//!
//! 1. `revchain 1`
//! 2. the id
//! 3. each parent's id in the order in which `@revises` names them, and an empty text
//! 4. `upgrade`, and the checksum of that half in hexadecimal
//! 5. `downgrade` and the checksum of that half likewise, or `irreversible`
//!
//! That of a half is SHA-256 over its statements: of each, each token as it is written, and an empty text; and another empty
//! text; with NUL bytes likewise. So one half can be held against a checksum without the other, of which only the checksum is known.
//!
//! Comments, white space, line ends and stray semicolons are no tokens of a statement, so they do not count. No
//! statement is without a token, so no two revisions give the same texts.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::revision::{Downgrade, Half};
use crate::sql;

/// The checksum of a revision.
pub fn revision<'p>(
    id: &str,
    parents: impl Iterator<Item = &'p str>,
    upgrade: &Half,
    downgrade: &Downgrade,
) -> [u8; 32] {
    let downgrade = match downgrade {
        Downgrade::Sql(half) => Some(self::half(half)),
        Downgrade::Irreversible(_) => None,
    };
    of_halves(id, parents, &half(upgrade), downgrade.as_ref())
}

/// The checksum of a revision whose halves have these checksums; one without a downgrade is irreversible.
pub fn of_halves<'p>(
    id: &str,
    parents: impl Iterator<Item = &'p str>,
    upgrade: &[u8; 32],
    downgrade: Option<&[u8; 32]>,
) -> [u8; 32] {
    let mut texts = Vec::new();
    push(&mut texts, "revchain 1");
    push(&mut texts, id);
    parents.for_each(|parent| push(&mut texts, parent));
    push(&mut texts, "");
    push(&mut texts, "upgrade");
    push(&mut texts, &hex(upgrade));
    match downgrade {
        Some(downgrade) => {
            push(&mut texts, "downgrade");
            push(&mut texts, &hex(downgrade));
        }
        None => push(&mut texts, "irreversible"),
    }
    Sha256::digest(texts).into()
}

/// The checksum of one half.
pub fn half(half: &Half) -> [u8; 32] {
    let mut texts = Vec::new();
    for statement in half.statements() {
        let sql = statement.sql();
        sql::each_token(sql)
            .filter(|token| !token.is_comment())
            .for_each(|token| push(&mut texts, token.text(sql)));
        push(&mut texts, "");
    }
    push(&mut texts, "");
    Sha256::digest(texts).into()
}

fn push(texts: &mut Vec<u8>, text: &str) {
    texts.extend_from_slice(text.as_bytes());
    texts.push(0);
}

/// The chain checksum of a revision: SHA-256 over its parents' chain checksums, in the order in which it names
/// them, and its own checksum.
pub fn chain<'p>(parents: impl Iterator<Item = &'p [u8; 32]>, checksum: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parents.for_each(|parent| hasher.update(parent));
    hasher.update(checksum);
    hasher.finalize().into()
}

/// Whether this is the checksum in hexadecimal.
pub fn is_hex_of(hex: &str, checksum: &[u8; 32]) -> bool {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = checksum.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    hex.bytes().eq(digits.map(|digit| DIGITS[usize::from(digit)]))
}

/// The checksum that this is in hexadecimal, as [`hex`] writes it.
pub fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let mut checksum = [0; 32];
    let digits = hex.as_bytes().chunks_exact(2);
    for (byte, digits) in checksum.iter_mut().zip(digits) {
        let digits = std::str::from_utf8(digits).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    is_hex_of(hex, &checksum).then_some(checksum)
}

/// A checksum in hexadecimal, as it is stamped.
pub fn hex(checksum: &[u8; 32]) -> String {
    checksum.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
