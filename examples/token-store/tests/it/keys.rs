//! What needs a key, and what does not. That webhooks need none, `webhooks.rs` shows.

use token_store::{Error, Key};

use crate::fixture::{Fixture, START, key, password, token};

#[test]
fn what_needs_a_key_says_so_without_one() {
    let mut fixture = Fixture::without_key();
    let errors = [
        fixture.store.store_refresh_token("alice", &token("r-1", None)).unwrap_err(),
        fixture.store.refresh_token("alice").unwrap_err(),
        fixture.store.store_app_password("alice", &password("p-1")).unwrap_err(),
        fixture.store.app_password("alice").unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, Error::NoKey), "{error}");
        assert!(error.to_string().contains("set TOKEN_ENCRYPTION_KEY"), "{error}");
    }
}

#[test]
fn what_needs_no_key_works_without_one() {
    let mut fixture = Fixture::with_key();
    for user_id in ["alice", "bob"] {
        fixture.store.store_refresh_token(user_id, &token("r-1", None)).unwrap();
    }
    fixture.store.store_refresh_token("carol", &token("r-1", Some(START))).unwrap();
    fixture.store.store_app_password("alice", &password("p-1")).unwrap();

    let mut store = fixture.again(None);

    assert_eq!(store.refresh_token_user_ids().unwrap(), ["alice", "bob"]);
    assert_eq!(store.delete_expired_refresh_tokens().unwrap(), 1);
    assert!(store.delete_refresh_token("alice").unwrap());
    assert!(store.delete_app_password("alice").unwrap());
    assert_eq!(store.audit_log("alice").unwrap().len(), 4);
}

#[test]
fn with_another_key_a_secret_is_not_read_and_not_lost() {
    let mut fixture = Fixture::with_key();
    fixture.store.store_refresh_token("alice", &token("r-1", None)).unwrap();
    fixture.store.store_app_password("alice", &password("p-1")).unwrap();
    let other: Key = Key::generate_text().parse().unwrap();

    let mut store = fixture.again(Some(other));

    for error in [store.refresh_token("alice").unwrap_err(), store.app_password("alice").unwrap_err()] {
        assert!(matches!(error, Error::Undecryptable { .. }), "{error}");
        assert!(error.to_string().contains("another key"), "{error}");
    }
    let mut store = fixture.again(Some(key()));
    assert_eq!(store.refresh_token("alice").unwrap(), Some(token("r-1", None)));
    assert_eq!(store.app_password("alice").unwrap(), Some(password("p-1")));
}

#[test]
fn a_damaged_secret_is_an_error() {
    let mut fixture = Fixture::with_key();
    fixture.store.store_refresh_token("alice", &token("r-1", None)).unwrap();
    fixture.sql().execute("UPDATE refresh_tokens SET encrypted_token = X'FF00'", []).unwrap();
    let error = fixture.store.refresh_token("alice").unwrap_err();
    assert!(matches!(error, Error::Undecryptable { .. }), "{error}");
}

#[test]
fn secrets_do_not_stand_in_the_file() {
    let mut fixture = Fixture::with_key();
    fixture.store.store_refresh_token("alice", &token("plain-refresh-token", None)).unwrap();
    fixture.store.store_app_password("alice", &password("plain-app-password")).unwrap();

    let bytes = std::fs::read(fixture.path()).unwrap();

    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("alice"), "rows are in the file");
    assert!(!holds("plain-refresh-token") && !holds("plain-app-password"));
}

#[test]
fn secrets_and_keys_are_not_shown_by_debug() {
    let shown = format!("{:?} {:?} {:?}", token("r-1", None), password("p-1"), key());
    assert!(!shown.contains("r-1") && !shown.contains("p-1"), "{shown}");
    assert!(shown.contains("Key(…)"), "{shown}");
}

#[test]
fn what_is_not_a_key_is_refused() {
    for text in ["", "open sesame", "c2hvcnQ="] {
        let error = text.parse::<Key>().unwrap_err();
        assert!(matches!(error, Error::InvalidKey), "{error}");
        assert!(error.to_string().starts_with("TOKEN_ENCRYPTION_KEY is not a key"), "{error}");
    }
}

#[test]
fn a_key_may_end_in_a_line_break() {
    assert!(format!("{}\n", Key::generate_text()).parse::<Key>().is_ok());
}
