//! App passwords.

use token_store::{AppPassword, Error};

use crate::fixture::{Fixture, START, password};

#[test]
fn stored_app_password_is_found() {
    let mut fixture = Fixture::with_key();
    let stored = AppPassword {
        password: "p-1".into(),
        username: Some("alice@example.org".into()),
        scopes: Some(vec!["notes.read".into(), "openid".into()]),
    };
    fixture.store.store_app_password("alice", &stored).unwrap();
    assert_eq!(fixture.store.app_password("alice").unwrap(), Some(stored));
}

#[test]
fn user_without_an_app_password_gets_none() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    assert_eq!(fixture.store.app_password("bob").unwrap(), None);
}

#[test]
fn all_scopes_differ_from_no_scopes() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_app_password(
            "alice",
            &AppPassword {
                scopes: None,
                ..password("p-1")
            },
        )
        .unwrap();
    fixture
        .store
        .store_app_password(
            "bob",
            &AppPassword {
                scopes: Some(vec![]),
                ..password("p-1")
            },
        )
        .unwrap();
    assert_eq!(
        fixture.store.app_password("alice").unwrap().unwrap().scopes,
        None
    );
    assert_eq!(
        fixture.store.app_password("bob").unwrap().unwrap().scopes,
        Some(vec![])
    );
}

#[test]
fn second_app_password_replaces_the_first() {
    let mut fixture = Fixture::with_key();
    let first = AppPassword {
        password: "p-1".into(),
        username: Some("al".into()),
        scopes: Some(vec!["notes.read".into()]),
    };
    fixture.store.store_app_password("alice", &first).unwrap();
    fixture
        .store
        .store_app_password("alice", &password("p-2"))
        .unwrap();
    assert_eq!(
        fixture.store.app_password("alice").unwrap(),
        Some(password("p-2"))
    );
}

#[test]
fn second_app_password_keeps_created_at() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    fixture.wait(5_000);
    fixture
        .store
        .store_app_password("alice", &password("p-2"))
        .unwrap();

    let times: (i64, i64) = fixture
        .sql()
        .query_row(
            "SELECT created_at, updated_at FROM app_passwords",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(times, (START, START + 5));
}

#[test]
fn delete_returns_true_if_there_was_an_app_password() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    assert!(fixture.store.delete_app_password("alice").unwrap());
    assert!(!fixture.store.delete_app_password("alice").unwrap());
    assert_eq!(fixture.store.app_password("alice").unwrap(), None);
}

#[test]
fn unreadable_scopes_are_an_error() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    for scopes in ["not json", "null", "{}", "[1]"] {
        fixture
            .sql()
            .execute("UPDATE app_passwords SET scopes = ?1", [scopes])
            .unwrap();
        let error = fixture.store.app_password("alice").unwrap_err();
        assert!(
            matches!(error, Error::InvalidScopes { .. }),
            "{scopes}: {error}"
        );
    }
}
