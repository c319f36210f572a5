//! Revision 010, whose jobs bind each secret to its user.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use fernet::Fernet;
use revchain::rusqlite::Connection;
use revchain::{ErrorKind, JobState, Migrations, OnNewer, embed_migrations, testing};
use tempfile::TempDir;
use token_store::{Error, Key, TokenStore, migrator};

use crate::fixture::{Fixture, KEY, key, password, token};

/// The migrations of the version before 010.
static OLDER: Migrations = embed_migrations!("../../migrations");

/// More secrets than two batches of a job have.
const USERS: usize = 250;

/// A database that the version before 010 has made.
struct OldDatabase {
    directory: TempDir,
}

impl OldDatabase {
    /// Creates a database with a refresh token and an app password for each user.
    fn with_users(users: usize) -> Self {
        let database = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let connection = OLDER.open(database.path()).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        for user in 0..users {
            insert_older(&connection, user);
        }
        connection.execute_batch("COMMIT").unwrap();
        database
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("tokens.db")
    }

    /// Upgrades the database, and runs no job.
    fn upgraded(&self) -> Connection {
        migrator(None).open(self.path()).unwrap()
    }
}

/// Inserts the secrets of a user in the encryption of the version before 010.
pub(crate) fn insert_older(connection: &Connection, user: usize) {
    let fernet = Fernet::new(KEY).unwrap();
    let encrypt = |text: &str| {
        fernet
            .encrypt(format!("{text}-{user}").as_bytes())
            .into_bytes()
    };
    for (table, column, encrypted) in [
        ("refresh_tokens", "encrypted_token", encrypt("r")),
        ("app_passwords", "encrypted_password", encrypt("p")),
    ] {
        let sql = format!(
            "INSERT INTO {table} (user_id, {column}, created_at, updated_at) VALUES (?1, ?2, 0, 0)"
        );
        connection
            .execute(&sql, (user_id(user), encrypted))
            .unwrap();
    }
}

fn user_id(user: usize) -> String {
    format!("user-{user:03}")
}

/// Asserts that the store reads the secrets of all users.
#[track_caller]
fn assert_readable(path: &Path, users: usize) {
    let mut store = TokenStore::open(path, Some(key())).unwrap();
    for user in 0..users {
        let id = user_id(user);
        let found = store.refresh_token(&id).unwrap().unwrap();
        assert_eq!(found, token(&format!("r-{user}"), None));
        let found = store.app_password(&id).unwrap().unwrap();
        assert_eq!(found, password(&format!("p-{user}")));
    }
}

/// Returns the stored refresh tokens with their encryption, in the order of the users.
fn refresh_tokens(connection: &Connection) -> Vec<(Vec<u8>, i64)> {
    let sql = "SELECT encrypted_token, encryption FROM refresh_tokens ORDER BY user_id";
    let mut select = connection.prepare(sql).unwrap();
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

/// Returns the number of refresh tokens with the encryption 2.
fn bound(connection: &Connection) -> usize {
    let sql = "SELECT count(*) FROM refresh_tokens WHERE encryption = 2";
    let count: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    usize::try_from(count).unwrap()
}

#[test]
fn chain_with_its_functions_is_proven() {
    testing::prove_with(&migrator(Some(key()))).unwrap();
}

#[test]
fn open_with_a_key_converts_a_small_database() {
    let database = OldDatabase::with_users(3);
    drop(TokenStore::open(database.path(), Some(key())).unwrap());
    assert_eq!(bound(&database.upgraded()), 3);
    assert_readable(&database.path(), 3);
}

#[test]
fn jobs_convert_all_secrets() {
    let database = OldDatabase::with_users(USERS);
    let mut store = TokenStore::open(database.path(), Some(key())).unwrap();
    while !store.run_jobs(Duration::from_millis(10)).unwrap() {}

    let connection = database.upgraded();
    assert_eq!(bound(&connection), USERS);
    let jobs = migrator(None).job_states(&connection).unwrap();
    for job in &jobs {
        let rows = (job.rows_done, job.rows_total);
        assert_eq!((job.state, rows), (JobState::Done, (Some(250), Some(250))));
    }
    assert_eq!(jobs.len(), 2);
    assert_readable(&database.path(), USERS);
}

#[test]
fn job_goes_on_after_its_last_batch() {
    let database = OldDatabase::with_users(USERS);
    let mut after_batches = Vec::new();
    for _ in 0..3 {
        // Each batch has a connection of its own, as after the end of a process.
        let mut connection = database.upgraded();
        let migrator = migrator(Some(key()));
        migrator.run_jobs(&mut connection, Duration::ZERO).unwrap();
        after_batches.push(refresh_tokens(&connection));
    }
    let counts = after_batches.iter().map(|tokens| {
        let is_bound = |(_, encryption): &&(Vec<u8>, i64)| *encryption == 2;
        tokens.iter().filter(is_bound).count()
    });
    assert_eq!(counts.collect::<Vec<_>>(), [100, 200, 250]);
    // A second conversion would give other bytes, because Fernet uses random numbers.
    assert_eq!(after_batches[0][..100], after_batches[2][..100]);
}

#[test]
fn jobs_of_several_connections_convert_each_secret() {
    let database = OldDatabase::with_users(USERS);
    drop(database.upgraded());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut connection = database.upgraded();
                let migrator = migrator(Some(key()));
                while !migrator
                    .run_jobs(&mut connection, Duration::ZERO)
                    .unwrap()
                    .is_done()
                {}
            });
        }
    });
    assert_eq!(bound(&database.upgraded()), USERS);
    assert_readable(&database.path(), USERS);
}

#[test]
fn secrets_of_both_encryptions_are_readable() {
    let mut fixture = Fixture::with_key();
    insert_older(&fixture.sql(), 1);
    fixture
        .store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();

    let encryptions: Vec<i64> = refresh_tokens(&fixture.sql())
        .into_iter()
        .map(|(_, encryption)| encryption)
        .collect();
    assert_eq!(encryptions, [2, 1]);
    for user in ["alice", &user_id(1)] {
        assert_eq!(
            fixture.store.refresh_token(user).unwrap(),
            Some(token("r-1", None))
        );
    }
}

#[test]
fn replaced_secret_has_the_new_encryption() {
    let mut fixture = Fixture::with_key();
    insert_older(&fixture.sql(), 1);
    let user = user_id(1);
    fixture
        .store
        .store_refresh_token(&user, &token("r-2", None))
        .unwrap();
    fixture
        .store
        .store_app_password(&user, &password("p-2"))
        .unwrap();
    assert_eq!(
        fixture.store.refresh_token(&user).unwrap(),
        Some(token("r-2", None))
    );
    assert_eq!(
        fixture.store.app_password(&user).unwrap(),
        Some(password("p-2"))
    );
}

#[test]
fn secret_of_another_user_is_rejected() {
    let database = OldDatabase::with_users(2);
    drop(TokenStore::open(database.path(), Some(key())).unwrap());
    let connection = database.upgraded();
    connection
        .execute_batch(
            "UPDATE refresh_tokens SET encrypted_token =
                 (SELECT encrypted_token FROM refresh_tokens WHERE user_id = 'user-001');
             UPDATE app_passwords SET encrypted_password =
                 (SELECT encrypted_token FROM refresh_tokens WHERE user_id = 'user-001')",
        )
        .unwrap();
    let mut store = TokenStore::open(database.path(), Some(key())).unwrap();
    assert!(store.refresh_token("user-001").unwrap().is_some());
    for error in [
        store.refresh_token("user-000").unwrap_err(),
        // It has the right user, but the wrong kind.
        store.app_password("user-001").unwrap_err(),
    ] {
        assert!(matches!(error, Error::Undecryptable { .. }), "{error}");
        assert!(error.to_string().contains("for another user"), "{error}");
    }

    // The older encryption would hide the exchange.
    let downgraded = migrator(Some(key())).downgrade_to(&mut database.upgraded(), "009");
    let message = "the refresh token of \"user-000\" is that of another row";
    assert_eq!(cause(downgraded.unwrap_err()), message);
}

/// Returns the message of the function that failed.
#[track_caller]
fn cause(error: revchain::Error) -> String {
    match error.kind() {
        ErrorKind::Code(code) => code.source.to_string(),
        ErrorKind::Job(job) => job.source.to_string(),
        _ => panic!("{error}"),
    }
}

#[test]
fn without_a_key_the_jobs_stay_pending() {
    let database = OldDatabase::with_users(1);
    let mut store = TokenStore::open(database.path(), None).unwrap();
    assert_eq!(store.refresh_token_user_ids().unwrap(), ["user-000"]);
    let error = store.run_jobs(Duration::ZERO).unwrap_err();
    assert!(matches!(error, Error::NoKey), "{error}");

    let jobs = migrator(None).job_states(&database.upgraded()).unwrap();
    let states: Vec<_> = jobs.iter().map(|job| (job.state, job.attempts)).collect();
    assert_eq!(states, [(JobState::Pending, 0); 2]);
}

#[test]
fn job_with_another_key_fails_and_loses_nothing() {
    let database = OldDatabase::with_users(2);
    let other: Key = Key::generate_text().parse().unwrap();
    let before = refresh_tokens(&database.upgraded());

    // The store opens, because it reads both encryptions.
    let mut store = TokenStore::open(database.path(), Some(other)).unwrap();
    let error = store.run_jobs(Duration::ZERO).unwrap_err();

    let Error::Migration(error) = error else {
        panic!("{error}");
    };
    let message = "the refresh token of \"user-000\" was encrypted with another key than \
                   TOKEN_ENCRYPTION_KEY, or is damaged";
    assert_eq!(cause(error), message);
    let connection = database.upgraded();
    assert_eq!(refresh_tokens(&connection), before);
    let jobs = migrator(None).job_states(&connection).unwrap();
    assert_eq!((jobs[0].state, jobs[0].attempts), (JobState::Pending, 2));
    assert_eq!(jobs[0].last_error.as_deref(), Some(message));

    assert_readable(&database.path(), 2);
    assert_eq!(bound(&connection), 2);
}

#[test]
fn damaged_secrets_stay_and_stop_no_job() {
    let database = OldDatabase::with_users(USERS);
    // More than a batch.
    let sql = "UPDATE refresh_tokens SET encrypted_token = X'FF00' WHERE user_id < 'user-150'";
    database.upgraded().execute(sql, []).unwrap();

    let mut store = TokenStore::open(database.path(), Some(key())).unwrap();
    while !store.run_jobs(Duration::ZERO).unwrap() {}

    let tokens = refresh_tokens(&database.upgraded());
    let (damaged, others) = tokens.split_at(150);
    let unchanged = (vec![0xFF, 0x00], 1);
    assert!(damaged.iter().all(|token| *token == unchanged));
    assert!(others.iter().all(|(_, encryption)| *encryption == 2));
}

#[test]
fn downgrade_restores_the_older_encryption() {
    let database = OldDatabase::with_users(2);
    let mut store = TokenStore::open(database.path(), Some(key())).unwrap();
    store
        .store_refresh_token("alice", &token("r-1", None))
        .unwrap();
    drop(store);

    let mut connection = database.upgraded();
    migrator(Some(key()))
        .downgrade_to(&mut connection, "009")
        .unwrap();

    let sql = "SELECT CAST(encrypted_token AS TEXT) FROM refresh_tokens ORDER BY user_id";
    let mut select = connection.prepare(sql).unwrap();
    let tokens = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let fernet = Fernet::new(KEY).unwrap();
    let tokens: Vec<Vec<u8>> = tokens
        .map(|token| fernet.decrypt(&token.unwrap()).unwrap())
        .collect();
    assert_eq!(tokens, [&b"r-1"[..], b"r-0", b"r-1"]);
    drop(OLDER.open(database.path()).unwrap());
    assert_readable(&database.path(), 2);
}

#[test]
fn downgrade_without_the_key_changes_nothing() {
    let database = OldDatabase::with_users(1);
    drop(TokenStore::open(database.path(), Some(key())).unwrap());
    let mut connection = database.upgraded();
    let before = refresh_tokens(&connection);
    let other: Key = Key::generate_text().parse().unwrap();
    for (key, message) in [
        (
            None,
            "there is no key for secrets: set TOKEN_ENCRYPTION_KEY",
        ),
        (
            Some(other),
            "the refresh token of \"user-000\" was encrypted with another key than \
             TOKEN_ENCRYPTION_KEY, or is damaged",
        ),
    ] {
        let downgraded = migrator(key).downgrade_to(&mut connection, "009");
        assert_eq!(cause(downgraded.unwrap_err()), message);
        assert_eq!(refresh_tokens(&connection), before);
    }
}

#[test]
fn older_version_neither_opens_nor_reverts_010() {
    let database = OldDatabase::with_users(1);
    drop(TokenStore::open(database.path(), Some(key())).unwrap());
    let error = OLDER.open(database.path()).unwrap_err();
    assert!(error.to_string().contains("010"), "{error}");

    // The older version has no function for the downgrade of 010.
    let older = OLDER.migrator().on_newer(OnNewer::Downgrade);
    let mut connection = Connection::open(database.path()).unwrap();
    let error = older.downgrade_to(&mut connection, "head").unwrap_err();
    let reason = "it runs functions that only its program has: unbind_secrets";
    assert!(error.to_string().contains(reason), "{error}");
    assert_readable(&database.path(), 1);
}

/// A kill is in the middle of a batch or between two, wherever the process is.
#[test]
fn fifty_killed_runs_convert_each_secret_once() {
    const MANY: usize = 7_000;
    let database = OldDatabase::with_users(MANY);
    let connection = database.upgraded();
    for _ in 0..50 {
        let before = bound(&connection);
        let mut run = Command::new(env!("CARGO_BIN_EXE_token-store"))
            .args(["db", "run-jobs", "--quiet", "-d"])
            .arg(database.path())
            .env("TOKEN_ENCRYPTION_KEY", KEY)
            .spawn()
            .unwrap();
        while bound(&connection) == before {
            let ended = run.try_wait().unwrap();
            assert_eq!(ended, None, "the run ended at {before} of {MANY} rows");
        }
        run.kill().unwrap();
        run.wait().unwrap();
    }
    let after_kills = bound(&connection);
    assert!(after_kills < MANY, "nothing is left to do");
    let report = migrator(Some(key())).run_jobs(&mut database.upgraded(), Duration::MAX);
    assert!(report.unwrap().is_done());
    assert_eq!(bound(&connection), MANY);
    drop(connection);
    // A secret that a second call had bound again would not be the secret.
    assert_readable(&database.path(), MANY);
}
