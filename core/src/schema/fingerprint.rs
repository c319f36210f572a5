//! The fingerprint of a schema: SHA-256 over the digests of its objects.
//!
//! The digests are sorted into 64 buckets by their first byte. The fingerprint hashes the text
//! `revchain schema 1`, a NUL, and the SHA-256 of each bucket.
//!
//! A change to a schema of a thousand tables rehashes only a few buckets. So the build can compute
//! a fingerprint for each of a thousand revisions.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

const BUCKETS: usize = 64;

/// The SHA-256 digest of one object.
pub(super) type Digest = [u8; 32];

/// The digests of a schema's objects. The fingerprint is a hash of these digests.
#[derive(Debug, Clone)]
pub(super) struct Digests {
    buckets: Vec<BTreeSet<Digest>>,
    bucket_hashes: Vec<Digest>,
}

impl Default for Digests {
    fn default() -> Self {
        Self {
            buckets: vec![BTreeSet::new(); BUCKETS],
            bucket_hashes: vec![hash(&BTreeSet::new()); BUCKETS],
        }
    }
}

impl Digests {
    /// Removes the digests in `removed`, and adds the digests in `added`.
    pub(super) fn apply_delta(&mut self, removed: &[Digest], added: &[Digest]) {
        for digest in removed {
            self.buckets[bucket_index(digest)].remove(digest);
        }
        for digest in added {
            self.buckets[bucket_index(digest)].insert(*digest);
        }
        let changed: BTreeSet<usize> = removed.iter().chain(added).map(bucket_index).collect();
        for index in changed {
            self.bucket_hashes[index] = hash(&self.buckets[index]);
        }
    }

    /// Returns the number of digests that only `self` or only `other` has.
    pub(super) fn distance(&self, other: &Self) -> usize {
        let pairs = self.buckets.iter().zip(&other.buckets);
        let distances = pairs.map(|(one, other)| one.symmetric_difference(other).count());
        distances.sum()
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

fn hash(bucket: &BTreeSet<Digest>) -> Digest {
    let digests: Vec<Digest> = bucket.iter().copied().collect();
    Sha256::digest(digests.as_flattened()).into()
}
