//! The audit log.

use token_store::AuditEntry;

use crate::fixture::{Fixture, START, password, token};

fn events(fixture: &Fixture) -> Vec<String> {
    fixture
        .store
        .audit_log("alice")
        .unwrap()
        .into_iter()
        .map(|entry| entry.event)
        .collect()
}

#[test]
fn store_and_delete_are_logged() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture.store.delete_refresh_token("alice").unwrap();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    fixture.store.delete_app_password("alice").unwrap();
    assert_eq!(
        events(&fixture),
        [
            "store_refresh_token",
            "delete_refresh_token",
            "store_app_password",
            "delete_app_password"
        ]
    );
}

#[test]
fn expiry_is_logged() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", Some(START)))
        .unwrap();
    fixture.store.refresh_token("alice").unwrap();
    fixture
        .store
        .store_refresh_token("alice", &token("r-2", Some(START)))
        .unwrap();
    fixture.store.delete_expired_refresh_tokens().unwrap();
    let pair = ["store_refresh_token", "expire_refresh_token"];
    assert_eq!(events(&fixture), [pair, pair].concat());
}

#[test]
fn entry_has_a_time_and_a_user() {
    let mut fixture = Fixture::with_key();
    fixture.wait(7_900);
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture
        .store
        .store_refresh_token("bob", &token("r-1", None))
        .unwrap();
    let expected = AuditEntry {
        timestamp: START + 7,
        event: "store_refresh_token".into(),
        user_id: "alice".into(),
    };
    assert_eq!(fixture.store.audit_log("alice").unwrap(), [expected]);
}

#[test]
fn operation_without_effect_is_not_logged() {
    let mut fixture = Fixture::with_key();
    fixture.store.refresh_token("alice").unwrap();
    fixture.store.app_password("alice").unwrap();
    fixture.store.delete_refresh_token("alice").unwrap();
    fixture.store.delete_app_password("alice").unwrap();
    fixture.store.delete_expired_refresh_tokens().unwrap();
    assert!(events(&fixture).is_empty());
}

#[test]
fn operation_that_cannot_be_logged_fails() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    fixture
        .sql()
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON audit_logs BEGIN SELECT RAISE(ABORT, 'the log is full'); END",
        )
        .unwrap();

    let errors = [
        fixture
            .store
            .store_refresh_token("alice", &token("r-2", None))
            .unwrap_err(),
        fixture.store.delete_refresh_token("alice").unwrap_err(),
        fixture
            .store
            .store_app_password("alice", &password("p-2"))
            .unwrap_err(),
        fixture.store.delete_app_password("alice").unwrap_err(),
    ];

    for error in errors {
        assert!(error.to_string().contains("the log is full"), "{error}");
    }
    assert_eq!(
        fixture.store.refresh_token("alice").unwrap(),
        Some(token("r-1", None))
    );
    assert_eq!(
        fixture.store.app_password("alice").unwrap(),
        Some(password("p-1"))
    );
}
