//! The bookkeeping tables of other tools, known by name and columns.
//!
//! A user can have a table `migrations` of their own, so the name alone is not enough.

use super::object::{Object, ObjectKind};
use crate::Tool;

/// A bookkeeping table of another tool.
pub(super) struct ToolTable {
    pub(super) name: &'static str,
    /// The columns, in any order.
    columns: &'static [&'static str],
    /// The tools that record their migrations in the table.
    ///
    /// Empty for a table without migrations, such as a lock or the table of a replication tool.
    pub(super) tools: &'static [Tool],
}

const fn table(
    name: &'static str,
    columns: &'static [&'static str],
    tools: &'static [Tool],
) -> ToolTable {
    ToolTable {
        name,
        columns,
        tools,
    }
}

/// The tables, with the columns of each version of a tool that differs.
static TOOL_TABLES: &[ToolTable] = &[
    table(
        "_sqlx_migrations",
        &[
            "version",
            "description",
            "installed_on",
            "success",
            "checksum",
            "execution_time",
        ],
        &[Tool::Sqlx],
    ),
    table(
        "refinery_schema_history",
        &["version", "name", "applied_on", "checksum"],
        &[Tool::Refinery],
    ),
    table(
        "__diesel_schema_migrations",
        &["version", "run_on"],
        &[Tool::Diesel],
    ),
    table("alembic_version", &["version_num"], &[Tool::Alembic]),
    table(
        "schema_migrations",
        &["version", "dirty"],
        &[Tool::GolangMigrate],
    ),
    table(
        "goose_db_version",
        &["id", "version_id", "is_applied", "tstamp"],
        &[Tool::Goose],
    ),
    table(
        "schema_migrations",
        &["version"],
        &[Tool::Dbmate, Tool::Rails],
    ),
    table(
        "ar_internal_metadata",
        &["key", "value", "created_at", "updated_at"],
        &[],
    ),
    table(
        "__drizzle_migrations",
        &["id", "hash", "created_at"],
        &[Tool::Drizzle],
    ),
    table(
        "_prisma_migrations",
        &[
            "id",
            "checksum",
            "finished_at",
            "migration_name",
            "logs",
            "rolled_back_at",
            "started_at",
            "applied_steps_count",
        ],
        &[Tool::Prisma],
    ),
    table(
        "knex_migrations",
        &["id", "name", "batch", "migration_time"],
        &[Tool::Knex],
    ),
    table("knex_migrations_lock", &["index", "is_locked"], &[]),
    table("migrations", &["id", "timestamp", "name"], &[Tool::Typeorm]),
    table(
        "typeorm_metadata",
        &["type", "database", "schema", "table", "name", "value"],
        &[],
    ),
    table(
        "django_migrations",
        &["id", "app", "name", "applied"],
        &[Tool::Django],
    ),
    table("grdb_migrations", &["identifier"], &[Tool::Grdb]),
    table("room_master_table", &["id", "identity_hash"], &[]),
    table("android_metadata", &["locale"], &[]),
    table(
        "__EFMigrationsHistory",
        &["MigrationId", "ProductVersion"],
        &[Tool::Efcore],
    ),
    table("__EFMigrationsLock", &["Id", "Timestamp"], &[]),
    table(
        "atlas_schema_revisions",
        &[
            "version",
            "description",
            "type",
            "applied",
            "total",
            "executed_at",
            "execution_time",
            "error",
            "error_stmt",
            "hash",
            "partial_hashes",
            "operator_version",
        ],
        &[Tool::Atlas],
    ),
    table(
        "_migrations",
        &["id", "name", "ts", "hash"],
        &[Tool::Hiqlite],
    ),
    table("_metadata", &["key", "data"], &[]),
    table("d1_migrations", &["id", "name", "applied_at"], &[Tool::D1]),
    table("_cf_METADATA", &["key", "value"], &[]),
    table("_cf_KV", &["key", "value"], &[]),
    table(
        "seaql_migrations",
        &["version", "applied_at"],
        &[Tool::Seaorm],
    ),
    table(
        "flyway_schema_history",
        &[
            "installed_rank",
            "version",
            "description",
            "type",
            "script",
            "checksum",
            "installed_by",
            "installed_on",
            "execution_time",
            "success",
        ],
        &[Tool::Flyway],
    ),
    table("_litestream_seq", &["id", "seq"], &[]),
    table("_litestream_lock", &["id"], &[]),
];

impl ToolTable {
    /// Returns the bookkeeping table that an object is; `None` for any other object.
    ///
    /// A generated column is never a tool's. A read from one would run untrusted SQL.
    pub(super) fn of(object: &Object) -> Option<&'static Self> {
        if object.kind != ObjectKind::Table {
            return None;
        }
        let columns = &object.table.as_ref()?.columns;
        let has_columns = |known: &&Self| {
            let mut names = known.columns.iter();
            known.name.eq_ignore_ascii_case(&object.name)
                && known.columns.len() == columns.len()
                && names.all(|name| columns.iter().any(|column| column.is_named(name)))
                && columns.iter().all(|column| column.generated.is_empty())
        };
        TOOL_TABLES.iter().find(has_columns)
    }

    /// Returns `true` if a bookkeeping table can have this name.
    pub(super) fn may_have_name(name: &str) -> bool {
        let mut tables = TOOL_TABLES.iter();
        tables.any(|table| table.name.eq_ignore_ascii_case(name))
    }
}
