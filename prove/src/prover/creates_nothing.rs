//! The check of `CREATE … IF NOT EXISTS` statements whose object exists already.
//!
//! SQLite skips such a statement without an error, so a new definition never arrives.

use std::ops::Range;

use revchain_core::schema::{Schema, diff, quote};
use revchain_core::sql::change::{Change, Effect, ObjectName, effect};
use revchain_core::sql::cursor;
use revchain_core::sql::inspect::starts_with_one_of;
use revchain_core::{Defect, DefectKind, Statement};
use revchain_runtime::internal::stand_ins;
use rusqlite::{OptionalExtension, params_from_iter};

use super::Prover;
use crate::diagnostics::location::at_snippet;
use crate::script_run::{ScriptRun, Stage};

/// An object that exists before a statement that would create it.
struct Existing {
    /// The type in `sqlite_schema`.
    kind: String,
    name: String,
    sql: String,
}

impl Prover<'_> {
    /// Returns a defect if a statement does nothing, and its definition differs from the object
    /// that exists.
    ///
    /// Reads the object before the statement runs.
    pub(super) fn check_creates_nothing(
        &self,
        run: ScriptRun<'_>,
        statement: &Statement<'_>,
    ) -> rusqlite::Result<Option<Defect>> {
        let sql = statement.sql();
        if run.stage != Stage::Upgrade || self.is_locked() {
            return Ok(None);
        }
        let Some(condition) = span_of_condition(sql) else {
            return Ok(None);
        };
        let Effect::Change(name, change) = effect(sql) else {
            return Ok(None);
        };
        let Some(kind) = kind_of(&change) else {
            return Ok(None);
        };
        if self.is_tainted(&name.name) {
            return Ok(None);
        }
        let Some(existing) = self.existing(&name, kind)? else {
            return Ok(None);
        };
        // The other objects decide whether a word in double quotes is a string.
        let old = self.read_schema()?.schema().clone();
        let old = old.with_column_order(self.schema.column_order());
        let mut new = old.clone();
        new.apply_delta([&*existing.sql], [sql]);
        if old == new || !is_parsed(sql) {
            return Ok(None);
        }
        let name = quote(&existing.name);
        let title = format!(
            "{run} creates nothing: the {} `{name}` exists with another definition",
            existing.kind
        );
        let defect = Defect::new(DefectKind::CreatesNothing, title)
            .details(diff(&old, &new))
            .help(help(&existing, kind));
        let snippet = statement.snippet_of(condition);
        let defect = at_snippet(defect, run, Some(snippet));
        Ok(Some(defect))
    }

    /// Returns the object because of which SQLite skips the creation of an object.
    ///
    /// A table and a view cannot have the same name.
    fn existing(&self, name: &ObjectName, kind: &str) -> rusqlite::Result<Option<Existing>> {
        let is_main = |schema: &String| schema.eq_ignore_ascii_case("main");
        if !name.schema.as_ref().is_none_or(is_main) {
            return Ok(None);
        }
        let kinds = match kind {
            "table" | "view" => ["table", "view"],
            kind => [kind, kind],
        };
        let sql = "SELECT type, name, sql FROM main.sqlite_master
             WHERE name = ?1 COLLATE NOCASE AND type IN (?2, ?3) AND sql IS NOT NULL";
        let mut query = self.connection.prepare(sql)?;
        let values = [&*name.name, kinds[0], kinds[1]];
        let existing = query.query_row(params_from_iter(values), |row| {
            let sql: String = row.get(2)?;
            Ok(Existing {
                kind: row.get(0)?,
                name: row.get(1)?,
                // A stand-in for a virtual table has the SQL of an ordinary table.
                sql: stand_ins::virtual_table(&sql).unwrap_or(sql),
            })
        });
        existing.optional()
    }
}

/// Returns the span of `IF NOT EXISTS` before the name of the object that a statement creates.
fn span_of_condition(sql: &str) -> Option<Range<usize>> {
    // CREATE, UNIQUE, the kind, and IF NOT EXISTS.
    const WORDS: usize = 6;
    if !starts_with_one_of(sql, &["CREATE"]) {
        return None;
    }
    let tokens = cursor::tokens(sql);
    let mut words = tokens.get(..tokens.len().min(WORDS))?.windows(3);
    let found = words.find(|words| {
        let mut pairs = words.iter().zip(["IF", "NOT", "EXISTS"]);
        pairs.all(|(token, word)| token.is_word(sql, word))
    })?;
    Some(found[0].span.start..found[2].span.end)
}

/// Returns `false` for a statement that this version cannot parse.
///
/// Its normal form is the whole statement, with the words that `sqlite_schema` lacks.
fn is_parsed(sql: &str) -> bool {
    let schema = Schema::read([sql]);
    let mut objects = schema.printed().into_iter();
    objects.all(|object| object.kind != "object")
}

/// Returns the type in `sqlite_schema` of the object that a statement creates.
fn kind_of(change: &Change) -> Option<&'static str> {
    match change {
        Change::CreateTable => Some("table"),
        Change::CreateView => Some("view"),
        Change::CreateIndex { .. } => Some("index"),
        Change::CreateTrigger { .. } => Some("trigger"),
        _ => None,
    }
}

fn help(existing: &Existing, kind: &str) -> String {
    let name = quote(&existing.name);
    if existing.kind != kind {
        return format!(
            "choose another name, or drop or rename the {} `{name}` first",
            existing.kind
        );
    }
    let change = if kind == "table" {
        format!(
            "write the change as ALTER TABLE, or rebuild the table:\n\
             `revchain new --rebuild {name}` writes a rebuild"
        )
    } else {
        format!(
            "drop the {kind} first: `DROP {} {name}`",
            kind.to_uppercase()
        )
    };
    format!("{change}\nor, if the existing {kind} is right, remove the statement")
}
