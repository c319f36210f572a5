//! The checksums: what pins a revision, and what pins its history.
//!
//! A revision's checksum is SHA-256 over these fields, each preceded by its length in bytes as 8 bytes, most
//! significant first, and each count likewise as 8 bytes:
//!
//! 1. the text `revchain checksum 1`
//! 2. the id
//! 3. the count of parents, and each parent's id
//! 4. the upgrade: the byte 1, the count of statements, and of each statement the count of tokens and each token as it is written
//! 5. the downgrade likewise, or the byte 0 where the revision is irreversible
//!
//! Comments, white space, line ends and stray semicolons are no tokens of a statement, so they do not count.

use sha2::{Digest, Sha256};

use crate::revision::{Downgrade, Half};
use crate::sql;

/// The checksum of a revision.
pub fn revision<'p>(
    id: &str,
    parents: impl ExactSizeIterator<Item = &'p str>,
    upgrade: &Half,
    downgrade: &Downgrade,
) -> [u8; 32] {
    let mut hasher = Hasher(Sha256::new());
    hasher.field("revchain checksum 1");
    hasher.field(id);
    hasher.count(parents.len());
    parents.for_each(|parent| hasher.field(parent));
    hasher.half(upgrade);
    match downgrade {
        Downgrade::Sql(half) => hasher.half(half),
        Downgrade::Irreversible(_) => hasher.0.update([0]),
    }
    hasher.0.finalize().into()
}

/// The chain checksum of a revision: SHA-256 over its parents' chain checksums, in the order in which it names
/// them, and its own checksum.
pub fn chain<'p>(parents: impl Iterator<Item = &'p [u8; 32]>, checksum: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parents.for_each(|parent| hasher.update(parent));
    hasher.update(checksum);
    hasher.finalize().into()
}

/// A checksum in hexadecimal, as it is stamped.
pub fn hex(checksum: &[u8; 32]) -> String {
    checksum.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hasher(Sha256);

impl Hasher {
    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    fn field(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn half(&mut self, half: &Half) {
        self.0.update([1]);
        self.count(half.statements.len());
        for statement in half.statements() {
            let text = statement.sql();
            let tokens: Vec<_> = sql::tokens(text).into_iter().filter(|token| !token.is_comment()).collect();
            self.count(tokens.len());
            tokens.iter().for_each(|token| self.field(token.text(text)));
        }
    }
}
