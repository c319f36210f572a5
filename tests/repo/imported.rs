//! A program with the chains that `import` makes from the migrations of other tools.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::console::build_programs;
use crate::downstream::{Crate, USE_IT};

/// The tools, with the files to import in `tests/fixtures/tools/`.
const TOOLS: [(&str, &str); 5] = [
    ("sqlx", "sqlx/migrations"),
    ("refinery", "refinery/migrations"),
    ("rusqlite_migration", "rusqlite_migration/migrations"),
    ("diesel", "diesel/migrations"),
    ("alembic", "alembic"),
];

/// The databases of each tool, and the number of migrations that each one has.
const DATABASES: [(&str, usize); 4] = [("first", 1), ("middle", 4), ("fifth", 5), ("last", 6)];

/// A program that opens each database with the chain of its tool.
fn program() -> String {
    let mut text = "use renamed::{Migrations, Outcome, embed_migrations};\n".to_owned();
    let mut calls = String::new();
    for (tool, _) in TOOLS {
        let chain = tool.to_uppercase();
        text += &format!("static {chain}: Migrations = embed_migrations!(\"chains/{tool}\");\n");
        for (name, count) in DATABASES {
            calls += &format!("    check(&{chain}, \"{tool}-{name}.db\", {count});\n");
        }
    }
    text + "
fn check(migrations: &Migrations, path: &str, count: usize) {
    let mut db = renamed::rusqlite::Connection::open(path).unwrap();
    let report = migrations.upgrade(&mut db).unwrap();
    assert_eq!(report.outcome, Outcome::Adopted, \"{path}\");
    assert_eq!((report.stamped.len(), report.applied.len()), (count, 6 - count), \"{path}\");
    drop(db);
    let db = migrations.open(path).unwrap();
    assert_eq!(migrations.migrator().current(&db).unwrap(), migrations.head());
}

fn main() {
" + &calls
        + "    println!(\"all moved\");\n}\n"
}

#[test]
fn imported_chains_compile_and_take_databases_over() {
    let programs = build_programs();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools");
    let downstream = Crate::new("imported", USE_IT);
    for (tool, source) in TOOLS {
        let output = Command::new(programs.join("revchain"))
            .arg("import")
            .arg(fixtures.join(source))
            .arg("--directory")
            .arg(downstream.path(&format!("chains/{tool}")))
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        for (name, _) in DATABASES {
            let database = fixtures.join(format!("{tool}/{name}.db"));
            let copy = downstream.path(&format!("{tool}-{name}.db"));
            fs::copy(database, copy).unwrap();
        }
    }
    downstream.write("src/main.rs", &program());
    let (success, output) = downstream.cargo(&["run", "--quiet"]);
    assert!(success && output.contains("all moved"), "{output}");
}
