//! Markers, and sets of revisions.

use revchain_core::model::embedded::Columns;
use revchain_core::model::marker::is_unclaimed;
use revchain_core::model::revision::Proven;
use revchain_core::schema::SchemaSqlHash;
use revchain_core::{Chain, RevisionIndex, RevisionSet};

/// The bits of every marker that are the same.
const TAG: u32 = 0xa000_0000;

#[test]
fn small_numbers_are_no_markers() {
    for number in (-100_000_000..0)
        .step_by(9_999)
        .chain(1..1_000_000)
        .chain([i32::MAX, i32::MIN])
    {
        assert!(!is_unclaimed(number), "{number}");
    }
    for number in [
        0,
        i32::from_ne_bytes(TAG.to_ne_bytes()),
        i32::from_ne_bytes((TAG | 1).to_ne_bytes()),
    ] {
        assert!(is_unclaimed(number), "{number}");
    }
}

/// Returns a chain of revisions with these chain checksums, and this result of a proof.
fn chain<const N: usize>(checksums: [[u8; 32]; N], proven: Option<Proven>) -> Chain {
    let columns = Columns {
        ids: ["001"; N],
        parents: [""; N],
        paths: [""; N],
        dates: [202601010000; N],
        summaries: [""; N],
        upgrades: [""; N],
        upgrade_lines: [1; N],
        upgrade_spans: [&[]; N],
        downgrades: [""; N],
        downgrade_lines: [1; N],
        downgrade_spans: [&[]; N],
        destroys: &[],
        assumes: &[],
        compatible: &[],
        checksums: [&[0; 32]; N],
        chain_checksums: checksums.map(|checksum| &*Box::leak(Box::new(checksum))),
        fingerprints: &[],
        sql_hashes: &[],
    };
    let revisions = Vec::leak(columns.revisions().to_vec());
    Chain::embedded(revisions, None).with_proven([proven])
}

fn hash_offset<const N: usize>(checksums: [[u8; 32]; N]) -> Option<u8> {
    chain(checksums, None).hash_offset()
}

#[test]
fn equal_salts_move_the_offset() {
    let mut one = [7; 32];
    one[13] = 8;
    assert_eq!(hash_offset([one, [7; 32]]), Some(3));
    // Equal salts need not be adjacent.
    assert_eq!(hash_offset([one, [7; 32], one]), None);
    assert_eq!(hash_offset([[7; 32], [7; 32]]), None);
    // The four top bits belong to the tag.
    let mut high = [0; 32];
    high[0] = 0xf0;
    assert_eq!(hash_offset([high, [0; 32]]), None);
    let proven = Proven {
        fingerprint: [9; 32],
        sql_hash: SchemaSqlHash::default(),
    };
    let known = chain([[7; 32], [7; 32]], Some(proven));
    // Other versions of revchain depend on this value.
    let marker = i32::from_ne_bytes((TAG | 0x0e0e_0e0e).to_ne_bytes());
    assert_eq!(known.marker(RevisionIndex::new(0), 0), Some(marker));
    assert_eq!(known.hash_offset(), Some(0));
}

#[test]
fn prefix_has_no_gap() {
    let mut set = RevisionSet::up_to(RevisionIndex::new(1), 4);
    assert!(set.is_prefix());
    assert_eq!(set.newest(), Some(RevisionIndex::new(1)));
    assert_eq!(set.first_missing(), Some(RevisionIndex::new(2)));
    set.insert(RevisionIndex::new(3));
    assert!(!set.is_prefix());
    assert_eq!(set.len(), 3);
    set.remove(RevisionIndex::new(3));
    assert!(set.is_prefix());
    assert!(RevisionSet::empty(4).is_prefix());
    assert!(RevisionSet::full(4).is_prefix());
}
