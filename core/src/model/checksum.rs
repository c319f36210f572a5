//! Checksums: the checksum of a revision, and the chain checksum of its whole history.
//!
//! The checksum of a revision is SHA-256 over these texts, each followed by a NUL byte:
//!
//! 1. `revchain 1`
//! 2. the id
//! 3. the id of each parent, in the order of `@revises`, then an empty text
//! 4. `upgrade`, then the checksum of the upgrade in hexadecimal
//! 5. `downgrade`, then the checksum of the downgrade in hexadecimal; or `irreversible`
//!
//! The checksum of a script is SHA-256 over these texts, each followed by a NUL byte:
//!
//! 1. for each statement, the tokens as written, then an empty text
//! 2. for each `@code` line between them, `@code`, the name, `on` and `rows` if the line has these
//!    words, then an empty text
//! 3. an empty text at the end
//! 4. in an upgrade, `@job` and the name of each job, then `@requires` and the name of each
//!    required job
//!
//! The checksum of a revision needs only the checksums of both scripts.
//! So a program can verify one script without the text of the other script.
//!
//! Comments, white space, line ends and stray semicolons are not tokens of a statement.
//! So these do not change a checksum.
//! No text contains a NUL byte, every statement has a token, and none begins with `@code`.
//! So SHA-256 never gets the same bytes for different revisions.

use sha2::{Digest, Sha256};

use crate::sql::tokenizer as sql;
use crate::{Downgrade, Part, Script};

/// Returns the checksum of a revision.
pub fn revision<'p>(
    id: &str,
    parents: impl Iterator<Item = &'p str>,
    upgrade: &Script,
    downgrade: &Downgrade,
) -> [u8; 32] {
    let downgrade = match downgrade {
        Downgrade::Sql(script) => Some(self::script(script)),
        Downgrade::Irreversible(_) => None,
    };
    of_scripts(id, parents, &script(upgrade), downgrade.as_ref())
}

/// Returns the checksum of a revision from the checksums of its scripts.
///
/// `downgrade` is `None` if the revision is irreversible.
pub fn of_scripts<'p>(
    id: &str,
    parents: impl Iterator<Item = &'p str>,
    upgrade: &[u8; 32],
    downgrade: Option<&[u8; 32]>,
) -> [u8; 32] {
    let (upgrade, downgrade) = (hex(upgrade), downgrade.map(hex));
    let mut texts = vec!["revchain 1", id];
    for parent in parents {
        texts.push(parent);
    }
    texts.extend(["", "upgrade", &upgrade]);
    match &downgrade {
        Some(downgrade) => texts.extend(["downgrade", downgrade]),
        None => texts.push("irreversible"),
    }
    Sha256::digest(texts.join("\0") + "\0").into()
}

/// Returns the checksum of a script.
pub fn script(script: &Script) -> [u8; 32] {
    let mut texts = Vec::new();
    for part in script.parts() {
        match part {
            Part::Statement(statement) => {
                let sql = statement.sql();
                for token in sql::each_token(sql).filter(|token| !token.is_comment()) {
                    push(&mut texts, token.text(sql));
                }
            }
            Part::Code(code) => {
                let words: &[&str] = if code.is_on_rows() {
                    &["on", "rows"]
                } else {
                    &[]
                };
                for text in ["@code", code.name()].iter().chain(words) {
                    push(&mut texts, text);
                }
            }
        }
        push(&mut texts, "");
    }
    push(&mut texts, "");
    for job in &script.jobs {
        push(&mut texts, "@job");
        push(&mut texts, job.name());
    }
    for job in &script.requires {
        push(&mut texts, "@requires");
        push(&mut texts, job);
    }
    Sha256::digest(texts).into()
}

fn push(texts: &mut Vec<u8>, text: &str) {
    texts.extend_from_slice(text.as_bytes());
    texts.push(0);
}

/// Returns the chain checksum of a revision.
///
/// The chain checksum is SHA-256 over the chain checksums of the parents, in the order of
/// `@revises`, and the checksum of the revision.
pub fn chain<'p>(parents: impl Iterator<Item = &'p [u8; 32]>, checksum: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for parent in parents {
        hasher.update(parent);
    }
    hasher.update(checksum);
    hasher.finalize().into()
}

/// Iterates over the hexadecimal digits of a checksum.
fn hex_digits(checksum: &[u8; 32]) -> impl Iterator<Item = u8> {
    let digits = checksum.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| b"0123456789abcdef"[usize::from(digit)])
}

/// Returns a checksum in hexadecimal.
pub fn hex(checksum: &[u8; 32]) -> String {
    hex_digits(checksum).map(char::from).collect()
}

/// Returns `true` if `hex` is the checksum in hexadecimal.
pub fn is_hex_of(hex: &str, checksum: &[u8; 32]) -> bool {
    hex.bytes().eq(hex_digits(checksum))
}

/// Parses a checksum in the form that [`hex`] returns. Returns `None` for any other text.
pub fn from_hex(hex: &str) -> Option<[u8; 32]> {
    let mut checksum = [0; 32];
    for (byte, digits) in checksum.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    is_hex_of(hex, &checksum).then_some(checksum)
}
