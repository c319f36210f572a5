//! Older programs and newer databases: what they are told, what they may take back, and what they can open as it is.

#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use common::{Place, TOKENS, count, dump, ids, rows, schema};
use revchain::rusqlite::{Connection, version_number};
use revchain::{Conflict, Migrations, OnAhead, Origin, Outcome, Request};

/// A file of a chain: its id, what it revises, what else its header says, and its halves.
type Step<'s> = (&'s str, &'s str, &'s str, &'s str, &'s str);

const NOTES: Step<'_> =
    ("001", "base", "", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);", "DROP TABLE notes;");
const TAGS: Step<'_> = (
    "002",
    "001",
    "-- @compatible\n",
    "CREATE TABLE tags (note INTEGER REFERENCES notes (id), tag TEXT);",
    "DROP TABLE tags;",
);
const TITLES: Step<'_> = (
    "003",
    "002",
    "",
    "ALTER TABLE notes ADD COLUMN title TEXT NOT NULL DEFAULT ''; CREATE INDEX by_title ON notes (title);",
    "DROP INDEX by_title; -- first\nALTER TABLE notes DROP COLUMN title;",
);

fn chain(place: &Place, steps: &[Step<'_>]) -> Migrations {
    let directory = place.path("migrations");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).unwrap();
    for (id, revises, header, upgrade, downgrade) in steps {
        let downgrade = match downgrade.is_empty() {
            true => String::new(),
            false => format!("-- @downgrade\n{downgrade}\n"),
        };
        let text =
            format!("-- Step {id}.\n-- @revises {revises}\n{header}-- @upgrade\n{upgrade}\n{downgrade}");
        fs::write(directory.join(format!("202601{}_1200_{id}_step.sql", &id[1..])), text).unwrap();
    }
    let version = steps.len();
    Migrations::from_directory(directory).unwrap().stamped_by(format!("notes {version}.0"))
}

/// A database that the newer program has made, with a row of a user's.
fn newer_database(place: &Place) -> Connection {
    let db = chain(place, &[NOTES, TAGS, TITLES]).open(place.db()).unwrap();
    db.execute_batch(
        "INSERT INTO notes (body, title) VALUES ('milk', 'shopping'); INSERT INTO tags VALUES (1, 'home')",
    )
    .unwrap();
    db
}

#[test]
fn the_error_says_what_is_newer_since_when_and_by_which_program() {
    let place = Place::new();
    let db = newer_database(&place);
    db.execute_batch("UPDATE revchain_history SET applied_at = 1795251600000 WHERE revision = '003'")
        .unwrap();
    let error = chain(&place, &[NOTES]).open(place.db()).unwrap_err();
    let Some(Conflict::Ahead { unknown, .. }) = error.conflict() else { panic!("{error}") };
    let programs: Vec<_> = unknown.iter().map(|newer| newer.program.as_deref()).collect();
    assert_eq!(programs, [Some("notes 3.0"), Some("notes 3.0")]);
    let message = error.to_string();
    assert!(
        message.contains("is ahead of this program, whose head is 001: it also has\n  002  Step 002. ("),
        "{message}"
    );
    assert!(message.contains("\n  003  Step 003. (2026-11-21 09:00, by notes 3.0)\n"), "{message}");
    assert!(
        message
            .contains("\nhelp: use a version of the program that has 003; or take the database back to 001"),
        "{message}"
    );
    assert!(message.ends_with(": its command `downgrade -r 001`"), "{message}");
}

#[test]
fn nothing_newer_is_taken_back_unless_the_options_say_so_and_a_downgrade_is_asked_for() {
    let place = Place::new();
    let mut db = newer_database(&place);
    let older = chain(&place, &[NOTES]);
    let before = (schema(&db), rows(&db), dump(&db, "SELECT * FROM revchain_history"));
    assert_eq!(older.downgrade_to(&mut db, "001").unwrap_err().code(), "ahead");
    let options = older.options().on_ahead(OnAhead::Downgrade);
    let error = options.upgrade(&mut db).unwrap_err();
    assert!(error.to_string().ends_with(": the command `downgrade -r head`"), "{error}");
    assert_eq!(options.open(place.db()).unwrap_err().code(), "ahead");
    assert_eq!(options.stamp(&mut db, "001").unwrap_err().code(), "ahead");
    assert_eq!(options.current(&db).unwrap_err().code(), "ahead");
    assert_eq!((schema(&db), rows(&db), dump(&db, "SELECT * FROM revchain_history")), before);
}

#[test]
fn an_older_program_takes_a_newer_database_back() {
    for target in ["001", "head", "-2"] {
        let place = Place::new();
        let mut db = newer_database(&place);
        let older = chain(&place, &[NOTES]);
        let events = std::cell::RefCell::new(Vec::new());
        let options = older.options().on_event(|event| events.borrow_mut().push(event.to_string()));
        let report = options.on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, target).unwrap();
        assert!(events.borrow()[0].contains("003"), "{events:?}");
        assert_eq!(report.outcome, Outcome::Downgraded);
        assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("003"), Some("001")));
        let reverted: Vec<_> = report.reverted.iter().map(|reverted| reverted.revision.as_str()).collect();
        assert_eq!(reverted, ["003", "002"]);
        assert_eq!(ids(&db), ["001"]);
        assert_eq!(rows(&db), "notes\nInteger(1) milk \n");
        assert!(older.check(&db).unwrap().is_none());
        assert_eq!(older.open(place.db()).map(drop).map_err(|error| error.to_string()), Ok(()));
        // And the newer one finds what it knows.
        assert_eq!(chain(&place, &[NOTES, TAGS, TITLES]).upgrade(&mut db).unwrap().applied.len(), 2);
    }
}

#[test]
fn part_of_what_is_newer_can_be_taken_back() {
    for target in ["-1", "002"] {
        let place = Place::new();
        let mut db = newer_database(&place);
        let older = chain(&place, &[NOTES]);
        let report = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, target).unwrap();
        assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("003"), Some("002")), "{target}");
        assert_eq!(ids(&db), ["001", "002"]);
        // What is left is compatible.
        assert_eq!(older.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        // No marker says more than is known.
        assert_eq!(count(&db, "SELECT user_version FROM pragma_user_version"), 0);
        assert_eq!(chain(&place, &[NOTES, TAGS]).upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
    }
    let place = Place::new();
    let mut db = newer_database(&place);
    let older = chain(&place, &[NOTES])
        .options()
        .on_ahead(OnAhead::Downgrade)
        .downgrade_to(&mut db, "base")
        .map(drop);
    assert_eq!(older.map_err(|error| error.to_string()), Ok(()), "also what it knows itself");
    assert_eq!((ids(&db).len(), rows(&db).as_str()), (0, ""));
}

#[test]
fn a_database_that_is_a_copy_of_the_image_can_be_taken_back_too() {
    let place = Place::new();
    let mut db = TOKENS.open(place.db()).unwrap();
    let stamps = TOKENS.history(&db).unwrap();
    assert!(stamps.iter().all(|stamp| stamp.origin == Origin::Image));
    let package = concat!("revchain ", env!("CARGO_PKG_VERSION"));
    assert!(stamps.iter().all(|stamp| stamp.program.as_deref() == Some(package)), "{stamps:?}");
    let directory = place.path("older");
    fs::create_dir(&directory).unwrap();
    for revision in &TOKENS.revisions()[..4] {
        fs::copy(revision.path(), directory.join(revision.file_name())).unwrap();
    }
    let older = Migrations::from_directory(&directory).unwrap();
    older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "head").unwrap();
    assert_eq!(ids(&db), ["001", "002", "003", "004"]);
    assert!(older.check(&db).unwrap().is_none());
}

#[test]
fn all_that_a_migration_can_do_can_be_taken_back_by_a_program_that_does_not_know_it() {
    // What the last of these revisions does, older versions cannot.
    if version_number() < 3_053_000 {
        return;
    }
    let place = Place::new();
    let newer = Migrations::from_directory("tests/chains/everything").unwrap();
    let mut db = newer.open(place.db()).unwrap();
    let directory = place.path("older");
    fs::create_dir(&directory).unwrap();
    let first = &newer.revisions()[0];
    fs::copy(first.path(), directory.join(first.file_name())).unwrap();
    let older = Migrations::from_directory(&directory).unwrap();
    let options = older.options().on_ahead(OnAhead::Downgrade);
    let is_at = |db: &Connection, revision: &str| {
        let drift = newer.check(db).unwrap();
        assert!(drift.is_none() && drift.revision.as_deref() == Some(revision), "{drift}");
    };
    assert_eq!(options.downgrade_to(&mut db, "018").unwrap().reverted.len(), 8);
    is_at(&db, "018");
    // That one sets a pragma, which only a program may that knows it.
    let error = options.downgrade_to(&mut db, "017").unwrap_err();
    assert!(error.to_string().contains("the downgrade of 018 failed: not authorized"), "{error}");
    assert!(error.to_string().contains("help: SQL that comes out of a database"), "{error}");
    newer.downgrade_to(&mut db, "017").unwrap();
    assert_eq!(options.downgrade_to(&mut db, "010").unwrap().reverted.len(), 7);
    is_at(&db, "010");
    assert_eq!(options.downgrade_to(&mut db, "head").unwrap_err().code(), "irreversible");
}

#[test]
fn what_is_irreversible_is_not_taken_back() {
    let place = Place::new();
    let one_way = (
        "004",
        "003",
        "-- @irreversible the old titles are gone\n",
        "UPDATE notes SET title = upper(title);",
        "",
    );
    let mut db = chain(&place, &[NOTES, TAGS, TITLES, one_way]).open(place.db()).unwrap();
    let older = chain(&place, &[NOTES]);
    let error = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "001").unwrap_err();
    assert_eq!(error.code(), "irreversible");
    assert!(error.to_string().contains("004 cannot be reverted: the old titles are gone"), "{error}");
    assert_eq!(ids(&db).len(), 4);
}

#[test]
fn what_is_not_as_it_was_stamped_is_not_run() {
    let good = {
        let place = Place::new();
        drop(newer_database(&place));
        fs::read(place.db()).unwrap()
    };
    for (change, reason) in [
        (
            "SET downgrade = 'DROP TABLE notes;' || downgrade WHERE revision = '003'",
            "its checksum is not the one",
        ),
        ("SET downgrade = NULL WHERE revision = '003'", "the history does not have all of it"),
        ("SET downgrade = 'DROP TABLE ''x' WHERE revision = '003'", "SQLite cannot read it"),
        ("SET downgrade = 'DROP TABLE # x' WHERE revision = '003'", "SQLite cannot read it"),
        ("SET downgrade = 'ATTACH ''x'' AS y' WHERE revision = '003'", "a migration cannot contain ATTACH"),
        ("SET downgrade = 'DELETE FROM revchain_history' WHERE revision = '003'", "is revchain's own name"),
        ("SET checksum = upper(checksum) WHERE revision = '003'", "its checksum is not the one"),
        (
            "SET upgrade_checksum = substr(upgrade_checksum, 2) WHERE revision = '003'",
            "the checksum of its upgrade is none",
        ),
        ("SET upgrade_checksum = checksum WHERE revision = '003'", "its checksum is not the one"),
        ("SET revises = '001' WHERE revision = '003'", "its checksum is not the one"),
        ("SET revision = '0x3' WHERE revision = '003'", "its checksum is not the one"),
        ("SET revision = 'x' || char(27) WHERE revision = '003'", "it is not the id of a revision"),
    ] {
        let place = Place::new();
        fs::write(place.db(), &good).unwrap();
        let mut db = Connection::open(place.db()).unwrap();
        db.execute_batch(&format!("UPDATE revchain_history {change}")).unwrap();
        let before = (schema(&db), rows(&db), dump(&db, "SELECT * FROM revchain_history"));
        let older = chain(&place, &[NOTES]);
        let error = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "001").unwrap_err();
        assert_eq!(error.code(), "untrusted", "{change}: {error}");
        assert!(
            error.to_string().contains(reason) && !error.to_string().contains('\u{1b}'),
            "{change}: {error}"
        );
        assert_eq!((schema(&db), rows(&db), dump(&db, "SELECT * FROM revchain_history")), before, "{change}");
    }
    // A parent that is gone: what is revised is part of what is stamped, but it has to be there, too.
    let place = Place::new();
    fs::write(place.db(), &good).unwrap();
    let mut db = Connection::open(place.db()).unwrap();
    db.execute_batch("DELETE FROM revchain_history WHERE revision = '002'").unwrap();
    let older = chain(&place, &[NOTES]);
    let error = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "001").unwrap_err();
    assert!(error.to_string().contains("it revises 002, which the history does not have"), "{error}");
}

#[test]
fn what_a_downgrade_leaves_must_be_the_schema_that_the_older_program_has() {
    let place = Place::new();
    let mut db = newer_database(&place);
    db.execute_batch("CREATE TABLE stray (a)").unwrap();
    let older = chain(&place, &[NOTES]);
    let error = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "001").unwrap_err();
    assert_eq!(error.code(), "wrong-schema", "{error}");
    assert_eq!(ids(&db).len(), 3);
    let options = older.options().on_ahead(OnAhead::Downgrade).ignore_tables(["stray"]);
    assert_eq!(options.downgrade_to(&mut db, "001").unwrap().reverted.len(), 2);
}

#[test]
fn what_is_compatible_is_opened_by_an_older_program_without_a_word() {
    let place = Place::new();
    let newer = chain(&place, &[NOTES, TAGS]);
    drop(newer.open(place.db()).unwrap());
    let before = fs::read(place.db()).unwrap();
    let older = chain(&place, &[NOTES]);
    let events = std::cell::RefCell::new(Vec::new());
    let options = older.options().on_event(|event| events.borrow_mut().push(event.to_string()));
    let mut db = options.open(place.db()).unwrap();
    db.execute_batch("BEGIN; INSERT INTO notes (body) VALUES ('eggs'); ROLLBACK").unwrap();
    let report = options.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::UpToDate);
    assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("002"), Some("002")));
    assert_eq!(older.current(&db).unwrap().map(|revision| revision.id()), Some("001"));
    assert_eq!(older.pending(&db).unwrap().len(), 0);
    let drift = older.check(&db).unwrap();
    assert_eq!(drift.to_string(), "the schema of 002 is not known: a newer program has added it");
    assert_eq!(*events.borrow(), Vec::<String>::new());
    // Nothing was written: the newer one finds its marker.
    assert_eq!(fs::read(place.db()).unwrap(), before);
    // It is not taken apart below what it has.
    assert_eq!(older.downgrade_to(&mut db, "base").unwrap_err().code(), "ahead");
    assert_eq!(older.stamp(&mut db, "001").unwrap_err().code(), "ahead");
}

#[test]
fn one_revision_that_is_not_compatible_is_enough_to_refuse() {
    let place = Place::new();
    drop(newer_database(&place));
    assert_eq!(chain(&place, &[NOTES]).open(place.db()).unwrap_err().code(), "ahead");
}

#[test]
fn what_is_compatible_does_not_hide_what_is_pending_or_edited() {
    let place = Place::new();
    drop(chain(&place, &[NOTES, TAGS]).open(place.db()).unwrap());
    // One that the newer program does not have: another branch.
    let other = ("012", "001", "", "CREATE TABLE links (a);", "DROP TABLE links;");
    assert_eq!(chain(&place, &[NOTES, other]).open(place.db()).unwrap_err().code(), "ahead");
    let edited =
        ("001", "base", "", "CREATE TABLE notes (id INTEGER PRIMARY KEY, body);", "DROP TABLE notes;");
    assert_eq!(chain(&place, &[edited]).open(place.db()).unwrap_err().code(), "edited");
    // All of it is compatible, but it is another chain's.
    let place = Place::new();
    let first = ("011", "base", "-- @compatible\n", "CREATE TABLE a (b);", "DROP TABLE a;");
    drop(chain(&place, &[first]).open(place.db()).unwrap());
    assert_eq!(chain(&place, &[NOTES]).open(place.db()).unwrap_err().code(), "ahead");
}

#[test]
fn a_history_of_five_columns_gets_the_others_when_it_is_next_written() {
    let place = Place::new();
    let mut db = chain(&place, &[NOTES, TAGS]).open(place.db()).unwrap();
    db.execute_batch(
        "CREATE TABLE h (revision TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, origin TEXT NOT NULL,
                         applied_at INTEGER NOT NULL, duration_us INTEGER NOT NULL);
         INSERT INTO h SELECT revision, checksum, origin, applied_at, duration_us FROM revchain_history;
         DROP TABLE revchain_history; ALTER TABLE h RENAME TO revchain_history;
         -- Somebody has begun with it.
         ALTER TABLE revchain_history ADD COLUMN downgrade TEXT",
    )
    .unwrap();
    let newer = chain(&place, &[NOTES, TAGS, TITLES]);
    assert!(newer.history(&db).unwrap().iter().all(|stamp| stamp.program.is_none()));
    let older = chain(&place, &[NOTES]);
    let error = older.open(place.db()).unwrap_err();
    assert!(
        error.to_string().contains("it also has\n  002\nhelp: use a version of the program that has 002;"),
        "{error}"
    );
    let error = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "001").unwrap_err();
    assert_eq!(error.code(), "untrusted");
    newer.upgrade(&mut db).unwrap();
    let programs: Vec<_> = newer.history(&db).unwrap().into_iter().map(|stamp| stamp.program).collect();
    assert_eq!(programs, [None, None, Some("notes 3.0".to_owned())]);
    assert!(newer.check(&db).unwrap().is_none());
    let second = chain(&place, &[NOTES, TAGS]);
    assert_eq!(
        second.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "002").unwrap().reverted.len(),
        1
    );
}

#[test]
fn what_is_stamped_again_keeps_its_place() {
    let place = Place::new();
    let mut db = newer_database(&place);
    let edited =
        ("002", "001", TAGS.2, "CREATE TABLE tags (note INTEGER REFERENCES notes, tag TEXT);", TAGS.4);
    chain(&place, &[NOTES, edited, TITLES]).stamp(&mut db, "003").unwrap();
    assert_eq!(dump(&db, "SELECT revision FROM revchain_history ORDER BY rowid"), "001 \n002 \n003 \n");
    let older = chain(&place, &[NOTES]);
    let report = older.options().on_ahead(OnAhead::Downgrade).downgrade_to(&mut db, "-1").unwrap();
    assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("003"), Some("002")));
}

#[test]
fn a_newer_database_is_rehearsed_backed_up_and_put_back_as_any_other() {
    let place = Place::new();
    let mut db = newer_database(&place);
    let older = chain(&place, &[NOTES]);
    let options = || older.options().on_ahead(OnAhead::Downgrade);
    let report = options().rehearse(true).downgrade_to(&mut db, "001").unwrap();
    let rehearsal = report.rehearsal.unwrap();
    assert_eq!((ids(&db).len(), report.reverted.len()), (3, 2));
    assert!(rehearsal.diff.to_string().contains("- table tags"), "{}", rehearsal.diff);
    // What was shown is done, or nothing.
    let request = Request::Downgrade("001".into());
    let shown = options().plan(&db, &request).unwrap();
    db.execute_batch("UPDATE revchain_history SET summary = 'another' WHERE revision = '003'").unwrap();
    assert_eq!(options().carry_out(&mut db, &request, &shown).unwrap_err().code(), "changed");
    let report = options().backup(place.path("backups"), 3).downgrade_to(&mut db, "001").unwrap();
    let backup = report.backup.unwrap();
    assert!(backup.to_string_lossy().contains(".003."), "{}", backup.display());
    assert_eq!(options().restore(&mut db, &backup).unwrap_err().code(), "ahead");
    assert_eq!(ids(&db), ["001"]);
    // One that is compatible can be put back.
    chain(&place, &[NOTES, TAGS]).open(place.path("compatible.db")).map(drop).unwrap();
    let report = older.options().restore(&mut db, place.path("compatible.db")).unwrap();
    assert_eq!((report.from.as_deref(), report.to.as_deref()), (Some("001"), Some("002")));
}

#[test]
fn programs_that_take_turns_at_a_database_skip_nothing() {
    for name in [None, Some("notes")] {
        let place = Place::new();
        let program = |steps: &[Step<'_>]| match name {
            Some(name) => chain(&place, steps).named(name).unwrap(),
            None => chain(&place, steps),
        };
        let [first, second, third] = [&[NOTES][..], &[NOTES, TAGS], &[NOTES, TAGS, TITLES]].map(program);
        let outcome = |program: &Migrations| {
            let mut db = Connection::open(place.db()).unwrap();
            program.upgrade(&mut db).map(|report| report.outcome).map_err(|error| error.code())
        };
        let back = |program: &Migrations, target: &str| {
            let mut db = Connection::open(place.db()).unwrap();
            let options = program.options().on_ahead(OnAhead::Downgrade);
            options.downgrade_to(&mut db, target).unwrap().reverted.len()
        };
        assert_eq!(outcome(&first), Ok(Outcome::New));
        assert_eq!(outcome(&second), Ok(Outcome::Upgraded));
        for _ in 0..2 {
            assert_eq!(outcome(&first), Ok(Outcome::UpToDate));
            assert_eq!(outcome(&second), Ok(Outcome::UpToDate));
        }
        assert_eq!(outcome(&third), Ok(Outcome::Upgraded));
        assert_eq!((outcome(&first), outcome(&second)), (Err("ahead"), Err("ahead")));
        assert_eq!(back(&first, "002"), 1);
        assert_eq!((outcome(&first), outcome(&second)), (Ok(Outcome::UpToDate), Ok(Outcome::UpToDate)));
        assert_eq!(outcome(&third), Ok(Outcome::Upgraded));
        assert_eq!(back(&first, "head"), 2);
        assert_eq!(outcome(&first), Ok(Outcome::UpToDate));
        assert_eq!(outcome(&third), Ok(Outcome::Upgraded));
        assert_eq!(outcome(&third), Ok(Outcome::UpToDate));
        let mut db = Connection::open(place.db()).unwrap();
        db.execute_batch("INSERT INTO notes (title) VALUES ('a'); INSERT INTO tags VALUES (1, 'b')").unwrap();
        assert_eq!(third.downgrade_to(&mut db, "base").unwrap().reverted.len(), 3);
    }
}
