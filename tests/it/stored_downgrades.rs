//! `OnNewer::Downgrade`: an older program reverts newer revisions with stored SQL.

use std::fs;

use revchain::rusqlite::Connection;
use revchain::{Migrations, OnNewer, Origin, Outcome, Request};
use revchain_prove::migrations_from_directory;

use crate::support::{
    Fixture, NOTES, Recorder, Step, TAGS, TITLES, TOKENS, all_sql, count, dump, ids,
    newer_database, program, read_by, rows, schema,
};
use crate::untrusted_files::INSERT_OVERSIZED_ROWS;

#[test]
fn only_a_requested_downgrade_reverts_newer_revisions() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let older = program(&fixture, &[NOTES]);
    let before = (
        schema(&db),
        rows(&db),
        dump(&db, "SELECT * FROM revchain_history"),
    );
    assert_eq!(
        older
            .migrator()
            .downgrade_to(&mut db, "001")
            .unwrap_err()
            .code(),
        "newer"
    );
    let migrator = older.migrator().on_newer(OnNewer::Downgrade);
    let error = migrator.upgrade(&mut db).unwrap_err();
    let help = error.help().unwrap();
    assert!(
        help.contains("\nor run `downgrade -r head`, which loses "),
        "{help}"
    );
    assert_eq!(migrator.open(fixture.db()).unwrap_err().code(), "newer");
    assert_eq!(migrator.stamp(&mut db, "001").unwrap_err().code(), "newer");
    assert_eq!(migrator.current(&db).unwrap_err().code(), "newer");
    assert_eq!(
        (
            schema(&db),
            rows(&db),
            dump(&db, "SELECT * FROM revchain_history")
        ),
        before
    );
}

#[test]
fn older_program_reverts_a_newer_database() {
    for target in ["001", "head", "-2"] {
        let fixture = Fixture::new();
        let mut db = newer_database(&fixture);
        let older = program(&fixture, &[NOTES]);
        let events = Recorder::new();
        let migrator = older.migrator().on_event(|event| events.record(event));
        let report = migrator
            .on_newer(OnNewer::Downgrade)
            .downgrade_to(&mut db, target)
            .unwrap();
        let events = events.take();
        assert!(events[0].contains("003"), "{events:?}");
        assert_eq!(report.outcome, Outcome::Downgraded);
        assert_eq!(
            (report.from.as_deref(), report.to.as_deref()),
            (Some("003"), Some("001"))
        );
        let reverted: Vec<_> = report
            .reverted
            .iter()
            .map(|reverted| reverted.revision.as_str())
            .collect();
        assert_eq!(reverted, ["003", "002"]);
        assert_eq!(ids(&db), ["001"]);
        assert_eq!(rows(&db), "notes\nInteger(1) milk \n");
        assert!(older.check(&db).unwrap().is_same());
        assert_eq!(
            older
                .open(fixture.db())
                .map(drop)
                .map_err(|error| error.to_string()),
            Ok(())
        );
        // The newer program upgrades the database again.
        assert_eq!(
            program(&fixture, &[NOTES, TAGS, TITLES])
                .upgrade(&mut db)
                .unwrap()
                .applied
                .len(),
            2
        );
    }
}

#[test]
fn key_violated_in_a_table_of_a_stored_downgrade_is_an_error() {
    let fixture = Fixture::new();
    let drop = "ALTER TABLE tags DROP COLUMN color;";
    let colors = (
        "003",
        "002",
        "",
        "ALTER TABLE tags ADD COLUMN color TEXT;",
        drop,
    );
    let newer = program(&fixture, &[NOTES, TAGS, colors]);
    let mut db = newer.open(fixture.db()).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF; INSERT INTO tags VALUES (7, 'lost', NULL)")
        .unwrap();
    let older = program(&fixture, &[NOTES, TAGS]);
    let migrator = older.migrator().on_newer(OnNewer::Downgrade);
    let error = migrator.downgrade_to(&mut db, "002").unwrap_err();
    assert_eq!(error.code(), "foreign-keys");
}

#[test]
fn many_newer_revisions_are_reverted() {
    let fixture = Fixture::new();
    let mut db = fixture.tables(9).open(fixture.db()).unwrap();
    let older = fixture.tables(1);
    let migrator = older.migrator().on_newer(OnNewer::Downgrade);
    let report = migrator.downgrade_to(&mut db, "001").unwrap();
    assert_eq!(report.reverted.len(), 8);
}

#[test]
fn newer_revisions_can_be_reverted_in_part() {
    for target in ["-1", "002"] {
        let fixture = Fixture::new();
        let mut db = newer_database(&fixture);
        let older = program(&fixture, &[NOTES]);
        let report = older
            .migrator()
            .on_newer(OnNewer::Downgrade)
            .downgrade_to(&mut db, target)
            .unwrap();
        assert_eq!(
            (report.from.as_deref(), report.to.as_deref()),
            (Some("003"), Some("002")),
            "{target}"
        );
        assert_eq!(ids(&db), ["001", "002"]);
        // The remaining newer revision is compatible.
        assert_eq!(older.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
        // The older program cannot vouch for the schema, so it writes no marker.
        assert_eq!(
            count(&db, "SELECT user_version FROM pragma_user_version"),
            0
        );
        assert_eq!(
            program(&fixture, &[NOTES, TAGS])
                .upgrade(&mut db)
                .unwrap()
                .outcome,
            Outcome::UpToDate
        );
    }
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let older = program(&fixture, &[NOTES])
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "base")
        .map(drop);
    assert_eq!(
        older.map_err(|error| error.to_string()),
        Ok(()),
        "known revisions are reverted too"
    );
    assert_eq!((ids(&db).len(), rows(&db).as_str()), (0, ""));
}

#[test]
fn copy_of_the_snapshot_can_be_reverted() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    let stamps = TOKENS.migrator().history(&db).unwrap();
    assert!(stamps.iter().all(|stamp| stamp.origin == Origin::Snapshot));
    let package = concat!("revchain ", env!("CARGO_PKG_VERSION"));
    assert!(
        stamps
            .iter()
            .all(|stamp| stamp.program.as_deref() == Some(package)),
        "{stamps:?}"
    );
    let directory = fixture.path("older");
    fs::create_dir(&directory).unwrap();
    for revision in &TOKENS.revisions()[..4] {
        fs::copy(revision.path(), directory.join(revision.file_name())).unwrap();
    }
    let older = migrations_from_directory(&directory).unwrap();
    older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "head")
        .unwrap();
    assert_eq!(ids(&db), ["001", "002", "003", "004"]);
    assert!(older.check(&db).unwrap().is_same());
}

#[test]
fn every_kind_of_statement_can_be_reverted() {
    let Some(newer) = all_sql() else {
        return;
    };
    let fixture = Fixture::new();
    let mut db = newer.open(fixture.db()).unwrap();
    let directory = fixture.path("older");
    fs::create_dir(&directory).unwrap();
    let first = &newer.revisions()[0];
    fs::copy(first.path(), directory.join(first.file_name())).unwrap();
    let older = migrations_from_directory(&directory).unwrap();
    let migrator = older.migrator().on_newer(OnNewer::Downgrade);
    let is_at = |db: &Connection, revision: &str| {
        let check = newer.check(db).unwrap();
        assert!(
            check.is_same() && check.revision() == Some(revision),
            "{check}"
        );
    };
    assert_eq!(
        migrator
            .downgrade_to(&mut db, "018")
            .unwrap()
            .reverted
            .len(),
        8
    );
    is_at(&db, "018");
    // 018 sets a pragma, which the sandbox does not authorize.
    let error = migrator.downgrade_to(&mut db, "017").unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("the downgrade of 018 failed: not authorized\n"),
        "{text}"
    );
    assert!(
        text.ends_with(
            "help: downgrade with a program that has 018\n\
             help: check the stored script: it may only change the tables of its database\n\
             more: run `revchain explain statement`"
        ),
        "{text}"
    );
    newer.migrator().downgrade_to(&mut db, "017").unwrap();
    assert_eq!(
        migrator
            .downgrade_to(&mut db, "010")
            .unwrap()
            .reverted
            .len(),
        7
    );
    is_at(&db, "010");
    assert_eq!(
        migrator.downgrade_to(&mut db, "head").unwrap_err().code(),
        "irreversible"
    );
}

#[test]
fn irreversible_revision_is_not_reverted() {
    let fixture = Fixture::new();
    let one_way = (
        "004",
        "003",
        "-- @irreversible the old titles are gone\n",
        "UPDATE notes SET title = upper(title);",
        "",
    );
    let mut db = program(&fixture, &[NOTES, TAGS, TITLES, one_way])
        .open(fixture.db())
        .unwrap();
    let older = program(&fixture, &[NOTES]);
    let error = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "001")
        .unwrap_err();
    assert_eq!(error.code(), "irreversible");
    assert!(
        error
            .to_string()
            .contains("004 cannot be reverted; nothing was changed: the old titles are gone\n"),
        "{error}"
    );
    assert_eq!(ids(&db).len(), 4);
}

/// Changes of the row of 003, each with a part of the error.
const ALTERATIONS: [(&str, &str); 12] = [
    (
        "SET downgrade = 'DROP TABLE notes;' || downgrade",
        "its checksum is not the one that was stamped",
    ),
    (
        "SET downgrade = NULL",
        "its row in the history is incomplete",
    ),
    ("SET downgrade = 'DROP TABLE ''x'", "SQLite cannot parse it"),
    ("SET downgrade = 'DROP TABLE # x'", "SQLite cannot parse it"),
    (
        "SET downgrade = 'ATTACH ''x'' AS y'",
        "a migration cannot contain ATTACH",
    ),
    (
        "SET downgrade = 'DELETE FROM revchain_history'",
        "is revchain's own name",
    ),
    (
        "SET checksum = upper(checksum)",
        "its checksum is not the one that was stamped",
    ),
    (
        "SET upgrade_checksum = substr(upgrade_checksum, 2)",
        "the checksum of its upgrade is not valid",
    ),
    (
        "SET upgrade_checksum = checksum",
        "its checksum is not the one that was stamped",
    ),
    (
        "SET revises = '001'",
        "its checksum is not the one that was stamped",
    ),
    (
        "SET revision = '0x3'",
        "its checksum is not the one that was stamped",
    ),
    ("SET revision = 'x' || char(27)", "its id is not valid"),
];

/// Returns the schema, the rows and the history.
fn everything(db: &Connection) -> (String, String, String) {
    (
        schema(db),
        rows(db),
        dump(db, "SELECT * FROM revchain_history"),
    )
}

#[test]
fn altered_history_row_is_not_run() {
    for (change, reason) in ALTERATIONS {
        let fixture = Fixture::new();
        let mut db = newer_database(&fixture);
        db.execute_batch(&format!(
            "UPDATE revchain_history {change} WHERE revision = '003'"
        ))
        .unwrap();
        let before = everything(&db);
        let older = program(&fixture, &[NOTES]);
        let error = older
            .migrator()
            .on_newer(OnNewer::Downgrade)
            .downgrade_to(&mut db, "001")
            .unwrap_err();
        assert_eq!(error.code(), "untrusted", "{change}: {error}");
        let text = format!("{error:#}");
        assert!(
            text.contains(reason) && !text.contains('\u{1b}'),
            "{change}: {text}"
        );
        assert_eq!(everything(&db), before, "{change}");
    }
}

/// The checksum covers the ids of the parents, but the parents must exist as well.
#[test]
fn revision_with_a_missing_parent_is_not_reverted() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    db.execute_batch("DELETE FROM revchain_history WHERE revision = '002'")
        .unwrap();
    let older = program(&fixture, &[NOTES]);
    let error = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "001")
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it revises 002, which the history lacks"),
        "{error}"
    );
}

#[test]
fn oversized_stored_downgrade_is_rejected() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    db.execute_batch(INSERT_OVERSIZED_ROWS).unwrap();
    let migrator = TOKENS.migrator().on_newer(OnNewer::Downgrade);
    assert_eq!(
        migrator.downgrade_to(&mut db, "head").unwrap_err().code(),
        "untrusted"
    );
}

#[test]
fn downgrade_must_reach_the_schema_of_the_older_program() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    db.execute_batch("CREATE TABLE stray (a)").unwrap();
    let older = program(&fixture, &[NOTES]);
    let error = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "001")
        .unwrap_err();
    assert_eq!(error.code(), "wrong-schema", "{error}");
    assert_eq!(ids(&db).len(), 3);
    let migrator = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .ignore_tables(["stray"]);
    assert_eq!(
        migrator
            .downgrade_to(&mut db, "001")
            .unwrap()
            .reverted
            .len(),
        2
    );
}

#[test]
fn five_column_history_gains_the_others_when_written() {
    let fixture = Fixture::new();
    let mut db = program(&fixture, &[NOTES, TAGS])
        .open(fixture.db())
        .unwrap();
    db.execute_batch(
        "CREATE TABLE h (revision TEXT NOT NULL PRIMARY KEY, checksum TEXT NOT NULL, origin TEXT NOT NULL,
                         applied_at INTEGER NOT NULL, duration_us INTEGER NOT NULL);
         INSERT INTO h SELECT revision, checksum, origin, applied_at, duration_us FROM revchain_history;
         DROP TABLE revchain_history; ALTER TABLE h RENAME TO revchain_history;
         -- One of the newer columns exists already.
         ALTER TABLE revchain_history ADD COLUMN downgrade TEXT",
    )
    .unwrap();
    let newer = program(&fixture, &[NOTES, TAGS, TITLES]);
    assert!(
        newer
            .migrator()
            .history(&db)
            .unwrap()
            .iter()
            .all(|stamp| stamp.program.is_none())
    );
    let older = program(&fixture, &[NOTES]);
    let error = older.open(fixture.db()).unwrap_err();
    let text = format!("{error:#}");
    assert!(
        text.contains("it has\n  002\nhelp: use a version of the program that has 002\n"),
        "{text}"
    );
    let error = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "001")
        .unwrap_err();
    assert_eq!(error.code(), "untrusted");
    newer.upgrade(&mut db).unwrap();
    let programs: Vec<_> = newer
        .migrator()
        .history(&db)
        .unwrap()
        .into_iter()
        .map(|stamp| stamp.program)
        .collect();
    assert_eq!(programs, [None, None, Some("notes 3.0".to_owned())]);
    assert!(newer.check(&db).unwrap().is_same());
    let second = program(&fixture, &[NOTES, TAGS]);
    assert_eq!(
        second
            .migrator()
            .on_newer(OnNewer::Downgrade)
            .downgrade_to(&mut db, "002")
            .unwrap()
            .reverted
            .len(),
        1
    );
}

#[test]
fn restamped_revision_keeps_its_position() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let edited = (
        "002",
        "001",
        TAGS.2,
        "CREATE TABLE tags (note INTEGER REFERENCES notes, tag TEXT);",
        TAGS.4,
    );
    program(&fixture, &[NOTES, edited, TITLES])
        .migrator()
        .stamp(&mut db, "003")
        .unwrap();
    assert_eq!(
        dump(&db, "SELECT revision FROM revchain_history ORDER BY rowid"),
        "001 \n002 \n003 \n"
    );
    let older = program(&fixture, &[NOTES]);
    let report = older
        .migrator()
        .on_newer(OnNewer::Downgrade)
        .downgrade_to(&mut db, "-1")
        .unwrap();
    assert_eq!(
        (report.from.as_deref(), report.to.as_deref()),
        (Some("003"), Some("002"))
    );
}

#[test]
fn newer_database_supports_dry_run_backup_and_restore() {
    let fixture = Fixture::new();
    let mut db = newer_database(&fixture);
    let older = program(&fixture, &[NOTES]);
    let migrator = || older.migrator().on_newer(OnNewer::Downgrade);
    let request = Request::Downgrade("001".into());
    let dry_run = migrator().dry_run(&db, request.clone()).unwrap();
    assert_eq!((ids(&db).len(), dry_run.report.reverted.len()), (3, 2));
    let diff = dry_run.diff.to_string();
    assert!(diff.contains("- table tags"), "{diff}");
    // A plan is not applied after the history has changed.
    let shown = migrator().plan(&db, request).unwrap();
    let reverted: Vec<_> = shown.reverts().map(|revision| revision.id()).collect();
    assert_eq!(reverted, ["003", "002"]);
    db.execute_batch("UPDATE revchain_history SET summary = 'another' WHERE revision = '003'")
        .unwrap();
    assert_eq!(
        migrator().apply(&mut db, shown).unwrap_err().code(),
        "changed"
    );
    let report = migrator()
        .backup(fixture.path("backups"), 3)
        .downgrade_to(&mut db, "001")
        .unwrap();
    let backup = report.backup.unwrap();
    assert!(
        backup.to_string_lossy().contains(".003."),
        "{}",
        backup.display()
    );
    assert_eq!(
        migrator().restore(&mut db, &backup).unwrap_err().code(),
        "newer"
    );
    assert_eq!(ids(&db), ["001"]);
    // A backup with compatible newer revisions can be restored.
    program(&fixture, &[NOTES, TAGS])
        .open(fixture.path("compatible.db"))
        .map(drop)
        .unwrap();
    let report = older
        .migrator()
        .restore(&mut db, fixture.path("compatible.db"))
        .unwrap();
    assert_eq!(
        (report.from.as_deref(), report.to.as_deref()),
        (Some("001"), Some("002"))
    );
}

#[test]
fn alternating_programs_skip_no_revision() {
    for name in [None, Some("notes")] {
        let fixture = Fixture::new();
        let build = |steps: &[Step<'_>]| match name {
            Some(name) => program(&fixture, steps).named(name).unwrap(),
            None => program(&fixture, steps),
        };
        let [first, second, third] =
            [&[NOTES][..], &[NOTES, TAGS], &[NOTES, TAGS, TITLES]].map(build);
        let outcome = |program: &Migrations| {
            let mut db = Connection::open(fixture.db()).unwrap();
            program
                .upgrade(&mut db)
                .map(|report| report.outcome)
                .map_err(|error| error.code())
        };
        let revert = |program: &Migrations, target: &str| {
            let mut db = Connection::open(fixture.db()).unwrap();
            let migrator = program.migrator().on_newer(OnNewer::Downgrade);
            migrator
                .downgrade_to(&mut db, target)
                .unwrap()
                .reverted
                .len()
        };
        assert_eq!(outcome(&first), Ok(Outcome::New));
        assert_eq!(outcome(&second), Ok(Outcome::Upgraded));
        for _ in 0..2 {
            assert_eq!(outcome(&first), Ok(Outcome::UpToDate));
            assert_eq!(outcome(&second), Ok(Outcome::UpToDate));
        }
        assert_eq!(outcome(&third), Ok(Outcome::Upgraded));
        assert_eq!(
            (outcome(&first), outcome(&second)),
            (Err("newer"), Err("newer"))
        );
        assert_eq!(revert(&first, "002"), 1);
        assert_eq!(
            (outcome(&first), outcome(&second)),
            (Ok(Outcome::UpToDate), Ok(Outcome::UpToDate))
        );
        assert_eq!(outcome(&third), Ok(Outcome::Upgraded));
        assert_eq!(revert(&first, "head"), 2);
        assert_eq!(outcome(&first), Ok(Outcome::UpToDate));
        assert_eq!(outcome(&third), Ok(Outcome::Upgraded));
        assert_eq!(outcome(&third), Ok(Outcome::UpToDate));
        let mut db = Connection::open(fixture.db()).unwrap();
        db.execute_batch(
            "INSERT INTO notes (title) VALUES ('a'); INSERT INTO tags VALUES (1, 'b')",
        )
        .unwrap();
        assert_eq!(
            third
                .migrator()
                .downgrade_to(&mut db, "base")
                .unwrap()
                .reverted
                .len(),
            3
        );
    }
}

#[test]
fn upgrade_at_head_reads_no_table_for_stored_downgrades() {
    let fixture = Fixture::new();
    let mut db = TOKENS.open(fixture.db()).unwrap();
    let migrator = TOKENS.migrator().on_newer(OnNewer::Downgrade);
    let (report, tables) = read_by(&mut db, |db| migrator.upgrade(db).unwrap());
    assert_eq!((report.outcome, tables), (Outcome::UpToDate, Vec::new()));
}
