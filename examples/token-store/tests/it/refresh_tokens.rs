//! Refresh tokens.

use crate::fixture::{Fixture, START, token};

#[test]
fn stored_token_is_found() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", Some(START + 60)))
        .unwrap();
    assert_eq!(
        fixture.store.refresh_token("alice").unwrap(),
        Some(token("r-1", Some(START + 60)))
    );
}

#[test]
fn user_without_a_token_gets_none() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    assert_eq!(fixture.store.refresh_token("bob").unwrap(), None);
}

#[test]
fn second_token_replaces_the_first() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", Some(START + 60)))
        .unwrap();
    fixture
        .store
        .store_refresh_token("alice", &token("r-2", None))
        .unwrap();
    assert_eq!(
        fixture.store.refresh_token("alice").unwrap(),
        Some(token("r-2", None))
    );
    assert_eq!(fixture.store.refresh_token_user_ids().unwrap(), ["alice"]);
}

#[test]
fn second_token_keeps_created_at() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture.wait(5_000);
    fixture
        .store
        .store_refresh_token("alice", &token("r-2", None))
        .unwrap();

    let times: (i64, i64) = fixture
        .sql()
        .query_row(
            "SELECT created_at, updated_at FROM refresh_tokens",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!(times, (START, START + 5));
}

#[test]
fn second_token_does_not_inherit_metadata() {
    let mut fixture = Fixture::with_key();
    let known = |fixture: &Fixture| -> String {
        let sql =
            "SELECT json_array(flow_type, token_audience, provisioned_at, provisioning_client_id, scopes)
                   FROM refresh_tokens";
        fixture.sql().query_row(sql, [], |row| row.get(0)).unwrap()
    };
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    let before = known(&fixture);
    fixture
        .sql()
        .execute(
            "UPDATE refresh_tokens SET flow_type = 'flow2', token_audience = 'mcp-server', provisioned_at = 1,
             provisioning_client_id = 'c-1', scopes = '[\"files.write\"]'",
            [],
        )
        .unwrap();
    assert_ne!(known(&fixture), before);

    fixture
        .store
        .store_refresh_token("alice", &token("r-2", None))
        .unwrap();

    assert_eq!(known(&fixture), before);
}

#[test]
fn expired_token_is_not_returned() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", Some(START + 60)))
        .unwrap();
    fixture.wait(59_999);
    assert!(fixture.store.refresh_token("alice").unwrap().is_some());
    fixture.wait(1);
    assert_eq!(fixture.store.refresh_token("alice").unwrap(), None);
}

#[test]
fn expired_token_is_deleted_on_access() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", Some(START)))
        .unwrap();
    fixture
        .store
        .store_refresh_token("bob", &token("r-1", Some(START)))
        .unwrap();
    fixture.store.refresh_token("alice").unwrap();

    let left: String = fixture
        .sql()
        .query_row(
            "SELECT group_concat(user_id) FROM refresh_tokens",
            [],
            |r| r.get(0),
        )
        .unwrap();
    assert_eq!(left, "bob");
}

#[test]
fn delete_returns_true_if_there_was_a_token() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    assert!(fixture.store.delete_refresh_token("alice").unwrap());
    assert!(!fixture.store.delete_refresh_token("alice").unwrap());
    assert_eq!(fixture.store.refresh_token("alice").unwrap(), None);
}

#[test]
fn user_ids_exclude_expired_tokens() {
    let mut fixture = Fixture::with_key();
    assert!(fixture.store.refresh_token_user_ids().unwrap().is_empty());
    fixture
        .store
        .store_refresh_token("carol", &token("r-1", Some(START + 1)))
        .unwrap();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture
        .store
        .store_refresh_token("bob", &token("r-1", Some(START)))
        .unwrap();
    assert_eq!(
        fixture.store.refresh_token_user_ids().unwrap(),
        ["alice", "carol"]
    );
}

#[test]
fn cleanup_deletes_and_counts_expired_tokens() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    fixture
        .store
        .store_refresh_token("bob", &token("r-1", Some(START + 10)))
        .unwrap();
    fixture
        .store
        .store_refresh_token("carol", &token("r-1", Some(START + 20)))
        .unwrap();
    fixture
        .store
        .store_refresh_token("dave", &token("r-1", Some(START + 30)))
        .unwrap();
    fixture.wait(20_000);

    assert_eq!(fixture.store.delete_expired_refresh_tokens().unwrap(), 2);
    assert_eq!(fixture.store.delete_expired_refresh_tokens().unwrap(), 0);

    let left: i64 = fixture
        .sql()
        .query_row("SELECT count(*) FROM refresh_tokens", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 2);
    assert_eq!(
        fixture.store.refresh_token_user_ids().unwrap(),
        ["alice", "dave"]
    );
}
