//! `TokenStore::open` and its files.

use std::thread;

use revchain::rusqlite::Connection;
use token_store::{Error, MIGRATIONS, TokenStore};

use crate::fixture::{Fixture, key, token};

#[test]
fn missing_directory_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("var/lib/tokens.db");
    TokenStore::open(&path, None).unwrap();
    assert!(path.is_file());
}

#[test]
fn new_database_is_at_the_head() {
    let fixture = Fixture::without_key();
    assert_eq!(
        MIGRATIONS.migrator().current(&fixture.sql()).unwrap(),
        MIGRATIONS.head()
    );
}

#[test]
fn older_database_reaches_the_head() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokens.db");
    let mut connection = Connection::open(&path).unwrap();
    MIGRATIONS
        .migrator()
        .upgrade_to(&mut connection, "005")
        .unwrap();

    TokenStore::open(&path, None).unwrap();

    assert_eq!(
        MIGRATIONS.migrator().current(&connection).unwrap(),
        MIGRATIONS.head()
    );
}

#[test]
fn reopened_store_has_its_data() {
    let mut fixture = Fixture::with_key();
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    let found = fixture.again(Some(key())).refresh_token("alice").unwrap();
    assert_eq!(found, Some(token("r-1", None)));
}

#[test]
fn concurrent_opens_of_a_new_store_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/tokens.db");
    thread::scope(|scope| {
        for webhook_id in 0..8 {
            let path = &path;
            scope.spawn(move || {
                TokenStore::open(path, None)
                    .unwrap()
                    .store_webhook(webhook_id, "notes_sync")
                    .unwrap();
            });
        }
    });
    assert_eq!(
        TokenStore::open(&path, None)
            .unwrap()
            .webhooks()
            .unwrap()
            .len(),
        8
    );
}

#[test]
fn file_that_is_not_a_database_stays_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter.txt");
    let letter = "Dear Sir or Madam, ".repeat(100);
    std::fs::write(&path, &letter).unwrap();

    let error = TokenStore::open(&path, None).unwrap_err();

    assert!(matches!(error, Error::Migration(_)), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn error_names_a_directory_that_cannot_be_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = TokenStore::open(file.join("data/tokens.db"), None).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with(&file.join("data").display().to_string()),
        "{error}"
    );
}

#[cfg(unix)]
mod modes {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use revchain::rusqlite::Connection;
    use token_store::TokenStore;

    use crate::fixture::Fixture;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn new_file_is_private() {
        assert_eq!(mode(&Fixture::without_key().path()), 0o600);
    }

    #[test]
    fn readable_file_becomes_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("VACUUM")
            .unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

        TokenStore::open(&path, None).unwrap();

        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn file_is_private_before_the_first_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data/tokens.db");
        token_store::make_private(&path).unwrap();
        assert_eq!(
            (mode(&path), fs::metadata(&path).unwrap().len()),
            (0o600, 0)
        );
    }

    #[test]
    fn journal_is_private() {
        let fixture = Fixture::without_key();
        let connection = fixture.sql();
        connection
            .execute_batch(
                "BEGIN; INSERT INTO schema_version (version, applied_at) VALUES (1, 0.0)",
            )
            .unwrap();
        assert_eq!(mode(&fixture.path().with_extension("db-journal")), 0o600);
    }

    #[test]
    fn directory_at_the_path_stays_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens.db");
        fs::create_dir(&path).unwrap();
        let before = mode(&path);

        TokenStore::open(&path, None).unwrap_err();

        assert_eq!(mode(&path), before);
    }
}

#[cfg(unix)]
#[test]
fn file_that_is_no_database_keeps_its_mode() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    for (content, mode) in [("a letter ".repeat(100), 0o644), (String::new(), 0o600)] {
        let path = folder.path().join(format!("{mode:o}"));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(TokenStore::open(&path, None).is_ok(), mode == 0o600);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            mode
        );
    }
}
