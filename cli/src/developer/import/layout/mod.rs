//! The layouts of the tools: the names of their files, and the marks in their SQL.
//!
//! Each file reads the layout of one tool, and returns the migrations in the order in which the
//! tool runs them.

mod alembic;
mod dbmate;
mod diesel;
mod found;
mod golang_migrate;
mod goose;
mod numbered;
mod plain;
mod refinery;
mod rusqlite_migration;
mod sections;
mod sqlx;

use super::tool::Tool;
use super::tree::Tree;
use crate::support::Result;
pub(crate) use found::Layout;

/// Reads the layout of a tool.
///
/// # Errors
///
/// Fails if two migrations have the same version, or if a mark of the tool is misplaced.
pub(crate) fn read(tool: Tool, tree: &Tree) -> Result<Layout> {
    match tool {
        Tool::Sqlx => sqlx::read(tree),
        Tool::Refinery => refinery::read(tree),
        Tool::RusqliteMigration => rusqlite_migration::read(tree),
        Tool::Diesel => diesel::read(tree),
        Tool::Alembic => alembic::read(tree),
        Tool::GolangMigrate => golang_migrate::read(tree),
        Tool::Goose => goose::read(tree),
        Tool::Dbmate => dbmate::read(tree),
        Tool::Plain => plain::read(tree),
    }
}

/// Returns the tools whose layout the tree can have.
///
/// Marks in the SQL decide first, then the names.
pub(crate) fn detect(tree: &Tree) -> Vec<Tool> {
    let has = |mark: fn(&str) -> bool| {
        let mut files = tree.files.iter().filter(|file| file.is_sql());
        files.any(|file| file.text.lines().any(mark))
    };
    if has(alembic::is_mark) {
        return vec![Tool::Alembic];
    }
    if has(goose::is_mark) {
        return vec![Tool::Goose];
    }
    if has(dbmate::is_mark) {
        return vec![Tool::Dbmate];
    }
    let mut tools = Vec::new();
    for (tool, fits) in [
        (Tool::Refinery, refinery::fits(tree)),
        (Tool::Diesel, diesel::fits(tree)),
        (Tool::RusqliteMigration, rusqlite_migration::fits(tree)),
        (Tool::Sqlx, sqlx::fits(tree)),
        (Tool::GolangMigrate, golang_migrate::fits(tree)),
        (Tool::Plain, plain::fits(tree)),
    ] {
        if fits {
            tools.push(tool);
        }
    }
    // Only sqlx has this mark, and the files are named like those of other tools.
    if tools.contains(&Tool::Sqlx) && sqlx::has_mark(tree) {
        tools = vec![Tool::Sqlx];
    }
    tools
}
