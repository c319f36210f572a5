//! The checksums: what pins a revision, and what pins its history.
//!
//! A revision's checksum is SHA-256 over these texts, each followed by a NUL byte, which none of them contains:
//!
//! 1. `revchain 1`
//! 2. the id
//! 3. each parent's id in the order in which `@revises` names them, and an empty text
//! 4. `upgrade`; of each statement each token as it is written, and an empty text; and another empty text
//! 5. `downgrade` and its statements likewise, or `irreversible`
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
    let mut texts = Vec::new();
    push(&mut texts, "revchain 1");
    push(&mut texts, id);
    parents.for_each(|parent| push(&mut texts, parent));
    push(&mut texts, "");
    push(&mut texts, "upgrade");
    push_half(&mut texts, upgrade);
    match downgrade {
        Downgrade::Sql(half) => {
            push(&mut texts, "downgrade");
            push_half(&mut texts, half);
        }
        Downgrade::Irreversible(_) => push(&mut texts, "irreversible"),
    }
    Sha256::digest(texts).into()
}

fn push(texts: &mut Vec<u8>, text: &str) {
    texts.extend_from_slice(text.as_bytes());
    texts.push(0);
}

fn push_half(texts: &mut Vec<u8>, half: &Half) {
    for statement in half.statements() {
        let sql = statement.sql();
        sql::each_token(sql)
            .filter(|token| !token.is_comment())
            .for_each(|token| push(texts, token.text(sql)));
        push(texts, "");
    }
    push(texts, "");
}

/// SHA-256 over the statements of one half alone, in the same form.
pub fn half(half: &Half) -> [u8; 32] {
    let mut texts = Vec::new();
    push_half(&mut texts, half);
    Sha256::digest(texts).into()
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

/// A checksum in hexadecimal, as it is stamped.
pub fn hex(checksum: &[u8; 32]) -> String {
    checksum.iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
