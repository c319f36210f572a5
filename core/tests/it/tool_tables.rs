//! The bookkeeping tables of other tools, which are known by name and columns.

use revchain_core::Tool;
use revchain_core::schema::Schema;

/// The tables as the tools create them. A `;` separates a table from its indexes.
const TABLES: [(&str, &[Tool]); 28] = [
    (
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL,
           installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
           checksum BLOB NOT NULL, execution_time BIGINT NOT NULL)",
        &[Tool::Sqlx],
    ),
    (
        "CREATE TABLE refinery_schema_history(version int4 PRIMARY KEY, name VARCHAR(255),
           applied_on VARCHAR(255), checksum VARCHAR(255))",
        &[Tool::Refinery],
    ),
    (
        "CREATE TABLE __diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL,
           run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)",
        &[Tool::Diesel],
    ),
    (
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,
           CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
        &[Tool::Alembic],
    ),
    (
        "CREATE TABLE schema_migrations (version uint64, dirty bool);
         CREATE UNIQUE INDEX version_unique ON schema_migrations (version)",
        &[Tool::GolangMigrate],
    ),
    (
        "CREATE TABLE goose_db_version (id INTEGER PRIMARY KEY AUTOINCREMENT,
           version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL,
           tstamp TIMESTAMP DEFAULT (datetime('now')))",
        &[Tool::Goose],
    ),
    (
        "CREATE TABLE \"schema_migrations\" (\"version\" varchar(128) primary key)",
        &[Tool::Dbmate, Tool::Rails],
    ),
    (
        "CREATE TABLE \"ar_internal_metadata\" (\"key\" varchar NOT NULL PRIMARY KEY,
           \"value\" varchar, \"created_at\" datetime(6) NOT NULL, \"updated_at\" datetime(6) NOT NULL)",
        &[],
    ),
    (
        "CREATE TABLE `__drizzle_migrations` (id SERIAL PRIMARY KEY, hash text NOT NULL,
           created_at numeric)",
        &[Tool::Drizzle],
    ),
    (
        "CREATE TABLE \"_prisma_migrations\" (\"id\" TEXT PRIMARY KEY NOT NULL,
           \"checksum\" TEXT NOT NULL, \"finished_at\" DATETIME, \"migration_name\" TEXT NOT NULL,
           \"logs\" TEXT, \"rolled_back_at\" DATETIME,
           \"started_at\" DATETIME NOT NULL DEFAULT current_timestamp,
           \"applied_steps_count\" INTEGER UNSIGNED NOT NULL DEFAULT 0)",
        &[Tool::Prisma],
    ),
    (
        "CREATE TABLE `knex_migrations` (`id` integer not null primary key autoincrement,
           `name` varchar(255), `batch` integer, `migration_time` datetime)",
        &[Tool::Knex],
    ),
    (
        "CREATE TABLE `knex_migrations_lock` (`index` integer not null primary key autoincrement,
           `is_locked` integer)",
        &[],
    ),
    (
        "CREATE TABLE \"migrations\" (\"id\" integer PRIMARY KEY AUTOINCREMENT NOT NULL,
           \"timestamp\" bigint NOT NULL, \"name\" varchar NOT NULL)",
        &[Tool::Typeorm],
    ),
    (
        "CREATE TABLE \"typeorm_metadata\" (\"type\" varchar NOT NULL, \"database\" varchar,
           \"schema\" varchar, \"table\" varchar, \"name\" varchar, \"value\" text)",
        &[],
    ),
    (
        "CREATE TABLE \"django_migrations\" (\"id\" integer NOT NULL PRIMARY KEY AUTOINCREMENT,
           \"app\" varchar(255) NOT NULL, \"name\" varchar(255) NOT NULL, \"applied\" datetime NOT NULL)",
        &[Tool::Django],
    ),
    (
        "CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)",
        &[Tool::Grdb],
    ),
    (
        "CREATE TABLE room_master_table (id INTEGER PRIMARY KEY,identity_hash TEXT)",
        &[],
    ),
    ("CREATE TABLE android_metadata (locale TEXT)", &[]),
    (
        "CREATE TABLE \"__EFMigrationsHistory\" (
           \"MigrationId\" TEXT NOT NULL CONSTRAINT \"PK___EFMigrationsHistory\" PRIMARY KEY,
           \"ProductVersion\" TEXT NOT NULL)",
        &[Tool::Efcore],
    ),
    (
        "CREATE TABLE \"__EFMigrationsLock\" (
           \"Id\" INTEGER NOT NULL CONSTRAINT \"PK___EFMigrationsLock\" PRIMARY KEY,
           \"Timestamp\" TEXT NOT NULL)",
        &[],
    ),
    (
        "CREATE TABLE `atlas_schema_revisions` (`version` text NOT NULL,
           `description` text NOT NULL, `type` integer NOT NULL DEFAULT (2),
           `applied` integer NOT NULL DEFAULT (0), `total` integer NOT NULL DEFAULT (0),
           `executed_at` datetime NOT NULL, `execution_time` integer NOT NULL, `error` text NULL,
           `error_stmt` text NULL, `hash` text NOT NULL, `partial_hashes` json NULL,
           `operator_version` text NOT NULL, PRIMARY KEY (`version`))",
        &[Tool::Atlas],
    ),
    (
        "CREATE TABLE _migrations (id INTEGER NOT NULL CONSTRAINT _migrations_pk PRIMARY KEY,
           name TEXT NOT NULL, ts INTEGER NOT NULL, hash TEXT NOT NULL)",
        &[Tool::Hiqlite],
    ),
    (
        "CREATE TABLE _metadata (key TEXT NOT NULL CONSTRAINT _metadata_pk PRIMARY KEY,
           data BLOB NOT NULL)",
        &[],
    ),
    (
        "CREATE TABLE d1_migrations(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
           applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
        &[Tool::D1],
    ),
    (
        "CREATE TABLE _cf_KV (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
         CREATE TABLE _cf_METADATA (key INTEGER PRIMARY KEY, value BLOB)",
        &[],
    ),
    (
        "CREATE TABLE \"seaql_migrations\" (\"version\" varchar NOT NULL PRIMARY KEY,
           \"applied_at\" bigint NOT NULL)",
        &[Tool::Seaorm],
    ),
    (
        "CREATE TABLE \"flyway_schema_history\" (\"installed_rank\" INT NOT NULL PRIMARY KEY,
           \"version\" VARCHAR(50), \"description\" VARCHAR(200) NOT NULL,
           \"type\" VARCHAR(20) NOT NULL, \"script\" VARCHAR(1000) NOT NULL, \"checksum\" INT,
           \"installed_by\" VARCHAR(100) NOT NULL,
           \"installed_on\" TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f','now')),
           \"execution_time\" INT NOT NULL, \"success\" BOOLEAN NOT NULL);
         CREATE INDEX \"flyway_schema_history_s_idx\" ON \"flyway_schema_history\" (\"success\")",
        &[Tool::Flyway],
    ),
    (
        "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
         CREATE TABLE _litestream_lock (id INTEGER)",
        &[],
    ),
];

fn statements(sql: &str) -> Vec<&str> {
    sql.split(';').map(str::trim).collect()
}

#[test]
fn bookkeeping_table_of_a_tool_is_ignored() {
    for (sql, tools) in TABLES {
        let schema = Schema::read(statements(sql));
        assert!(schema.is_empty(), "{sql}");
        assert_eq!(schema.fingerprint(), Schema::default().fingerprint());
        assert_eq!(schema.tables().count(), 0, "{sql}");
        assert_eq!(schema.recording_tools(), tools, "{sql}");
    }
}

/// Each tool but those that use `user_version` has a table here.
#[test]
fn every_tool_has_a_table() {
    let recorded: Vec<Tool> = TABLES
        .iter()
        .flat_map(|(_, tools)| *tools)
        .copied()
        .collect();
    for tool in Tool::ALL.iter().filter(|tool| **tool != Tool::UserVersion) {
        assert!(recorded.contains(tool), "{tool}");
    }
}

#[test]
fn table_with_that_name_and_other_columns_counts() {
    for (sql, _) in TABLES {
        let table = statements(sql)[0];
        let name = table.split(['(']).next().unwrap();
        for other in [
            format!("{name} (id INTEGER PRIMARY KEY, note TEXT)"),
            table.replacen('(', "(note TEXT, ", 1),
        ] {
            let schema = Schema::read([other.as_str()]);
            assert_eq!(schema.tables().count(), 1, "{other}");
            assert_eq!(schema.recording_tools(), [], "{other}");
        }
    }
}

#[test]
fn view_with_that_name_counts() {
    let schema = Schema::read(["CREATE VIEW alembic_version AS SELECT 1 AS version_num"]);
    assert!(!schema.is_empty());
    assert_eq!(schema.recording_tools(), []);
}

#[test]
fn name_and_columns_can_have_any_case_and_order() {
    let schema = Schema::read(["CREATE TABLE Schema_Migrations (Dirty bool, \"VERSION\" uint64)"]);
    assert!(schema.is_empty());
    assert_eq!(schema.recording_tools(), [Tool::GolangMigrate]);
}

#[test]
fn index_follows_its_table_in_any_order() {
    let own = "CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT)";
    let theirs = "CREATE TABLE migrations (id INTEGER PRIMARY KEY, timestamp BIGINT, name TEXT)";
    let index = "CREATE INDEX i ON migrations (name)";
    for statements in [[own, index], [index, own]] {
        assert_eq!(Schema::read(statements).attached("migrations").len(), 1);
    }
    for statements in [[theirs, index], [index, theirs]] {
        assert!(Schema::read(statements).is_empty());
    }
}

/// The proof changes a schema step by step, and a program reads it as a whole.
#[test]
fn changed_table_gives_the_schema_that_is_read_anew() {
    let own = "CREATE TABLE migrations (id INTEGER PRIMARY KEY, name TEXT)";
    let theirs = "CREATE TABLE migrations (id INTEGER PRIMARY KEY, timestamp BIGINT, name TEXT)";
    let rest = ["CREATE INDEX i ON migrations (name)", "CREATE TABLE t (a)"];
    for (before, after) in [(own, theirs), (theirs, own)] {
        let mut changed = Schema::read([before].into_iter().chain(rest));
        changed.apply_delta([before], [after]);
        assert_eq!(changed, Schema::read([after].into_iter().chain(rest)));
    }
}

#[test]
fn words_in_double_quotes_are_not_columns_of_a_tool() {
    let view = "CREATE VIEW v AS SELECT * FROM t WHERE a = \"dirty\"";
    let table = "CREATE TABLE t (a)";
    let theirs = "CREATE TABLE schema_migrations (version uint64, dirty bool)";
    let trigger = "CREATE VIEW w AS SELECT \"dirty\" FROM schema_migrations";
    assert_eq!(
        Schema::read([table, view, theirs]),
        Schema::read([table, view])
    );
    assert_eq!(
        Schema::read([table, trigger, theirs]),
        Schema::read([table, trigger])
    );
}
