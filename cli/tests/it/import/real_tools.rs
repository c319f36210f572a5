//! The migrations and databases that the tools themselves made, see `tests/fixtures/tools/`.

use std::fs;
use std::path::{Path, PathBuf};

use revchain_core::schema::{Schema, SchemaFilter, diff};
use revchain_runtime::internal::read_schema_sql;
use revchain_runtime::rusqlite::Connection;

use super::shell;
use crate::support::Shell;

/// The tools, with the directory of their migrations in `tests/fixtures/tools/`.
const TOOLS: [(&str, &str); 5] = [
    ("sqlx", "sqlx/migrations"),
    ("refinery", "refinery/migrations"),
    ("rusqlite_migration", "rusqlite_migration/migrations"),
    ("diesel", "diesel/migrations"),
    ("alembic", "alembic"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tools")
}

/// Imports the migrations of a tool into `migrations/`.
fn import(tool: &str, directory: &str) -> Shell {
    let shell = shell(&[]);
    let source = fixtures().join(directory);
    let report = shell.json(&format!("import {} --json", source.display()));
    assert_eq!(
        (&report["tool"], &report["written"]),
        (&tool.into(), &true.into()),
        "{report}"
    );
    assert_eq!(
        report["made_up_dates"].as_u64() == Some(0),
        tool != "refinery" && tool != "rusqlite_migration"
    );
    shell
}

fn schema(path: &Path) -> Schema {
    let db = Connection::open(path).unwrap();
    read_schema_sql(&db, SchemaFilter::default())
        .unwrap()
        .schema()
        .clone()
}

#[test]
fn head_has_the_schema_that_the_tool_made() {
    for (tool, directory) in TOOLS {
        let shell = import(tool, directory);
        shell.ok("check migrations");
        shell.ok("upgrade -d new.db");
        let last = shell.path("last.db");
        fs::copy(fixtures().join(tool).join("last.db"), &last).unwrap();
        let difference = diff(&schema(&last), &schema(&shell.path("new.db")));
        assert!(difference.is_empty(), "{tool}: {difference}");
        assert!(schema(&last).tables().count() > 3);
    }
}
