//! The pool: new and old databases, and the time that an upgrade waits.

use std::time::{Duration, Instant};

use revchain::rusqlite::Connection;

use super::*;

/// Returns a directory for the database of a test.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// Takes the write lock of a database at 001, which has a note.
fn locked(path: &Path) -> Connection {
    let mut db = Connection::open(path).unwrap();
    MIGRATIONS.migrator().upgrade_to(&mut db, "001").unwrap();
    db.execute_batch("INSERT INTO notes (text) VALUES ('old'); BEGIN IMMEDIATE")
        .unwrap();
    db
}

#[tokio::test]
async fn tasks_share_a_new_database() {
    let directory = directory();
    let pool = open(&directory.path().join("new.db"), MIGRATIONS.migrator())
        .await
        .unwrap();
    let tasks = (0..8).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move { add(&pool, &format!("note {number}")).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap().unwrap();
    }
    assert_eq!(notes(&pool).await.unwrap().len(), 8);
}

/// The test has one thread: an upgrade that blocked the thread would wait for the lock forever.
#[tokio::test]
async fn runtime_continues_while_an_upgrade_waits() {
    let directory = directory();
    let path = directory.path().join("old.db");
    let holder = locked(&path);
    let upgrade = open(&path, MIGRATIONS.migrator());
    let release = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        holder.execute_batch("COMMIT").unwrap();
    };
    let start = Instant::now();
    let (pool, ()) = tokio::join!(upgrade, release);
    assert_eq!(notes(&pool.unwrap()).await.unwrap(), ["old"]);
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn upgrade_fails_after_the_busy_timeout() {
    let directory = directory();
    let path = directory.path().join("old.db");
    let _holder = locked(&path);
    let migrator = MIGRATIONS
        .migrator()
        .busy_timeout(Duration::from_millis(50));
    let error = open(&path, migrator).await.unwrap_err();
    assert_eq!(
        error.downcast_ref::<revchain::Error>().unwrap().code(),
        "busy"
    );
}

#[tokio::test]
async fn cancelled_upgrade_is_complete_or_absent() {
    let directory = directory();
    let path = directory.path().join("old.db");
    let holder = locked(&path);
    let upgrade = open(&path, MIGRATIONS.migrator());
    let timeout = Duration::from_millis(100);
    assert!(tokio::time::timeout(timeout, upgrade).await.is_err());

    // The thread of the upgrade still waits for the lock, and then applies 002.
    holder.execute_batch("COMMIT").unwrap();
    let is_at_head = || MIGRATIONS.migrator().current(&holder).unwrap() == MIGRATIONS.head();
    let start = Instant::now();
    while !is_at_head() && start.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(is_at_head());
}

/// Another program upgrades the database, while this program has prepared its statements.
#[tokio::test]
async fn pool_sees_the_columns_of_a_later_upgrade() {
    let directory = directory();
    let path = directory.path().join("old.db");
    let mut other = locked(&path);
    other.execute_batch("COMMIT").unwrap();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path));
    let pool = pool.await.unwrap();
    let width = async || {
        let row = sqlx::query("SELECT * FROM notes")
            .fetch_one(&pool)
            .await
            .unwrap();
        sqlx::Row::len(&row)
    };
    assert_eq!(width().await, 2);
    MIGRATIONS.upgrade(&mut other).unwrap();
    assert_eq!(width().await, 3);
}
