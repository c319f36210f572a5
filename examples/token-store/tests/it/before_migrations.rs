//! Databases from before the migrations, which keep their rows.

use revchain::rusqlite::Connection;
use token_store::{MIGRATIONS, TokenStore};

use crate::fixture::{database_from_before_migrations, key};

#[test]
fn database_from_before_migrations_reaches_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    database_from_before_migrations(&path);

    drop(TokenStore::open(&path, None).unwrap());

    let connection = Connection::open(&path).unwrap();
    assert_eq!(
        MIGRATIONS.migrator().current(&connection).unwrap(),
        MIGRATIONS.head()
    );
}

#[test]
fn database_from_before_migrations_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    database_from_before_migrations(&path);

    let mut store = TokenStore::open(&path, Some(key())).unwrap();

    assert_eq!(
        store
            .refresh_token("alice")
            .unwrap()
            .unwrap()
            .token
            .expose(),
        "hello"
    );
    assert_eq!(
        store.audit_log("alice").unwrap()[0].event,
        "store_refresh_token"
    );
    let webhook = &store.webhooks().unwrap()[0];
    assert_eq!(
        (webhook.webhook_id, webhook.created_at),
        (7, 1_760_000_000.5)
    );
}

#[test]
fn first_revision_is_stamped_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.db");
    database_from_before_migrations(&path);

    let report = MIGRATIONS
        .upgrade(&mut Connection::open(&path).unwrap())
        .unwrap();

    assert_eq!(report.stamped, ["001"]);
    let applied: Vec<_> = report
        .applied
        .iter()
        .map(|applied| applied.revision.as_str())
        .collect();
    assert_eq!(
        applied,
        [
            "002", "003", "004", "005", "006", "007", "008", "009", "010"
        ]
    );
}
