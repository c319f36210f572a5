//! Webhooks, which need no key.

use token_store::Webhook;

use crate::fixture::{Fixture, START, key};

fn ids(webhooks: &[Webhook]) -> Vec<i64> {
    webhooks.iter().map(|webhook| webhook.webhook_id).collect()
}

fn stored(webhooks: &[(i64, &str)]) -> Fixture {
    let mut fixture = Fixture::without_key();
    for (webhook_id, preset_id) in webhooks {
        fixture.store.store_webhook(*webhook_id, preset_id).unwrap();
    }
    fixture
}

#[test]
fn stored_webhook_is_found() {
    let fixture = stored(&[(1, "notes_sync")]);
    let expected = Webhook {
        webhook_id: 1,
        preset_id: "notes_sync".into(),
        created_at: START as f64,
    };
    assert_eq!(fixture.store.webhooks().unwrap(), [expected]);
}

#[test]
fn second_webhook_with_an_id_replaces_the_first() {
    let fixture = stored(&[(1, "notes_sync"), (1, "calendar_sync")]);
    assert_eq!(ids(&fixture.store.webhooks().unwrap()), [1]);
    assert_eq!(
        ids(&fixture.store.webhooks_by_preset("calendar_sync").unwrap()),
        [1]
    );
    assert!(
        fixture
            .store
            .webhooks_by_preset("notes_sync")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn webhooks_are_found_by_preset() {
    let fixture = stored(&[(1, "notes_sync"), (2, "calendar_sync"), (3, "notes_sync")]);
    assert_eq!(
        ids(&fixture.store.webhooks_by_preset("notes_sync").unwrap()),
        [1, 3]
    );
}

#[test]
fn unknown_preset_has_no_webhooks() {
    let fixture = stored(&[(1, "notes_sync")]);
    assert!(
        fixture
            .store
            .webhooks_by_preset("deck_sync")
            .unwrap()
            .is_empty()
    );
}

#[test]
fn delete_of_a_webhook_returns_true() {
    let mut fixture = stored(&[(1, "notes_sync"), (2, "notes_sync")]);
    assert!(fixture.store.delete_webhook(1).unwrap());
    assert_eq!(ids(&fixture.store.webhooks().unwrap()), [2]);
}

#[test]
fn delete_of_an_unknown_webhook_returns_false() {
    let mut fixture = stored(&[(1, "notes_sync")]);
    assert!(!fixture.store.delete_webhook(2).unwrap());
    assert_eq!(ids(&fixture.store.webhooks().unwrap()), [1]);
}

#[test]
fn webhooks_are_listed_oldest_first() {
    let mut fixture = Fixture::without_key();
    for webhook_id in [3, 1, 2] {
        fixture
            .store
            .store_webhook(webhook_id, "notes_sync")
            .unwrap();
        fixture.wait(10);
    }
    fixture.store.store_webhook(1, "notes_sync").unwrap();
    assert_eq!(ids(&fixture.store.webhooks().unwrap()), [3, 2, 1]);
}

#[test]
fn empty_store_lists_no_webhooks() {
    assert!(stored(&[]).store.webhooks().unwrap().is_empty());
}

#[test]
fn cleared_preset_returns_its_count() {
    let mut fixture = stored(&[(1, "notes_sync"), (2, "notes_sync")]);
    assert_eq!(fixture.store.clear_preset("notes_sync").unwrap(), 2);
    assert!(fixture.store.webhooks().unwrap().is_empty());
}

#[test]
fn cleared_unknown_preset_returns_zero() {
    let mut fixture = stored(&[(1, "notes_sync")]);
    assert_eq!(fixture.store.clear_preset("deck_sync").unwrap(), 0);
    assert_eq!(ids(&fixture.store.webhooks().unwrap()), [1]);
}

#[test]
fn webhook_has_its_creation_time() {
    let mut fixture = Fixture::without_key();
    fixture.wait(250);
    fixture.store.store_webhook(1, "notes_sync").unwrap();
    fixture.wait(1_000);
    fixture.store.store_webhook(2, "notes_sync").unwrap();

    let webhooks = fixture.store.webhooks().unwrap();

    assert_eq!(webhooks[0].created_at, START as f64 + 0.25);
    assert_eq!(webhooks[1].created_at, START as f64 + 1.25);
}

#[test]
fn webhooks_need_no_key() {
    let mut fixture = Fixture::without_key();
    fixture.store.store_webhook(1, "notes_sync").unwrap();

    let mut with_key = fixture.again(Some(key()));
    assert_eq!(
        ids(&with_key.webhooks_by_preset("notes_sync").unwrap()),
        [1]
    );
    assert!(with_key.delete_webhook(1).unwrap());

    assert!(fixture.store.webhooks().unwrap().is_empty());
}

#[test]
fn presets_are_independent() {
    let mut fixture = stored(&[(1, "notes_sync"), (2, "calendar_sync"), (3, "notes_sync")]);
    assert_eq!(fixture.store.clear_preset("notes_sync").unwrap(), 2);
    assert_eq!(
        ids(&fixture.store.webhooks_by_preset("calendar_sync").unwrap()),
        [2]
    );
    assert_eq!(ids(&fixture.store.webhooks().unwrap()), [2]);
}
