//! Databases of other migration tools, adopted by what the tool has recorded.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use revchain::rusqlite::Connection;
use revchain::rusqlite::hooks::{AuthAction, Authorization};
use revchain::{Event, Migrations, Outcome, Report};
use revchain_core::schema::SchemaFilter;
use revchain_runtime::internal::read_schema_sql;

use crate::support::{
    Fixture, Recorder, authorize, clear_authorizer, count, dump, locked, read_by, rows,
    six_migrations, tool_database,
};

/// The tools with a directory of databases, and the table of the record.
const TOOLS: [(&str, &str); 8] = [
    ("sqlx", "_sqlx_migrations"),
    ("refinery", "refinery_schema_history"),
    ("rusqlite_migration", ""),
    ("diesel", "__diesel_schema_migrations"),
    ("alembic", "alembic_version"),
    ("dbmate", "schema_migrations"),
    ("golang-migrate", "schema_migrations"),
    ("goose", "goose_db_version"),
];

/// The databases of a tool, and the number of migrations that each has.
const STATES: [(&str, usize); 4] = [("first", 1), ("middle", 4), ("fifth", 5), ("last", 6)];

fn upgrade(chain: &Migrations, db: &mut Connection, case: &str) -> Report {
    let report = chain.upgrade(db);
    report.unwrap_or_else(|error| panic!("{case}: {error:#}"))
}

#[test]
fn database_of_a_tool_is_adopted_where_it_is() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (tool, _) in TOOLS {
        for (state, applied) in STATES {
            let case = format!("{tool}/{state}.db");
            let mut db = tool_database(&fixture, &case);
            let report = upgrade(&chain, &mut db, &case);
            assert_eq!(report.outcome, Outcome::Adopted, "{case}");
            let counts = (report.stamped.len(), report.applied.len());
            assert_eq!(counts, (applied, 6 - applied), "{case}");
            let by: &[&str] = match tool {
                "rusqlite_migration" => &["user_version"],
                // Both tools have the same table, and the chain names both.
                "dbmate" => &["dbmate", "rails"],
                tool => &[tool],
            };
            let recorded_by = report.recorded_by.iter().map(|tool| tool.name());
            assert_eq!(recorded_by.collect::<Vec<_>>(), by, "{case}");
            assert!(chain.check(&db).unwrap().is_same(), "{case}");
            assert_eq!(upgrade(&chain, &mut db, &case).outcome, Outcome::UpToDate);
        }
    }
}

/// The rows after the upgrade are those that the tool itself would have left.
#[test]
fn upgraded_rows_are_those_of_the_tool() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let settings = "SELECT key, value FROM settings ORDER BY key";
    for (tool, _) in TOOLS {
        let last = dump(
            &tool_database(&fixture, &format!("{tool}/last.db")),
            settings,
        );
        for (state, _) in STATES {
            let case = format!("{tool}/{state}.db");
            let mut db = tool_database(&fixture, &case);
            let kept = ["users", "posts"].map(|table| format!("SELECT count(*) FROM {table}"));
            let before = kept.each_ref().map(|sql| count(&db, sql));
            upgrade(&chain, &mut db, &case);
            assert_eq!(kept.map(|sql| count(&db, &sql)), before, "{case}");
            if state != "first" {
                assert_eq!(dump(&db, settings), last, "{case}");
            }
        }
    }
}

#[test]
fn table_of_the_tool_is_left_as_it_is() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (tool, table) in TOOLS.iter().filter(|(_, table)| !table.is_empty()) {
        let case = format!("{tool}/middle.db");
        let mut db = tool_database(&fixture, &case);
        let content = format!("SELECT * FROM {table}");
        let definition = format!("SELECT sql FROM sqlite_master WHERE tbl_name = '{table}'");
        let before = [&content, &definition].map(|sql| dump(&db, sql));
        upgrade(&chain, &mut db, &case);
        assert_eq!([content, definition].map(|sql| dump(&db, &sql)), before);
    }
}

/// Each of these databases has the first four migrations in its record.
#[test]
fn database_of_any_known_tool_is_adopted() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for tool in [
        "atlas",
        "d1-remote",
        "d1",
        "django",
        "drizzle",
        "efcore",
        "flyway",
        "grdb",
        "hiqlite",
        "knex",
        "prisma",
        "rails",
        "room",
        "seaorm",
        "typeorm",
    ] {
        let case = format!("bookkeeping/{tool}.db");
        let mut db = tool_database(&fixture, &case);
        let report = upgrade(&chain, &mut db, &case);
        let adopted = (report.outcome, report.stamped.len(), report.applied.len());
        assert_eq!(adopted, (Outcome::Adopted, 4, 2), "{case}");
        assert!(chain.check(&db).unwrap().is_same(), "{case}");
    }
}

/// C1: 003 and 004 have the same schema, so only the record can tell them apart.
#[test]
fn version_below_a_shared_schema_runs_the_next_revision() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (state, version, upgrades) in [("middle", 3, 3), ("middle", 4, 2), ("fifth", 5, 1)] {
        let mut db = tool_database(&fixture, &format!("rusqlite_migration/{state}.db"));
        db.pragma_update(None, "user_version", version).unwrap();
        db.execute_batch("DELETE FROM settings").unwrap();
        let report = upgrade(&chain, &mut db, state);
        assert_eq!(report.applied.len(), upgrades, "{version}");
        // 004 inserts a theme, and 006 inserts the feed.
        let has_theme = count(&db, "SELECT count(*) FROM settings WHERE key = 'theme'");
        assert_eq!(has_theme, i64::from(version == 3));
        assert_eq!(
            count(&db, "SELECT count(*) FROM settings WHERE key = 'feed'"),
            1
        );
    }
}

#[test]
fn disagreement_shows_both_and_changes_nothing() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (tool, change) in [
        (
            "sqlx",
            "DELETE FROM _sqlx_migrations WHERE version > 20240300000000",
        ),
        (
            "refinery",
            "DELETE FROM refinery_schema_history WHERE version > 2",
        ),
        ("rusqlite_migration", "PRAGMA user_version = 2"),
        (
            "diesel",
            "DELETE FROM __diesel_schema_migrations WHERE version > '20240300000000'",
        ),
        (
            "alembic",
            "UPDATE alembic_version SET version_num = '0f5b6a7723ce'",
        ),
        (
            "dbmate",
            "DELETE FROM schema_migrations WHERE version > '20240300000000'",
        ),
        ("golang-migrate", "UPDATE schema_migrations SET version = 2"),
        ("goose", "DELETE FROM goose_db_version WHERE version_id > 2"),
    ] {
        let db = tool_database(&fixture, &format!("{tool}/middle.db"));
        db.execute_batch(change).unwrap();
        drop(db);
        let before = fs::read(fixture.db()).unwrap();
        let error = chain.open(fixture.db()).unwrap_err();
        assert_eq!(error.code(), "record-differs", "{tool}: {error}");
        let text = error.to_string();
        for part in [
            " says 002, but the schema is that of 003, 004:",
            "users.email: TEXT NOT NULL → TEXT NOT NULL UNIQUE",
        ] {
            assert!(text.contains(part), "{tool}: {text}");
        }
        assert_eq!(fs::read(fixture.db()).unwrap(), before, "{tool}");
    }
}

#[test]
fn version_of_no_revision_is_named() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (tool, change, version) in [
        (
            "sqlx",
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (20250101000000, 'x', 1, x'00', 1)",
            "20250101000000",
        ),
        ("rusqlite_migration", "PRAGMA user_version = 7", "7"),
        (
            "alembic",
            "UPDATE alembic_version SET version_num = 'ffff'",
            "ffff",
        ),
        (
            "golang-migrate",
            "UPDATE schema_migrations SET version = 7",
            "7",
        ),
    ] {
        let mut db = tool_database(&fixture, &format!("{tool}/last.db"));
        db.execute_batch(change).unwrap();
        let error = chain.upgrade(&mut db).unwrap_err();
        assert_eq!(error.code(), "record-unnamed", "{tool}: {error}");
        assert!(
            error.to_string().contains(&format!(" names: {version}")),
            "{error}"
        );
    }
}

#[test]
fn missing_revision_in_the_record_is_named() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let mut db = tool_database(&fixture, "sqlx/last.db");
    db.execute_batch("DELETE FROM _sqlx_migrations WHERE version = 20240318170000")
        .unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "record-gap");
    assert!(
        error
            .to_string()
            .contains("lacks revisions that come before it: 004 (sqlx:20240318170000)"),
        "{error}"
    );
}

#[test]
fn failed_migration_of_a_tool_is_named() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (database, change, version) in [
        (
            "sqlx/middle.db",
            "UPDATE _sqlx_migrations SET success = 0 WHERE version = 20240318170000",
            "20240318170000",
        ),
        (
            "golang-migrate/middle.db",
            "UPDATE schema_migrations SET dirty = 1",
            "4",
        ),
        (
            "bookkeeping/prisma.db",
            "UPDATE _prisma_migrations SET finished_at = NULL
             WHERE migration_name = '20240318170000_fill_settings'",
            "20240318170000_fill_settings",
        ),
        (
            "bookkeeping/flyway.db",
            "UPDATE flyway_schema_history SET success = 0 WHERE version = '4'",
            "4",
        ),
        (
            "bookkeeping/atlas.db",
            "UPDATE atlas_schema_revisions SET applied = 0, total = 2
             WHERE version = '20240318170000'",
            "20240318170000",
        ),
    ] {
        let mut db = tool_database(&fixture, database);
        db.execute_batch(change).unwrap();
        let error = chain.upgrade(&mut db).unwrap_err();
        assert_eq!(error.code(), "record-failed", "{database}: {error}");
        let part = format!("the migration {version} did not complete");
        assert!(error.to_string().contains(&part), "{database}: {error}");
    }
}

/// These rows are no migrations that the database has.
#[test]
fn rows_of_undone_migrations_do_not_count() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (database, change) in [
        (
            "bookkeeping/prisma.db",
            "INSERT INTO _prisma_migrations (id, checksum, migration_name, rolled_back_at, started_at)
             VALUES ('x', '', '20240507110000_record_title_changes', 1, 1)",
        ),
        (
            "bookkeeping/flyway.db",
            "INSERT INTO flyway_schema_history
             SELECT 5, '5', description, 'SQL', script, 0, installed_by, installed_on, 1, 1
             FROM flyway_schema_history WHERE version = '1';
             INSERT INTO flyway_schema_history
             SELECT 6, '5', description, 'UNDO_SQL', script, 0, installed_by, installed_on, 1, 1
             FROM flyway_schema_history WHERE version = '1';
             INSERT INTO flyway_schema_history
             SELECT 7, NULL, description, 'SQL', script, 0, installed_by, installed_on, 1, 1
             FROM flyway_schema_history WHERE version = '1'",
        ),
        (
            "bookkeeping/knex.db",
            "INSERT INTO knex_migrations (name) VALUES (NULL)",
        ),
        (
            "goose/middle.db",
            "INSERT INTO goose_db_version (version_id, is_applied) VALUES (5, 1), (5, 0)",
        ),
        (
            "bookkeeping/atlas.db",
            "INSERT INTO atlas_schema_revisions
             SELECT '.atlas_cloud_identifier', description, type, 0, 0, executed_at, 0, error,
                error_stmt, hash, partial_hashes, operator_version
             FROM atlas_schema_revisions LIMIT 1",
        ),
    ] {
        let mut db = tool_database(&fixture, database);
        db.execute_batch(change).unwrap();
        let report = upgrade(&chain, &mut db, database);
        assert_eq!(report.stamped.len(), 4, "{database}");
    }
}

/// C3: without any `@was`, the schema alone decides, and the tables of the tools do not count.
#[test]
fn table_of_a_tool_does_not_count_as_drift() {
    let fixture = Fixture::new();
    let users = "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL, name TEXT, \
                 created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);";
    let posts =
        "CREATE TABLE posts (id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL \
                 REFERENCES users (id) ON DELETE CASCADE, title TEXT NOT NULL, body TEXT);
                 CREATE INDEX posts_user_id ON posts (user_id);
                 CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);";
    let drop = "DROP TABLE settings; DROP TABLE posts;";
    let chain = fixture.proven(&[(users, "DROP TABLE users;"), (posts, drop)]);
    for (tool, _) in TOOLS {
        let mut db = tool_database(&fixture, &format!("{tool}/first.db"));
        let report = upgrade(&chain, &mut db, tool);
        assert_eq!(report.stamped.len(), 2, "{tool}");
        assert!(report.recorded_by.is_empty(), "{tool}");
        assert!(chain.check(&db).unwrap().is_same(), "{tool}");
    }
}

#[test]
fn branches_of_alembic_are_adopted_as_a_set() {
    let fixture = Fixture::new();
    let chain = alembic_branches(&fixture);
    for (state, stamped) in [
        ("first", &["001"][..]),
        ("branch", &["001", "002"]),
        ("heads", &["001", "002", "003"]),
        ("last", &["001", "002", "003", "004", "005"]),
    ] {
        let mut db = tool_database(&fixture, &format!("alembic-branches/{state}.db"));
        let report = upgrade(&chain, &mut db, state);
        assert_eq!(report.stamped, stamped, "{state}");
        assert_eq!(report.applied.len(), 5 - stamped.len(), "{state}");
        assert!(chain.check(&db).unwrap().is_same(), "{state}");
    }
}

/// After a downgrade of all, the table of Alembic is empty, and no other table is left.
#[test]
fn database_downgraded_to_base_is_new() {
    let fixture = Fixture::new();
    let chain = alembic_branches(&fixture);
    let mut db = tool_database(&fixture, "alembic-branches/base.db");
    let report = upgrade(&chain, &mut db, "base");
    assert_eq!((report.outcome, report.applied.len()), (Outcome::New, 5));
}

/// Makes the chain of `alembic-branches`, with its SQL.
fn alembic_branches(fixture: &Fixture) -> Migrations {
    let directory = fixture.path("branches");
    fs::create_dir(&directory).unwrap();
    let sql =
        fs::read_to_string(crate::support::tool_file("alembic-branches/upgrade.sql")).unwrap();
    let files = [
        ("001", "base", "1b9e04c3aa70"),
        ("002", "001", "4d27f6be1190"),
        ("003", "001", "c80a5512ed3f"),
        ("004", "002 003", "f3316d0b9c84"),
        ("005", "004", "680e1fa2b75d"),
    ];
    for (id, parents, version) in files {
        let from = sql
            .find(&format!("> {version}\n"))
            .unwrap_or_else(|| panic!("{version}"));
        let script = sql[from..].split("-- Running upgrade").next().unwrap();
        let script: Vec<&str> = script
            .split_inclusive(';')
            .filter(|statement| {
                !statement.contains("alembic_version") && !statement.contains("COMMIT")
            })
            .collect();
        let script = script.concat();
        let script = script.split_once('\n').unwrap().1.trim();
        let text = format!(
            "-- Step {id}.\n-- @revises {parents}\n-- @irreversible imported\n\
             -- @was alembic:{version}\n-- @upgrade\n{script}\n"
        );
        fs::write(directory.join(format!("20240101_0{id}_{id}_x.sql")), text).unwrap();
    }
    locked(&directory)
}

/// C7: a foreign `user_version` would keep each open slow.
#[test]
fn user_version_of_the_tool_becomes_the_marker() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (state, version) in [("first", 1), ("middle", 4), ("last", 6)] {
        let mut db = tool_database(&fixture, &format!("rusqlite_migration/{state}.db"));
        let events = Recorder::new();
        let migrator = chain.migrator().on_event(|event| events.record(event));
        let report = migrator.upgrade(&mut db).unwrap();
        assert_eq!(report.replaced_user_version, Some(version), "{state}");
        let part = format!("`user_version` {version} of the other tool is now revchain's marker");
        assert!(report.to_string().ends_with(&part), "{report}");
        let event = format!(
            "`user_version` {version} of another tool is now revchain's marker; the program that \
             wrote it no longer opens the database"
        );
        assert!(events.take().contains(&event), "{state}");
        assert!(is_found_by_the_marker(&chain, &mut db), "{state}");
    }
}

#[test]
fn user_version_stays_if_the_setting_says_so() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let mut db = tool_database(&fixture, "rusqlite_migration/middle.db");
    let events = Recorder::new();
    let migrator = chain.migrator().keep_user_version(true);
    let migrator = migrator.on_event(|event| events.record(event));
    let report = migrator.upgrade(&mut db).unwrap();
    assert_eq!(report.replaced_user_version, None);
    assert!(!report.to_string().contains("user_version`"), "{report}");
    let event = "`user_version` is 4, of another program: each open reads history and schema";
    assert!(events.take().contains(&event.to_owned()));
    assert_eq!(count(&db, "PRAGMA user_version"), 4);
    assert!(!is_found_by_the_marker(&chain, &mut db));
    assert_eq!(chain.upgrade(&mut db).unwrap().outcome, Outcome::UpToDate);
}

/// Without a marker, zero would lose the number for nothing.
#[test]
fn user_version_stays_if_no_marker_can_be_written() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let mut db = tool_database(&fixture, "rusqlite_migration/middle.db");
    db.execute_batch("CREATE TABLE other (a)").unwrap();
    let migrator = chain.migrator().ignore_tables(["other"]);
    let report = migrator.upgrade(&mut db).unwrap();
    assert_eq!(report.stamped.len(), 4);
    assert_eq!(report.replaced_user_version, None);
    assert_eq!(count(&db, "PRAGMA user_version"), 4);
}

/// A `user_version` that is not the record of a tool belongs to another program.
#[test]
fn other_user_version_is_kept_and_reported() {
    let fixture = Fixture::new();
    let chain = fixture.proven(&[("CREATE TABLE t (a);", "DROP TABLE t;")]);
    let mut db = Connection::open_in_memory().unwrap();
    db.execute_batch("CREATE TABLE t (a); PRAGMA user_version = 1")
        .unwrap();
    let events = Recorder::new();
    let migrator = chain.migrator().on_event(|event| events.record(event));
    assert_eq!(
        migrator.upgrade(&mut db).unwrap().replaced_user_version,
        None
    );
    let event = "`user_version` is 1, of another program: each open reads history and schema";
    assert!(events.take().contains(&event.to_owned()));
    assert_eq!(count(&db, "PRAGMA user_version"), 1);
    // The guide advises this for a number that no program needs.
    db.execute_batch("PRAGMA user_version = 0").unwrap();
    chain.upgrade(&mut db).unwrap();
    assert!(is_found_by_the_marker(&chain, &mut db));
}

#[test]
fn failed_adoption_keeps_the_user_version() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let mut db = tool_database(&fixture, "rusqlite_migration/middle.db");
    db.execute_batch("CREATE TABLE title_changes_of_mine (a)")
        .unwrap();
    let before = rows(&db);
    chain.upgrade(&mut db).unwrap_err();
    assert_eq!(count(&db, "PRAGMA user_version"), 4);
    assert_eq!(rows(&db), before);
}

#[test]
fn failed_script_after_an_adoption_keeps_the_user_version() {
    let fixture = Fixture::new();
    let chain = fixture.chain_locked(&[
        "-- @was user_version:1\nCREATE TABLE t (a);",
        "-- @was user_version:2\nCREATE UNIQUE INDEX i ON t (a);",
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1), (1); PRAGMA user_version = 1")
        .unwrap();
    assert_eq!(chain.upgrade(&mut db).unwrap_err().code(), "statement");
    assert_eq!(count(&db, "PRAGMA user_version"), 1);
    db.execute_batch("DELETE FROM t WHERE rowid = 2").unwrap();
    assert_eq!(
        chain.upgrade(&mut db).unwrap().replaced_user_version,
        Some(1)
    );
}

/// The event says that the old program no longer opens the database, so it must be true.
#[test]
fn user_version_is_reported_only_after_the_commit() {
    let fixture = Fixture::new();
    let chain = fixture.chain_locked(&[
        "-- @was user_version:1\nCREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE c (p INTEGER REFERENCES p (id));",
        "-- @was user_version:2\nINSERT INTO c SELECT id + 1 FROM p;",
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p (id));
         INSERT INTO p VALUES (1); PRAGMA user_version = 1",
    )
    .unwrap();
    let replaced = AtomicUsize::new(0);
    let migrator = chain.migrator().on_event(|event| {
        if let Event::UserVersionReplaced { version: 1, .. } = event {
            replaced.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(
        migrator.upgrade(&mut db).unwrap_err().code(),
        "foreign-keys"
    );
    assert_eq!(replaced.load(Ordering::Relaxed), 0);
    db.execute_batch("DELETE FROM p").unwrap();
    migrator.upgrade(&mut db).unwrap();
    assert_eq!(replaced.load(Ordering::Relaxed), 1);
}

/// The first migration of the other tool changed nothing, so the database is empty.
#[test]
fn database_at_an_empty_first_migration_is_new() {
    let fixture = Fixture::new();
    let chain = fixture.chain_locked(&[
        "-- @was user_version:1 empty\n-- @was user_version:2\nCREATE TABLE t (a);",
    ]);
    let mut db = Connection::open(fixture.db()).unwrap();
    db.execute_batch("PRAGMA user_version = 1").unwrap();
    let report = chain.upgrade(&mut db).unwrap();
    assert_eq!((report.outcome, report.applied.len()), (Outcome::New, 1));
    assert_eq!(report.replaced_user_version, Some(1));
    assert!(is_found_by_the_marker(&chain, &mut db));
}

/// Returns `true` if an upgrade reads no table, because the marker says that nothing is to be done.
fn is_found_by_the_marker(chain: &Migrations, db: &mut Connection) -> bool {
    let (report, read) = read_by(db, |db| chain.upgrade(db).unwrap());
    assert_eq!(report.outcome, Outcome::UpToDate);
    read.is_empty()
}

/// The cost of an adoption at the head is that of reading its schema.
#[test]
fn adoption_at_the_head_reads_the_schema_once() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    for (tool, _) in TOOLS {
        let mut db = tool_database(&fixture, &format!("{tool}/last.db"));
        let once = schema_reads(&mut db, |db| {
            read_schema_sql(db, &SchemaFilter::default()).unwrap();
        });
        let adoption = schema_reads(&mut db, |db| {
            assert_eq!(chain.upgrade(db).unwrap().stamped.len(), 6, "{tool}");
        });
        assert_eq!(adoption, once, "{tool}");
        assert!(once > 0);
    }
}

/// Returns how often SQLite reads the column that only the query for the schema SQL reads.
fn schema_reads(db: &mut Connection, run: impl FnOnce(&mut Connection)) -> usize {
    let reads = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&reads);
    authorize(db, move |context| {
        if let AuthAction::Read {
            table_name: "sqlite_master",
            column_name: "tbl_name",
        } = context.action
        {
            seen.fetch_add(1, Ordering::Relaxed);
        }
        Authorization::Allow
    });
    run(db);
    clear_authorizer(db);
    reads.load(Ordering::Relaxed)
}

#[test]
fn record_in_a_named_chain_is_read() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture).named("notes").unwrap();
    for database in ["sqlx/middle.db", "rusqlite_migration/middle.db"] {
        let mut db = tool_database(&fixture, database);
        let version = count(&db, "PRAGMA user_version");
        let report = upgrade(&chain, &mut db, database);
        assert_eq!(report.stamped.len(), 4, "{database}");
        // The marker of a named chain is in a table.
        assert_eq!(count(&db, "PRAGMA user_version"), version);
    }
}

#[test]
fn record_in_an_ignored_table_is_not_read() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let named = six_migrations(&Fixture::new()).named("notes").unwrap();
    for chain in [chain, named] {
        let mut db = tool_database(&fixture, "sqlx/middle.db");
        let migrator = chain.migrator().ignore_tables(["_sqlx_migrations"]);
        assert_eq!(migrator.upgrade(&mut db).unwrap_err().code(), "ambiguous");
    }
}

/// The record says that the database has tables, so it is not new.
#[test]
fn record_without_tables_is_not_a_new_database() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let mut db = tool_database(&fixture, "sqlx/first.db");
    db.execute_batch("DROP TABLE posts; DROP TABLE users; DROP TABLE settings")
        .unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "record-differs", "{error}");
}

#[test]
fn schema_of_no_revision_shows_how_to_undo_the_change() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let mut db = tool_database(&fixture, "sqlx/middle.db");
    db.execute_batch("CREATE INDEX byhand ON users (name)")
        .unwrap();
    let error = chain.upgrade(&mut db).unwrap_err();
    assert_eq!(error.code(), "record-differs", "{error}");
    let help = error.help().unwrap();
    // After a stamp, the database would have drifted.
    assert!(!help.contains("stamp"), "{help}");
    let undo = help
        .lines()
        .find_map(|line| line.split_once(", and undo it: "));
    db.execute_batch(undo.unwrap().1).unwrap();
    upgrade(&chain, &mut db, "sqlx/middle.db");
}

#[test]
fn dry_run_and_plan_use_the_record() {
    let fixture = Fixture::new();
    let chain = six_migrations(&fixture);
    let db = tool_database(&fixture, "sqlx/middle.db");
    let before = rows(&db);
    let pending = chain.migrator().pending(&db).unwrap();
    assert_eq!(pending.len(), 2);
    let dry_run = chain
        .migrator()
        .dry_run(&db, revchain::Request::Upgrade("head".into()))
        .unwrap();
    assert_eq!(dry_run.report.stamped.len(), 4);
    assert!(chain.check(&db).unwrap().is_same());
    assert_eq!(rows(&db), before);
}
