//! The fingerprint: SHA-256 over the digests of all that is in a schema.
//!
//! The digests are kept sorted in 64 buckets, by their first byte; the fingerprint is SHA-256 over the text
//! `revchain schema 1`, a NUL, and the SHA-256 of each bucket. So a change to a schema of a thousand tables costs a
//! few blocks, and a thousand revisions can each have theirs.

use sha2::{Digest, Sha256};

const BUCKETS: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Digests {
    buckets: Vec<Vec<[u8; 32]>>,
    sums: Vec<[u8; 32]>,
}

impl Default for Digests {
    fn default() -> Self {
        Self { buckets: vec![Vec::new(); BUCKETS], sums: vec![sum(&[]); BUCKETS] }
    }
}

impl Digests {
    /// Takes some digests out, and puts others in.
    pub(super) fn change(&mut self, out: &[[u8; 32]], into: &[[u8; 32]]) {
        for digest in out {
            let bucket = &mut self.buckets[place(digest)];
            if let Ok(at) = bucket.binary_search(digest) {
                bucket.remove(at);
            }
        }
        for digest in into {
            let bucket = &mut self.buckets[place(digest)];
            let at = bucket.binary_search(digest).unwrap_or_else(|at| at);
            bucket.insert(at, *digest);
        }
        for digest in out.iter().chain(into) {
            let place = place(digest);
            self.sums[place] = sum(&self.buckets[place]);
        }
    }

    /// How many digests only one of the two has.
    pub(super) fn distance(&self, other: &Self) -> usize {
        let only = |one: &[[u8; 32]], other: &[[u8; 32]]| {
            one.iter().filter(|digest| other.binary_search(digest).is_err()).count()
        };
        let buckets = self.buckets.iter().zip(&other.buckets);
        buckets.map(|(one, other)| only(one, other) + only(other, one)).sum()
    }

    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let sums = self.sums.as_flattened();
        Sha256::new_with_prefix(b"revchain schema 1\0").chain_update(sums).finalize().into()
    }
}

fn place(digest: &[u8; 32]) -> usize {
    usize::from(digest[0]) % BUCKETS
}

fn sum(bucket: &[[u8; 32]]) -> [u8; 32] {
    Sha256::digest(bucket.as_flattened()).into()
}
