//! Markers, and sets of revisions.

use revchain_core::model::marker::is_unclaimed;
use revchain_core::{RevisionIndex, RevisionSet};

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
