//! A program that stores notes, in versions with one to three revisions.

use std::fs;

use revchain::Migrations;
use revchain::rusqlite::Connection;
use revchain_prove::migrations_from_directory;

use super::Fixture;

/// A migration file: id, parents, further header lines, upgrade SQL and downgrade SQL.
pub(crate) type Step<'s> = (&'s str, &'s str, &'s str, &'s str, &'s str);

pub(crate) const NOTES: Step<'_> = (
    "001",
    "base",
    "",
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);",
    "DROP TABLE notes;",
);
pub(crate) const TAGS: Step<'_> = (
    "002",
    "001",
    "-- @compatible\n",
    "CREATE TABLE tags (note INTEGER REFERENCES notes (id), tag TEXT);",
    "DROP TABLE tags;",
);
pub(crate) const TITLES: Step<'_> = (
    "003",
    "002",
    "",
    "ALTER TABLE notes ADD COLUMN title TEXT NOT NULL DEFAULT '';
     CREATE INDEX by_title ON notes (title);",
    "DROP INDEX by_title; -- first\nALTER TABLE notes DROP COLUMN title;",
);

/// Writes the files of a program and returns its migrations. The version counts the files.
pub(crate) fn program(fixture: &Fixture, steps: &[Step<'_>]) -> Migrations {
    let directory = fixture.path("migrations");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).unwrap();
    for (id, revises, header, upgrade, downgrade) in steps {
        let downgrade = if downgrade.is_empty() {
            String::new()
        } else {
            format!("-- @downgrade\n{downgrade}\n")
        };
        let text = format!(
            "-- Step {id}.\n-- @revises {revises}\n{header}-- @upgrade\n{upgrade}\n{downgrade}"
        );
        fs::write(
            directory.join(format!("202601{}_1200_{id}_step.sql", &id[1..])),
            text,
        )
        .unwrap();
    }
    let version = steps.len();
    migrations_from_directory(directory)
        .unwrap()
        .stamped_by(format!("notes {version}.0"))
}

/// Returns a database of the program with three revisions, with one row in each table.
pub(crate) fn newer_database(fixture: &Fixture) -> Connection {
    let db = program(fixture, &[NOTES, TAGS, TITLES])
        .open(fixture.db())
        .unwrap();
    db.execute_batch(
        "INSERT INTO notes (body, title) VALUES ('milk', 'shopping');
         INSERT INTO tags VALUES (1, 'home')",
    )
    .unwrap();
    db
}
