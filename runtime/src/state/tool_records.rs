//! Reading of the records that other migration tools keep in a database.

use revchain_core::history::tool_record::ToolRecord;
use revchain_core::schema::{SchemaFilter, SchemaSql};
use revchain_core::{Revision, Tool};
use rusqlite::{Connection, Row};

use super::history_rows::read_text;
use super::marker::foreign_user_version;
use super::schema::read_schema_sql;
use crate::session::database::Database;

/// The number of rows that are read in addition to the versions that the chain names. This limits
/// the work for a malicious file.
const MAX_UNNAMED_VERSIONS: usize = 1000;

/// Reads the records of all tools in the database, also of those that the chain does not name.
///
/// `schema` is the schema of the chain in the database. It lacks the tables of other tools if
/// several chains share the database.
pub(super) fn read_records(
    database: Database<'_>,
    schema: &SchemaSql,
    is_shared: bool,
) -> rusqlite::Result<Vec<ToolRecord>> {
    let connection = database.connection;
    let tools = if is_shared {
        let filter = SchemaFilter {
            ignored: database.settings.ignored_tables.clone(),
            own: None,
        };
        read_schema_sql(connection, &filter)?
            .schema()
            .recording_tools()
    } else {
        schema.schema().recording_tools()
    };
    let revisions = database.chain().revisions().iter();
    let named = revisions.flat_map(Revision::was).count();
    let mut records = Vec::new();
    for tool in tools {
        let Some(sql) = query(tool) else { continue };
        let sql = format!("{sql} LIMIT {}", named + MAX_UNNAMED_VERSIONS);
        records.push(ToolRecord::new(tool, read_versions(connection, &sql)?));
    }
    if let Some(version) = foreign_user_version(connection)? {
        let version = (version.to_string(), false);
        records.push(ToolRecord::new(Tool::UserVersion, [version]));
    }
    Ok(records)
}

fn read_versions(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<(String, bool)>> {
    let read = |row: &Row<'_>| Ok((read_text(row, 0)?, row.get(1)?));
    let mut statement = connection.prepare(sql)?;
    let versions = statement.query_map([], read)?;
    versions.collect()
}

/// Returns the query for the applied versions of a tool, each with `true` if it has failed.
///
/// Returns `None` for a tool without a table.
fn query(tool: Tool) -> Option<&'static str> {
    Some(match tool {
        Tool::Sqlx => {
            "SELECT CAST(version AS TEXT), success IS NOT 1 FROM main._sqlx_migrations
             ORDER BY version"
        }
        Tool::Refinery => {
            "SELECT CAST(version AS TEXT), 0 FROM main.refinery_schema_history
             WHERE version IS NOT NULL ORDER BY version"
        }
        Tool::Diesel => {
            "SELECT CAST(version AS TEXT), 0 FROM main.__diesel_schema_migrations ORDER BY version"
        }
        Tool::Alembic => "SELECT CAST(version_num AS TEXT), 0 FROM main.alembic_version",
        Tool::GolangMigrate => {
            "SELECT CAST(version AS TEXT), dirty IS NOT 0 FROM main.schema_migrations
             WHERE version IS NOT NULL"
        }
        // goose inserts version 0 with the table. Old versions of goose add a row for a downgrade,
        // so the newest row of a version decides.
        Tool::Goose => {
            "SELECT CAST(version_id AS TEXT), 0
             FROM (SELECT version_id, is_applied, max(id) FROM main.goose_db_version
                   WHERE version_id > 0 GROUP BY version_id)
             WHERE is_applied ORDER BY version_id"
        }
        Tool::Dbmate | Tool::Rails => {
            "SELECT CAST(version AS TEXT), 0 FROM main.schema_migrations
             WHERE version IS NOT NULL ORDER BY version"
        }
        Tool::Knex => {
            "SELECT CAST(name AS TEXT), 0 FROM main.knex_migrations WHERE name IS NOT NULL
             ORDER BY id"
        }
        Tool::Drizzle => {
            "SELECT CAST(created_at AS TEXT), 0 FROM main.__drizzle_migrations
             WHERE created_at IS NOT NULL ORDER BY created_at"
        }
        // A migration that failed and ran again has several rows. `rolled_back_at` marks the others.
        Tool::Prisma => {
            "SELECT CAST(migration_name AS TEXT), finished_at IS NULL FROM main._prisma_migrations
             WHERE rolled_back_at IS NULL ORDER BY started_at"
        }
        Tool::Typeorm => "SELECT CAST(name AS TEXT), 0 FROM main.migrations ORDER BY id",
        Tool::Django => {
            "SELECT CAST(app AS TEXT) || '.' || name, 0 FROM main.django_migrations ORDER BY id"
        }
        Tool::Grdb => "SELECT CAST(identifier AS TEXT), 0 FROM main.grdb_migrations ORDER BY rowid",
        Tool::Seaorm => {
            "SELECT CAST(version AS TEXT), 0 FROM main.seaql_migrations ORDER BY version"
        }
        // A repeatable migration has no version. Undone and deleted migrations have a newer row.
        Tool::Flyway => {
            "SELECT CAST(version AS TEXT), success IS NOT 1
             FROM (SELECT version, type, success, installed_rank, max(installed_rank)
                   FROM main.flyway_schema_history WHERE version IS NOT NULL GROUP BY version)
             WHERE type NOT LIKE 'UNDO%' AND type <> 'DELETE' ORDER BY installed_rank"
        }
        Tool::Atlas => {
            "SELECT CAST(version AS TEXT), applied < total OR coalesce(error, '') <> ''
             FROM main.atlas_schema_revisions WHERE version NOT LIKE '.%' ORDER BY version"
        }
        Tool::Efcore => {
            "SELECT CAST(MigrationId AS TEXT), 0 FROM main.__EFMigrationsHistory
             ORDER BY MigrationId"
        }
        Tool::Hiqlite => "SELECT CAST(id AS TEXT), 0 FROM main._migrations ORDER BY id",
        Tool::D1 => {
            "SELECT CAST(name AS TEXT), 0 FROM main.d1_migrations WHERE name IS NOT NULL
             ORDER BY id"
        }
        _ => return None,
    })
}
