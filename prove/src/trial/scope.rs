//! The tables that need sample rows for a revision.

use std::collections::{BTreeSet, HashSet};

use revchain_core::schema::Schema;
use revchain_core::sql::cursor::{self, Cursor};
use revchain_core::sql::inspect::{copies_by_select, starts_with_one_of};
use revchain_core::sql::tokenizer::{Kind, unquote};
use revchain_core::{Downgrade, Revision};
use rusqlite::{Connection, Result};

use crate::sample_rows::table::indexed_table;
use crate::tables::is_harmless_alter;

/// Returns the tables of `schema` that the scripts of a revision change, read or check, with the
/// children of these tables.
///
/// A statement that can neither lose rows nor fail on rows needs no sample rows.
pub(crate) fn tables_in_scope(
    connection: &Connection,
    revision: &Revision,
    schema: &Schema,
) -> Result<Vec<String>> {
    let mut words = HashSet::new();
    for statement in revision.upgrade().statements() {
        if !is_harmless(statement.sql(), true) {
            words.extend(names(statement.sql()));
        }
    }
    if let Downgrade::Sql(script) = revision.downgrade() {
        for statement in script.statements() {
            let sql = statement.sql();
            if !is_harmless(sql, false) || drops_renamed_column(sql, revision) {
                words.extend(names(statement.sql()));
            }
        }
    }
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut scope: BTreeSet<String> = BTreeSet::new();
    let lookup = |words: &HashSet<String>| {
        let found = words.iter().filter_map(|word| schema.table_name(word));
        found.map(str::to_owned).collect::<Vec<_>>()
    };
    scope.extend(lookup(&words));
    let related = related_objects(connection)?;
    // A trigger or view can name another view, so a few rounds follow the names.
    for _ in 0..3 {
        for (name, table, sql) in &related {
            let is_named = words.contains(&name.to_ascii_lowercase());
            let is_on_table = scope.iter().any(|known| known.eq_ignore_ascii_case(table));
            if is_named || is_on_table {
                words.extend(names(sql));
            }
        }
        scope.extend(lookup(&words));
    }
    for (name, _, sql) in &related {
        let owner = indexed_table(sql).unwrap_or_default();
        if scope.iter().any(|table| table.eq_ignore_ascii_case(&owner)) {
            scope.extend(schema.table_name(name).map(str::to_owned));
        }
    }
    let children: Vec<String> = scope
        .iter()
        .flat_map(|table| schema.children(table))
        .map(str::to_owned)
        .collect();
    scope.extend(children);
    Ok(scope.into_iter().collect())
}

/// Returns the views, triggers and virtual tables: their names, their tables and their SQL.
fn related_objects(connection: &Connection) -> Result<Vec<(String, String, String)>> {
    let mut statement = connection.prepare(
        "SELECT name, tbl_name, sql FROM main.sqlite_master
         WHERE type IN ('view', 'trigger') OR type = 'table' AND rootpage = 0",
    )?;
    let objects = statement.query_map([], |row| row.try_into())?;
    objects.collect()
}

/// Returns `true` if a statement neither changes nor checks the rows of existing tables.
fn is_harmless(sql: &str, is_upgrade: bool) -> bool {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["CREATE"]) {
        if cursor.eat(&["UNIQUE"]) || cursor.eat(&["VIRTUAL"]) {
            return false;
        }
        if cursor.eat(&["INDEX"]) {
            let groups = tokens.iter().filter(|token| token.is_mark(sql, "("));
            let is_partial = tokens.iter().any(|token| token.is_word(sql, "WHERE"));
            let has_operator = tokens.iter().any(|token| {
                token.kind == Kind::Operator && !["(", ")", ",", "."].contains(&token.text(sql))
            });
            return groups.count() < 2 && !is_partial && !has_operator;
        }
        return !copies_by_select(sql);
    }
    if cursor.eat(&["DROP"]) {
        return !cursor.is_at(&["TABLE"]);
    }
    if cursor.eat(&["ALTER"]) {
        return is_harmless_alter(sql, is_upgrade);
    }
    starts_with_one_of(sql, &["SELECT", "VALUES", "PRAGMA"])
}

/// Returns `true` if a downgrade drops a column that the upgrade has renamed, and not added.
fn drops_renamed_column(sql: &str, revision: &Revision) -> bool {
    let words: Vec<String> = names(sql).collect();
    if words.first().is_none_or(|word| word != "alter") || !words.contains(&"drop".to_owned()) {
        return false;
    }
    revision.upgrade().statements().any(|statement| {
        let upgrade: Vec<String> = names(statement.sql()).collect();
        upgrade.first().is_some_and(|word| word == "alter")
            && upgrade.contains(&"rename".to_owned())
            && upgrade.last() == words.last()
    })
}

/// Returns the lowercase names and strings in a statement.
pub(super) fn names(sql: &str) -> impl Iterator<Item = String> {
    let tokens = cursor::tokens(sql).into_iter();
    tokens
        .filter(|token| matches!(token.kind, Kind::Word | Kind::QuotedWord | Kind::String))
        .map(|token| unquote(token.text(sql)).to_ascii_lowercase())
}
