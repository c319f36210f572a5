//! The fingerprint of a schema: SHA-256 over the digests of its objects.
//!
//! The digests are sorted into 64 buckets by their first byte. The fingerprint hashes the text
//! `revchain schema 1`, a NUL, and the SHA-256 of each bucket.
//!
//! A change to a schema of a thousand tables rehashes only a few buckets. So the build can compute
//! a fingerprint for each of a thousand revisions.

use sha2::{Digest as _, Sha256};

const BUCKETS: usize = 64;

/// The SHA-256 digest of one object.
pub(super) type Digest = [u8; 32];

/// The digests of a schema's objects. The fingerprint is a hash of these digests.
#[derive(Debug, Clone)]
pub(super) struct Digests {
    /// The sorted digests of each bucket. A bucket is small, so it needs no tree.
    buckets: Vec<Vec<Digest>>,
    bucket_hashes: Vec<Digest>,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            buckets: vec![Vec::new(); BUCKETS],
            bucket_hashes: vec![hash(&[]); BUCKETS],
        }
    }
}

impl Digests {
    /// Removes the digests in `removed`, and adds the digests in `added`.
    pub(super) fn apply_delta(&mut self, removed: &[Digest], added: &[Digest]) {
        let mut is_changed = [false; BUCKETS];
        for digest in removed {
            let index = bucket_index(digest);
            let bucket = &mut self.buckets[index];
            if let Ok(position) = bucket.binary_search(digest) {
                bucket.remove(position);
            }
            is_changed[index] = true;
        }
        for digest in added {
            let index = bucket_index(digest);
            let bucket = &mut self.buckets[index];
            if let Err(position) = bucket.binary_search(digest) {
                bucket.insert(position, *digest);
            }
            is_changed[index] = true;
        }
        for (index, bucket) in self.buckets.iter().enumerate() {
            if is_changed[index] {
                self.bucket_hashes[index] = hash(bucket);
            }
        }
    }

    /// Returns the number of digests that only `self` or only `other` has.
    pub(super) fn distance(&self, other: &Self) -> usize {
        let pairs = self.buckets.iter().zip(&other.buckets);
        let lacking = |one: &[Digest], other: &[Digest]| {
            let is_missing = |digest: &&Digest| other.binary_search(digest).is_err();
            one.iter().filter(is_missing).count()
        };
        pairs
            .map(|(one, other)| lacking(one, other) + lacking(other, one))
            .sum()
    }

    pub(super) fn fingerprint(&self) -> Digest {
        Sha256::new_with_prefix(b"revchain schema 1\0")
            .chain_update(self.bucket_hashes.as_flattened())
            .finalize()
            .into()
    }
}

fn bucket_index(digest: &Digest) -> usize {
    usize::from(digest[0]) % BUCKETS
}

fn hash(bucket: &[Digest]) -> Digest {
    Sha256::digest(bucket.as_flattened()).into()
}
