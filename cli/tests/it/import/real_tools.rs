//! The migrations and databases that the tools themselves made, see `tests/fixtures/tools/`.

use std::fs;
use std::path::{Path, PathBuf};

use revchain_core::schema::{Schema, SchemaFilter, diff};
use revchain_runtime::internal::read_schema_sql;
use revchain_runtime::rusqlite::Connection;

use super::shell;
use crate::support::Shell;

/// The arguments of `import` for each tool: its name only if the files do not show it.
const TOOLS: [(&str, &str); 8] = [
    ("sqlx", "sqlx/migrations"),
    ("refinery", "refinery/migrations"),
    ("rusqlite_migration", "rusqlite_migration/migrations"),
    ("diesel", "diesel/migrations"),
    ("alembic", "alembic"),
    ("golang-migrate", "golang-migrate/migrations"),
    ("goose", "goose/migrations"),
    ("dbmate", "dbmate/migrations"),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tools")
}

/// Imports the migrations of a tool into `migrations/`.
fn import(tool: &str, directory: &str) -> Shell {
    let shell = shell(&[]);
    let named = if tool == "golang-migrate" { tool } else { "" };
    let source = fixtures().join(directory);
    let report = shell.json(&format!("import {named} {} --json", source.display()));
    assert_eq!(
        (&report["tool"], &report["written"]),
        (&tool.into(), &true.into()),
        "{report}"
    );
    assert_eq!(report["stopped"], serde_json::Value::Null);
    shell
}

fn schema(path: &Path) -> Schema {
    let db = Connection::open(path).unwrap();
    read_schema_sql(&db, &SchemaFilter::default())
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

/// The databases of each tool: after the first, a middle, the fifth and the last migration.
const DATABASES: [&str; 4] = ["first.db", "middle.db", "fifth.db", "last.db"];

/// Returns the number of rows of each table of a database.
fn rows(path: &Path) -> Vec<(String, i64)> {
    let db = Connection::open(path).unwrap();
    let names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB 'sqlite_*'
                 ORDER BY name";
    let mut names = db.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get(0)).unwrap();
    let count = |table: String| {
        let sql = format!("SELECT count(*) FROM \"{table}\"");
        let count = db.query_row(&sql, [], |row| row.get(0)).unwrap();
        (table, count)
    };
    names.map(|name| count(name.unwrap())).collect()
}

#[test]
fn databases_of_the_tools_move_without_a_flag() {
    for (tool, directory) in TOOLS {
        let shell = import(tool, directory);
        for name in DATABASES {
            let path = shell.path(name);
            fs::copy(fixtures().join(tool).join(name), &path).unwrap();
            let before = rows(&path);
            let text = shell.ok(&format!("upgrade -d {name}"));
            assert!(text.contains(": adopted at "), "{tool}: {text}");
            shell.ok(&format!("check -d {name}"));
            assert_eq!(
                shell.json(&format!("pending -d {name} --json"))["pending"],
                serde_json::json!([])
            );
            let after = rows(&path);
            for (table, count) in before {
                let kept = after.iter().find(|(other, _)| *other == table);
                assert!(
                    kept.is_some_and(|(_, kept)| *kept >= count),
                    "{tool} {name}: {table}"
                );
            }
        }
    }
}

#[test]
fn heads_of_alembic_are_taken_over_as_a_set() {
    let shell = import("alembic", "alembic-branches");
    for (name, count) in [("first", 4), ("branch", 3), ("heads", 2), ("last", 0)] {
        let path = shell.path("app.db");
        fs::copy(
            fixtures().join(format!("alembic-branches/{name}.db")),
            &path,
        )
        .unwrap();
        let report = shell.json("upgrade -d app.db --json");
        assert_eq!(report["applied"].as_array().unwrap().len(), count, "{name}");
        assert_eq!(report["outcome"], "adopted");
        shell.ok("check -d app.db");
    }
}

#[test]
fn forgotten_view_makes_a_downgrade_irreversible() {
    let shell = shell(&[]);
    let source = fixtures().join("sqlx/reversible");
    let report = shell.json(&format!("import sqlx {} --json", source.display()));
    let reason = |index: usize| report["revisions"][index]["irreversible"].clone();
    assert_eq!((reason(0), reason(1), reason(2)), Default::default());
    let expected = "the downgrade of 20240507110000 does not give back the schema of \
                    20240318170000: + view published_posts AS ";
    assert!(
        reason(4).as_str().unwrap().starts_with(expected),
        "{report}"
    );
    assert_eq!(reason(5), "no downgrade was written for sqlx");
}

/// Returns all rows of the tables of the migrations, as SQL literals.
fn contents(db: &Connection) -> Vec<String> {
    let columns = [
        ("users", ["id", "email", "name", "created_at"]),
        ("posts", ["id", "title", "body", "published_at"]),
        ("settings", ["key", "value", "key", "value"]),
        (
            "title_changes",
            ["post_id", "old_title", "changed_at", "id"],
        ),
    ];
    let mut rows = Vec::new();
    for (table, columns) in columns {
        let columns = columns
            .map(|column| format!("quote({column})"))
            .join(" || ',' || ");
        let sql = format!("SELECT '{table} ' || {columns} FROM {table} ORDER BY 1");
        let mut statement = db.prepare(&sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        rows.extend(found.map(|row| row.unwrap()));
    }
    rows
}

/// The tool upgraded `fifth.db` and added the rows of `last.sql`. revchain must leave the same.
#[test]
fn upgrade_leaves_the_rows_that_the_tool_left() {
    let fill = fs::read_to_string(fixtures().join("make/fill/last.sql")).unwrap();
    for (tool, directory) in TOOLS {
        let shell = import(tool, directory);
        let last = Connection::open(fixtures().join(tool).join("last.db")).unwrap();
        let expected = contents(&last);
        assert!(expected.len() > 15, "{expected:?}");
        for name in ["middle.db", "fifth.db"] {
            let path = shell.path(name);
            fs::copy(fixtures().join(tool).join(name), &path).unwrap();
            shell.ok(&format!("upgrade -d {name}"));
            let db = Connection::open(&path).unwrap();
            db.execute_batch(&fill).unwrap();
            assert_eq!(contents(&db), expected, "{tool} {name}");
        }
    }
}
