//! The databases of directories, while files change.

use std::fs;
use std::thread;
use std::time::Duration;

use revchain_core::DefectKind;
use revchain_prove::{QueryRequest, check_query, migration_files};

use super::{defects, library};
use crate::support::{Directory, T};

/// The time after which the files are looked at again.
const FRESH: Duration = Duration::from_millis(150);

#[test]
fn changed_directory_is_read_again() {
    let directory = Directory::of(&[T]);
    let sql = "SELECT c FROM t";
    assert_eq!(defects(&directory, sql).len(), 1);
    let path = directory.0.join("20260101_0000_001_step.sql");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("b TEXT", "b TEXT, c TEXT")).unwrap();
    thread::sleep(FRESH);
    assert!(defects(&directory, sql).is_empty());
    fs::write(&path, text).unwrap();
    thread::sleep(FRESH);
    assert_eq!(defects(&directory, sql).len(), 1);
}

#[test]
fn new_migration_is_read() {
    let directory = Directory::of(&[T]);
    let sql = "SELECT c FROM t";
    assert_eq!(defects(&directory, sql).len(), 1);
    let both = Directory::of(&[
        T,
        (
            "ALTER TABLE t ADD COLUMN c TEXT;",
            "ALTER TABLE t DROP COLUMN c;",
        ),
    ]);
    let name = "20260101_0001_002_step.sql";
    fs::copy(both.0.join(name), directory.0.join(name)).unwrap();
    thread::sleep(FRESH);
    assert!(defects(&directory, sql).is_empty());
}

#[test]
fn each_directory_has_its_own_schema() {
    let (library, other) = (library(), Directory::of(&[T]));
    for _ in 0..2 {
        assert!(defects(&library, "SELECT email FROM users").is_empty());
        assert_eq!(defects(&other, "SELECT email FROM users").len(), 1);
        assert!(defects(&other, "SELECT a FROM t").is_empty());
        assert_eq!(defects(&library, "SELECT a FROM t").len(), 1);
    }
}

#[test]
fn threads_share_a_directory() {
    let directory = library();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert!(defects(&directory, "DELETE FROM posts WHERE id > 0").is_empty());
                    assert_eq!(defects(&directory, "SELECT x FROM posts").len(), 1);
                }
            });
        }
    });
}

#[test]
fn writing_query_leaves_the_sample_rows() {
    let directory = library();
    // The literal is seen to be wrong only if there is a row.
    let wrong = "UPDATE users SET score = 'high' WHERE id > 0";
    for sql in [
        "DELETE FROM users WHERE id > 0",
        "INSERT OR ROLLBACK INTO users (id, email) VALUES (1, 'a'), (1, 'b')",
        "UPDATE OR ROLLBACK users SET email = 'same' WHERE id > 0",
    ] {
        assert!(defects(&directory, sql).is_empty(), "{sql}");
        assert_eq!(defects(&directory, wrong).len(), 1, "{sql}");
    }
}

#[test]
fn directory_with_defects_reports_nothing() {
    let broken = Directory::of(&[("CREATE TABLE t (a;", "DROP TABLE t;")]);
    assert!(defects(&broken, "SELECT nothing FROM nowhere").is_empty());
    assert!(defects(&broken, "DROP TABLE t").is_empty());
}

#[test]
fn missing_directory_is_reported() {
    let directory = library();
    let missing = directory.0.join("other");
    let request = QueryRequest {
        sql: "SELECT 1",
        ..QueryRequest::default()
    };
    let found = check_query(&missing, &request, false).defects;
    assert_eq!(found[0].kind(), DefectKind::UnreadableDirectory);
    assert!(found[0].help_text().contains("sql!(in "), "{}", found[0]);
    fs::create_dir(&missing).unwrap();
    thread::sleep(FRESH);
    let found = check_query(&missing, &request, false).defects;
    assert_eq!(found[0].kind(), DefectKind::EmptyDirectory);
}

#[test]
fn files_of_a_directory_with_defects_are_tracked() {
    let directory = library();
    let file = directory.0.join("20990101_0000_zzz_broken.sql");
    fs::write(file, "-- Broken.\n-- @revises nothing\n").unwrap();
    assert_eq!(migration_files(&directory.0).len(), 2);
}
