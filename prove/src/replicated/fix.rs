//! The defects of rows that differ on a cluster, and their fixes.

use revchain_core::schema::{Schema, SchemaFilter, quote};
use revchain_core::sql::inspect::{
    created_name, created_view_or_trigger, named_objects, names_object, starts_with_one_of,
};
use revchain_core::{Defect, DefectKind, Statement};
use revchain_runtime::internal::read_schema_sql;
use rusqlite::{Connection, Result};

use super::Subject;
use super::functions::{Use, uses};
use super::head::objects;
use crate::diagnostics::full_name;
use crate::diagnostics::location::at_statement;
use crate::sample_rows::table::TableInfo;
use crate::script_run::ScriptRun;
use crate::trial::{self, Cause, Effect, Finding};

/// The maximum length of a line of columns, in characters.
const MAX_WIDTH: usize = 90;

/// Describes rows that differ on a cluster. `connection` has the schema before the upgrade.
pub(super) fn describe(
    connection: &Connection,
    schema: &Schema,
    subject: &Subject<'_>,
    finding: &Finding,
) -> Result<Defect> {
    let run = ScriptRun::new(subject.revision, finding.stage);
    let is_start = |statement: &Statement<'_>| Some(statement.start()) == finding.start;
    let statement = run.script().statements().find(is_start);
    let title = title(run, finding);
    match finding.cause {
        Cause::Order => {
            let defect = Defect::new(DefectKind::ReplicatedOrder, title);
            return Ok(at_statement(subject.help(defect, ORDER_BY), run, statement));
        }
        Cause::Function(name) => {
            let defect = evaluated(connection, subject, title, name)?;
            return Ok(at_statement(defect, run, statement));
        }
        Cause::ForeignKeys => {}
    }
    let names_parent = |sql: &str| !parents(schema, sql).is_empty();
    // A change of a parent can be the cause of a failure that a change of the child completes.
    let statement = statement
        .filter(|statement| !finding.is_at_commit || names_parent(statement.sql()))
        .or_else(|| run.find(|sql| starts_with_one_of(sql, &["DROP"]) && names_parent(sql)))
        .or_else(|| run.find(names_parent));
    let fix = key_fix(connection, run, statement.as_ref())?;
    let kind = match finding.effects[..] {
        [Effect::Fails(_), ..] => DefectKind::ReplicatedFailure,
        _ => DefectKind::ReplicatedLoss,
    };
    let defect = subject.help(Defect::new(kind, title), &fix);
    Ok(at_statement(defect, run, statement))
}

const ORDER_BY: &str = "add ORDER BY with a unique key to each SELECT that is inserted, limited or aggregated\n\
     in UPDATE … FROM, let each row match one row only";

/// Returns the title of the defect.
pub(super) fn title(run: ScriptRun<'_>, finding: &Finding) -> String {
    let effects = &finding.effects;
    let failure = effects.iter().find_map(|effect| match effect {
        Effect::Fails(message) => Some(message),
        Effect::Rows(..) | Effect::Values(..) => None,
    });
    match (finding.cause, failure) {
        (Cause::Order, Some(message)) => {
            format!("{run} fails if rows are read in another order: {message}")
        }
        (Cause::Order, None) => {
            let places = places(effects);
            format!("{run} leaves other {places} if rows are read in another order")
        }
        (Cause::ForeignKeys, Some(message)) => {
            let part = if finding.is_at_commit {
                "the COMMIT of "
            } else {
                ""
            };
            format!("with foreign keys enforced, {part}{run} fails: {message}")
        }
        (Cause::ForeignKeys, None) => {
            let places = places(effects);
            format!("with foreign keys enforced, {run} loses {places}")
        }
        (Cause::Function(name), _) => {
            format!("{run} evaluates {name}, which differs between machines")
        }
    }
}

/// Describes a function that the schema before the upgrade calls.
fn evaluated(
    connection: &Connection,
    subject: &Subject<'_>,
    title: String,
    name: &str,
) -> Result<Defect> {
    let is_use = |found: &Use| found.name.trim_end_matches("()") == name;
    let objects = objects(connection)?;
    let object = objects
        .iter()
        .find(|object| uses(&object.sql).iter().any(is_use));
    let (title, fix) = match object {
        Some(object) => {
            let (kind, name) = (&object.kind, &object.name);
            let fix = if kind == "table" {
                format!(
                    "write the column in this statement, or rebuild `{name}` before, without it"
                )
            } else {
                let kind = kind.to_ascii_uppercase();
                format!("drop it before this statement (`DROP {kind} {name}`)")
            };
            (format!("{title}: the {kind} `{name}` calls it"), fix)
        }
        None => (title, "drop what calls it before this statement".to_owned()),
    };
    Ok(subject.help(Defect::new(DefectKind::ReplicatedFunction, title), &fix))
}

/// Returns the rows and values that differ, such as "rows of `tags` and values of `notes.tag`".
fn places(effects: &[Effect]) -> String {
    let place = |effect: &Effect| match effect {
        Effect::Fails(_) => String::new(),
        Effect::Rows(table, lost, total) => {
            let all = if lost == total { "all " } else { "" };
            format!("{all}rows of `{}`", full_name(table, None))
        }
        Effect::Values(table, columns) => {
            let name = full_name(table, columns.first().map(String::as_str));
            format!("values of `{name}`")
        }
    };
    let places: Vec<String> = effects.iter().map(place).collect();
    places.join(" and ")
}

/// Returns the tables in a statement that other tables reference.
fn parents<'s>(schema: &'s Schema, sql: &str) -> Vec<&'s str> {
    let is_parent = |table: &&str| names_object(sql, table) && !schema.children(table).is_empty();
    schema.tables().filter(is_parent).collect()
}

/// Returns the help for a statement that drops or changes rows that other rows reference.
///
/// Reads the schema at this statement: earlier statements of the script can change the children.
fn key_fix(
    connection: &Connection,
    run: ScriptRun<'_>,
    statement: Option<&Statement<'_>>,
) -> Result<String> {
    let Some(statement) = statement else {
        return Ok(VALID_KEYS.to_owned());
    };
    connection.execute_batch("BEGIN IMMEDIATE")?;
    run_before(connection, run, statement);
    let sql = read_schema_sql(connection, &SchemaFilter::default())?;
    let schema = sql.schema();
    let parents = parents(schema, statement.sql());
    let fix = match parents[..] {
        [parent, ..] if starts_with_one_of(statement.sql(), &["DROP"]) => {
            around_rebuild(connection, schema, parent, later(run, statement))
        }
        _ => around_statement(connection, schema, &parents),
    };
    connection.execute_batch("ROLLBACK")?;
    fix
}

/// Runs the statements before `statement`. The proof has reported all failures.
fn run_before(connection: &Connection, run: ScriptRun<'_>, statement: &Statement<'_>) {
    if !run.is_upgrade() {
        let upgrade = ScriptRun::upgrade(run.revision);
        for statement in upgrade.script().statements() {
            let _ = upgrade.execute(connection, statement);
        }
    }
    let is_before = |other: &Statement<'_>| other.start() < statement.start();
    for statement in run.script().statements().take_while(is_before) {
        let _ = run.execute(connection, statement);
    }
}

/// Yields the SQL of the statements after `statement`.
fn later<'r>(run: ScriptRun<'r>, statement: &Statement<'_>) -> impl Iterator<Item = &'r str> {
    let start = statement.start();
    let statements = run.script().statements();
    statements
        .skip_while(move |other| other.start() <= start)
        .map(|statement| statement.sql())
}

const VALID_KEYS: &str = "change the rows so that each key is valid at the end";

/// Returns the help for a parent that `later` statements make anew, or that is gone.
///
/// The rows of the children come back at once: statements after the rebuild can change them.
fn around_rebuild<'r>(
    connection: &Connection,
    schema: &Schema,
    parent: &str,
    mut later: impl Iterator<Item = &'r str>,
) -> Result<String> {
    let is_parent = |name: String| name.eq_ignore_ascii_case(parent);
    let fills = |sql: &&str| {
        starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH"]) && names_object(sql, parent)
            || starts_with_one_of(sql, &["ALTER"]) && created_name(sql).is_some_and(is_parent)
    };
    let Some(filling) = later.find(fills) else {
        return Ok(format!(
            "move this statement to the end of the script, after those that drop the references to `{parent}`"
        ));
    };
    let is_renamed = created_name(filling).is_some();
    let copies = named_objects(filling);
    let copy = copies.first().filter(|_| is_renamed);
    let is_copy = |table: &&str| copy.is_some_and(|copy| table.eq_ignore_ascii_case(copy));
    let mut lines = Vec::new();
    if let Some(copy) = schema.children(parent).into_iter().find(is_copy) {
        let (name, new) = (quote(parent), quote(copy));
        lines.push(format!(
            "in CREATE TABLE {new}, write `REFERENCES {new}` instead of `REFERENCES {name}`: \
             the rename changes it"
        ));
    }
    let mut tables = descendants(schema, &[parent]);
    tables.retain(|table| !is_copy(table));
    let after = format!("as soon as `{parent}` has its rows again");
    lines.extend(put_aside(
        connection,
        &tables,
        ["before this statement", &after],
    )?);
    Ok(lines.join("\n"))
}

/// Returns the help for a statement that changes rows of `parents`.
fn around_statement(connection: &Connection, schema: &Schema, parents: &[&str]) -> Result<String> {
    let is_own = |parent: &&&str| schema.children(parent).contains(*parent);
    let mut lines = Vec::new();
    if let Some(own) = parents.iter().find(is_own) {
        let (name, aside) = (quote(own), quote(&format!("{own}_aside")));
        lines.push(format!(
            "rebuild `{own}` through a copy, because its rows reference each other:"
        ));
        lines.push(format!(
            "CREATE TABLE {aside} AS SELECT … FROM {name}; DROP TABLE {name};"
        ));
        lines.push(format!(
            "CREATE TABLE {name} (…); INSERT INTO {name} (…) SELECT … FROM {aside};"
        ));
    }
    let tables = descendants(schema, parents);
    let places = ["before this statement", "after this statement"];
    lines.extend(put_aside(connection, &tables, places)?);
    if lines.is_empty() {
        lines.push(VALID_KEYS.to_owned());
    }
    Ok(lines.join("\n"))
}

/// Returns the lines that put the rows of `tables` aside, and back.
fn put_aside(
    connection: &Connection,
    tables: &[&str],
    [before, after]: [&str; 2],
) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    if tables.is_empty() {
        return Ok(lines);
    }
    let asides: Vec<Aside> = tables
        .iter()
        .map(|table| Aside::read(connection, table))
        .collect::<Result<_>>()?;
    lines.push(format!("put the rows of the children aside, {before}:"));
    lines.extend(asides.iter().map(Aside::copy));
    // A row of a child goes before the row that it references.
    lines.extend(asides.iter().rev().flat_map(Aside::clear));
    lines.push(format!("put them back {after}:"));
    lines.extend(asides.iter().flat_map(Aside::put_back));
    Ok(lines)
}

/// Returns the tables that reference `parents`, and those that reference these, in this order.
fn descendants<'s>(schema: &'s Schema, parents: &[&'s str]) -> Vec<&'s str> {
    let mut found = parents.to_vec();
    let mut position = 0;
    while let Some(table) = found.get(position) {
        for child in schema.children(table) {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        position += 1;
    }
    found.split_off(parents.len())
}

/// A table whose rows are put aside.
struct Aside {
    table: String,
    copy: String,
    columns: String,
    /// The names of the rowid in the SELECT of the copy, in the table, and in the copy.
    rowid: [&'static str; 3],
    /// The names and the SQL of the triggers, which must not see that rows go and come back.
    triggers: Vec<(String, String)>,
}

impl Aside {
    fn read(connection: &Connection, table: &str) -> Result<Self> {
        let info = TableInfo::read(connection, table)?;
        let columns: Vec<String> = info
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .collect();
        let select = format!("SELECT rowid FROM main.{}", quote(table));
        let keeps_rowids = !info.has_rowid_column()
            && trial::uses_rowids(connection, table)?
            && connection.prepare(&select).is_ok();
        let rowid = if keeps_rowids {
            ["rowid AS rowid_aside, ", "rowid, ", "rowid_aside, "]
        } else {
            [""; 3]
        };
        let triggers = info.sql.iter().filter_map(|sql| {
            let is_trigger = sql
                .split_ascii_whitespace()
                .nth(1)?
                .eq_ignore_ascii_case("TRIGGER");
            let name = created_view_or_trigger(sql).filter(|_| is_trigger)?;
            Some((quote(&name), sql.clone()))
        });
        Ok(Self {
            table: quote(table),
            copy: quote(&format!("{table}_aside")),
            columns: wrapped(&columns),
            rowid,
            triggers: triggers.collect(),
        })
    }

    fn copy(&self) -> String {
        let Self {
            table,
            copy,
            columns,
            rowid: [rowid, ..],
            ..
        } = self;
        format!("CREATE TABLE {copy} AS SELECT {rowid}{columns} FROM {table};")
    }

    fn clear(&self) -> Vec<String> {
        let triggers = self.triggers.iter();
        let mut lines: Vec<String> = triggers
            .map(|(name, _)| format!("DROP TRIGGER {name};"))
            .collect();
        lines.push(format!("DELETE FROM {};", self.table));
        lines
    }

    fn put_back(&self) -> Vec<String> {
        let Self {
            table,
            copy,
            columns,
            rowid: [_, rowid, copied],
            ..
        } = self;
        let mut lines = vec![
            format!("INSERT INTO {table} ({rowid}{columns})"),
            format!("  SELECT {copied}{columns} FROM {copy};"),
            format!("DROP TABLE {copy};"),
        ];
        lines.extend(self.triggers.iter().map(|(_, sql)| format!("{sql};")));
        lines
    }
}

/// Joins columns with commas, in lines that a message shows whole.
fn wrapped(columns: &[String]) -> String {
    let mut text = String::new();
    let mut width = 0;
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            let is_full = width + column.len() > MAX_WIDTH;
            text += if is_full { ",\n  " } else { ", " };
            width = if is_full { 0 } else { width };
        }
        text += column;
        width += column.len() + 2;
    }
    text
}
