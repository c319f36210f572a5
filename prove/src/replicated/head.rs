//! The schema at the head: each replica evaluates its defaults, triggers, checks and indexes.

use revchain_core::sql::cursor;
use revchain_core::sql::inspect::{names_object, starts_with_one_of};
use revchain_core::sql::tokenizer::unquote;
use revchain_core::{Chain, Defect, DefectKind, LoadedMigrations, RevisionSet, StandIns};
use rusqlite::{Connection, Result};

use super::functions::uses;
use super::statements::nondeterministic;
use crate::diagnostics::location::at_newest;
use crate::unreadable::unreadable_objects;

/// An object of the schema.
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    /// The table of an index or a trigger, or the name.
    table: String,
    pub(super) sql: String,
}

impl Object {
    fn user(&self) -> String {
        format!("the {} `{}` at the head", self.kind, self.name)
    }

    /// Returns the fix: the object can be older than the cluster, so a new revision replaces it.
    fn fix(&self) -> String {
        let name = &self.name;
        match &*self.kind {
            "table" => format!(
                "add a revision that rebuilds the table without it (`revchain new --rebuild {name}`), \
                 and let the program write the value"
            ),
            kind => {
                let kind = kind.to_ascii_uppercase();
                format!(
                    "add a revision that drops it (`DROP {kind} {name}`), or makes it anew without"
                )
            }
        }
    }
}

/// Reports the uses of functions whose results differ, and of objects of the program.
///
/// The check of the statements has reported those in `revisions`.
pub(super) fn check(
    connection: &Connection,
    loaded: &LoadedMigrations,
    chain: &Chain,
    revisions: &RevisionSet,
) -> Result<Vec<Defect>> {
    let mut defects = Vec::new();
    let mut reported = Vec::new();
    for object in objects(connection)? {
        let mut uses = uses(&object.sql).into_iter();
        let mut declared = revisions
            .missing()
            .map(|index| &loaded.sources[index.get()].stand_ins);
        let defect = if let Some(found) = uses.next() {
            nondeterministic(&object.user(), &found)
        } else if let Some(name) = declared.find_map(|declared| of_program(&object.sql, declared)) {
            needs_program(&object.user(), &name)
        } else {
            continue;
        };
        reported.push(object.name.clone());
        let names_and_uses = |sql: &str| names_object(sql, &object.table) && has_any(sql);
        let creates =
            |sql: &str| starts_with_one_of(sql, &["CREATE"]) && names_object(sql, &object.name);
        let defect = defect.help(object.fix());
        defects.push(at_newest(defect, chain, [&names_and_uses, &creates]));
    }
    // A revision with `@unproven` declares nothing.
    for object in unreadable_objects(connection)? {
        if !object.needs_app_defined() || reported.contains(&object.name) {
            continue;
        }
        let kind = if object.is_trigger { "trigger" } else { "view" };
        let user = format!("the {kind} `{}` at the head", object.name);
        let creates =
            |sql: &str| starts_with_one_of(sql, &["CREATE"]) && names_object(sql, &object.name);
        let help = format!("add a revision that drops the {kind}, or makes it anew without");
        let defect = needs_program(&user, &object.message).help(help);
        defects.push(at_newest(defect, chain, [&creates, &creates]));
    }
    Ok(defects)
}

fn has_any(sql: &str) -> bool {
    !uses(sql).is_empty()
}

fn needs_program(user: &str, name: &str) -> Defect {
    let title = format!("{user} needs the program, which a replica does not have: {name}");
    Defect::new(DefectKind::ReplicatedDirective, title)
}

/// Returns the objects of the schema that have SQL.
pub(super) fn objects(connection: &Connection) -> Result<Vec<Object>> {
    let mut statement = connection.prepare(
        "SELECT type, name, tbl_name, sql FROM main.sqlite_master
         WHERE sql IS NOT NULL ORDER BY type DESC, name",
    )?;
    let objects = statement.query_map([], |row| {
        Ok(Object {
            kind: row.get(0)?,
            name: row.get(1)?,
            table: row.get(2)?,
            sql: row.get(3)?,
        })
    })?;
    objects.collect()
}

/// Returns the function, collation or module of the program that an object uses.
fn of_program(sql: &str, declared: &StandIns) -> Option<String> {
    let tokens = cursor::tokens(sql);
    let name = |position: usize| {
        let token = tokens.get(position)?;
        Some(unquote(token.text(sql)).to_ascii_lowercase())
    };
    let contains =
        |names: &[String], name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    (0..tokens.len()).find_map(|position| {
        let found = name(position + 1)?;
        let is_used = (tokens[position].is_word(sql, "COLLATE")
            && contains(&declared.collations, &found))
            || (tokens[position].is_word(sql, "USING") && contains(&declared.modules, &found));
        let is_called = tokens
            .get(position + 2)
            .is_some_and(|next| next.is_mark(sql, "("));
        let mut functions = declared.functions.iter();
        let is_function =
            is_called && functions.any(|function| function.name.eq_ignore_ascii_case(&found));
        Some(found).filter(|_| is_used || is_function)
    })
}
