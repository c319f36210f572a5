//! Operations that need a key, and operations that do not, except for webhooks.

use token_store::{Error, Key};

use crate::fixture::{Fixture, START, key, password, token};

#[test]
fn operation_on_a_secret_requires_a_key() {
    let mut fixture = Fixture::without_key();
    let errors = [
        fixture
            .store
            .store_refresh_token("alice", &token("r-1", None))
            .unwrap_err(),
        fixture.store.refresh_token("alice").unwrap_err(),
        fixture
            .store
            .store_app_password("alice", &password("p-1"))
            .unwrap_err(),
        fixture.store.app_password("alice").unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::NoKey), "{error}");
        assert!(
            error.to_string().contains("set TOKEN_ENCRYPTION_KEY"),
            "{error}"
        );
    }
}

#[test]
fn operation_without_a_secret_needs_no_key() {
    let mut fixture = Fixture::with_key();
    for user_id in ["alice", "bob"] {
        fixture
            .store
            .store_refresh_token(user_id, &token("r-1", None))
            .unwrap();
    }
    fixture
        .store
        .store_refresh_token("carol", &token("r-1", Some(START)))
        .unwrap();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();

    let mut store = fixture.again(None);

    assert_eq!(store.refresh_token_user_ids().unwrap(), ["alice", "bob"]);
    assert_eq!(store.delete_expired_refresh_tokens().unwrap(), 1);
    assert!(store.delete_refresh_token("alice").unwrap());
    assert!(store.delete_app_password("alice").unwrap());
    assert_eq!(store.audit_log("alice").unwrap().len(), 4);
}

#[test]
fn other_key_neither_reads_nor_loses_a_secret() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture
        .store
        .store_app_password("alice", &password("p-1"))
        .unwrap();
    let other: Key = Key::generate_text().parse().unwrap();

    let mut store = fixture.again(Some(other));

    for error in [
        store.refresh_token("alice").unwrap_err(),
        store.app_password("alice").unwrap_err(),
    ] {
        assert!(matches!(error, Error::Undecryptable { .. }), "{error}");
        assert!(error.to_string().contains("another key"), "{error}");
    }
    let mut store = fixture.again(Some(key()));
    assert_eq!(
        store.refresh_token("alice").unwrap(),
        Some(token("r-1", None))
    );
    assert_eq!(store.app_password("alice").unwrap(), Some(password("p-1")));
}

#[test]
fn damaged_secret_is_an_error() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture
        .sql()
        .execute("UPDATE refresh_tokens SET encrypted_token = X'FF00'", [])
        .unwrap();
    let error = fixture.store.refresh_token("alice").unwrap_err();
    assert!(matches!(error, Error::Undecryptable { .. }), "{error}");
}

#[test]
fn secrets_are_encrypted_in_the_file() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("plain-refresh-token", None))
        .unwrap();
    fixture
        .store
        .store_app_password("alice", &password("plain-app-password"))
        .unwrap();

    let bytes = std::fs::read(fixture.path()).unwrap();

    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("alice"), "rows are in the file");
    assert!(!holds("plain-refresh-token") && !holds("plain-app-password"));
}

#[test]
fn debug_output_hides_secrets_and_keys() {
    let shown = format!("{:?} {:?} {:?}", token("r-1", None), password("p-1"), key());
    assert!(!shown.contains("r-1") && !shown.contains("p-1"), "{shown}");
    assert!(shown.contains("Key(…)"), "{shown}");
}

#[test]
fn malformed_key_is_rejected() {
    for text in ["", "open sesame", "c2hvcnQ="] {
        let error = text.parse::<Key>().unwrap_err();
        assert!(matches!(error, Error::InvalidKey), "{error}");
        assert!(
            error
                .to_string()
                .starts_with("TOKEN_ENCRYPTION_KEY is not a key"),
            "{error}"
        );
    }
}

#[test]
fn key_with_a_trailing_line_break_is_accepted() {
    assert!(format!("{}\n", Key::generate_text()).parse::<Key>().is_ok());
}
