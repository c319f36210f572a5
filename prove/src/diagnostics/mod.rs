//! The texts of the defects that the proof finds: titles, details and help.
//!
//! The functions in this module only describe defects. The callers decide whether a defect exists.

pub(crate) mod location;
pub(crate) mod loosened;
pub(crate) mod stand_ins;
pub(crate) mod suggestions;

use std::collections::HashSet;

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::load::SourceInfo;
use revchain_core::schema::{Diff, Schema, quote};
use revchain_core::sql::cursor;
use revchain_core::sql::inspect::{
    copies_by_select, names_object, offset_of_name, starts_with_one_of,
};
use revchain_core::sql::sqlite_messages::{MissingName, missing_name, needs_app_defined_object};
use revchain_core::{Chain, Defect, DefectKind, Revision, RevisionIndex};
use revchain_runtime::ForeignKeyViolation;
use revchain_runtime::internal::ForeignKey;

use crate::script_run::{Rejection, ScriptRun, Stage};
use crate::tables::{Destroyed, Forgotten, ForgottenLoss, contains};
use crate::unreadable::UnreadableObject;
pub(crate) use suggestions::Existing;

use location::{at_directive, at_last_naming, at_newest, at_snippet, at_statement, snippet};

/// The defects and notes that the proof has collected.
#[derive(Default, Clone)]
pub(crate) struct Findings {
    pub(crate) defects: Vec<Defect>,
    /// Messages about checks that the proof could not run.
    pub(crate) notes: Vec<String>,
    /// The parent tables in the foreign key violations that the proof has reported.
    ///
    /// The check of the head does not report that these tables are missing.
    pub(crate) violated_parents: HashSet<String>,
}

impl Findings {
    pub(crate) fn extend(&mut self, other: Self) {
        self.defects.extend(other.defects);
        self.notes.extend(other.notes);
        self.violated_parents.extend(other.violated_parents);
    }

    /// Reports rows whose foreign keys reference missing rows.
    ///
    /// If `schema` lacks a parent table, the help explains how to keep the table.
    pub(crate) fn report_violations(
        &mut self,
        run: ScriptRun<'_>,
        violations: &[ForeignKeyViolation],
        schema: &Schema,
    ) {
        self.defects.push(violated(run, violations, schema));
        let parents = violations.iter().map(|violation| violation.parent.clone());
        self.violated_parents.extend(parents);
    }
}

/// Describes a statement that SQLite rejects. The help suggests similar names from `existing`.
pub(crate) fn rejected(
    run: ScriptRun<'_>,
    rejection: &Rejection<'_>,
    existing: &Existing<'_>,
) -> Defect {
    let sql = rejection.statement.sql();
    let message = &rejection.message;
    let circumstance = if run.stage == Stage::UpgradeAgain {
        " when it runs again after the downgrade"
    } else {
        ""
    };
    let title = format!("{run} fails{circumstance}: {message}");
    let help = help_for_rejected(run, message, sql, existing);
    let defect = Defect::new(DefectKind::SqlError, title).help(help);
    // SQLite does not always report the offset of a missing name. Search the SQL for the name.
    let name_offset = || offset_of_name(missing_name(message)?, sql);
    let offset = rejection.offset.or_else(name_offset);
    at_snippet(defect, run, Some(rejection.statement.snippet(offset)))
}

fn help_for_rejected(
    run: ScriptRun<'_>,
    message: &str,
    sql: &str,
    existing: &Existing<'_>,
) -> String {
    let help = if run.stage == Stage::UpgradeAgain {
        "undo everything that the upgrade does in the `@downgrade`, including the rows that it adds"
    } else if needs_app_defined_object(sql, message) {
        "if the program registers it, declare that in the header: `-- @unproven the program registers it`"
    } else if message.starts_with("Cannot add a UNIQUE column") {
        "add the column without UNIQUE, then CREATE UNIQUE INDEX"
    } else {
        let help = suggestions::help(message, sql, existing);
        return help.unwrap_or_else(|| "correct the statement: no database can run it".to_owned());
    };
    help.to_owned()
}

/// Describes temporary tables that exist after a script. The engine rejects such a script.
pub(crate) fn leaves_temporary_tables(run: ScriptRun<'_>, tables: &[String]) -> Defect {
    let title = format!("{run} leaves temporary tables ({})", tables.join(", "));
    let help = "drop them at the end of the script: they would hide tables with the same name from later statements";
    let defect = Defect::new(DefectKind::SqlError, title).help(help);
    let statement = run.find(|sql| tables.iter().any(|table| names_object(sql, table)));
    at_statement(defect, run, statement)
}

/// Describes an error that ended the proof at a revision.
pub(crate) fn stopped(revision: &Revision, message: &str) -> Defect {
    let title = format!("the proof stopped at {}: {message}", revision.id());
    Defect::new(DefectKind::SqlError, title).at(revision.path())
}

/// Describes a view or a trigger that SQLite cannot read at the head.
pub(crate) fn unreadable(chain: &Chain, object: &UnreadableObject, schema: &Schema) -> Defect {
    let UnreadableObject { name, message, .. } = object;
    let (kind, verb, consequence) = if object.is_trigger {
        ("trigger", "run", "every change to its table would fail")
    } else {
        ("view", "be read", "every query on it would fail")
    };
    let suggestion = match MissingName::parse(message) {
        Some(MissingName::Table(missing)) => did_you_mean(missing, schema.tables()),
        _ => None,
    };
    let title = format!("the {kind} `{name}` cannot {verb} at the head: {message}");
    let help = format!("correct the {kind}, or drop it: {consequence}");
    let defect = Defect::new(DefectKind::SqlError, title).help(suggest_or(suggestion, &help));
    // Show the statement that drops or alters the missing object. If there is no such statement,
    // show the statement that creates the view or trigger.
    let missing = missing_name(message);
    let removes = |sql: &str| missing.is_some_and(|missing| drops_or_alters(sql, missing));
    let creates = |sql: &str| starts_with_one_of(sql, &["CREATE"]) && names_object(sql, name);
    at_newest(defect, chain, [&removes, &creates])
}

/// Describes rows whose foreign keys reference missing rows.
///
/// A parent table that `schema` lacks counts as missing.
fn violated(run: ScriptRun<'_>, violations: &[ForeignKeyViolation], schema: &Schema) -> Defect {
    let tables = violations.iter().map(|violation| &*violation.table);
    let parents = violations.iter().map(|violation| &*violation.parent);
    let is_missing = |parent: &&str| schema.columns(parent).is_none();
    let missing_parents: Vec<&str> = parents.clone().filter(is_missing).collect();
    let mut help = if !run.has_sample_rows() {
        "delete or fix these rows, or add the rows that they reference"
    } else if !missing_parents.is_empty() && run.any(renames) {
        "create the new table under another name, copy the rows, drop the old table, then rename the new one:\n\
         ALTER TABLE … RENAME also changes the foreign keys of other tables"
    } else if !missing_parents.is_empty() {
        "drop or rebuild the referencing tables, too, or keep the table that they reference:\n\
         `revchain new --rebuild TABLE` writes a rebuild"
    } else if run.any(|sql| starts_with_one_of(sql, &["DROP"])) {
        "keep the keys of the referenced rows when you copy them"
    } else {
        "keep the referenced rows"
    }
    .to_owned();
    if run.has_sample_rows() {
        help += "\n(seen with sample rows, numbered from 7000001)";
    }
    let title = format!("{run} leaves rows whose foreign keys point at nothing");
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    let defect = Defect::new(DefectKind::ForeignKeyViolation, title)
        .details(lines.join("\n"))
        .help(help);
    // Show an ALTER TABLE … RENAME first: renaming a table also changes the foreign keys of other
    // tables.
    let names_missing = |sql: &str| missing_parents.iter().any(|name| names_object(sql, name));
    let renaming = run.find(|sql| starts_with_one_of(sql, &["ALTER"]) && names_missing(sql));
    if renaming.is_some() {
        return at_statement(defect, run, renaming);
    }
    let names: Vec<&str> = tables.chain(parents).collect();
    at_last_naming(defect, run, &names)
}

fn renames(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    tokens.iter().any(|token| token.is_word(sql, "RENAME"))
}

/// Describes a foreign key mismatch: the target columns are missing or not unique in the parent.
///
/// SQLite's message is `foreign key mismatch - "child" referencing "parent"`.
pub(crate) fn mismatch(run: ScriptRun<'_>, message: &str) -> Defect {
    let title = format!("a foreign key does not fit its parent after {run}: {message}");
    let help =
        "reference the primary key of the parent, or columns with a UNIQUE constraint or index";
    let defect = Defect::new(DefectKind::ForeignKeyViolation, title).help(help);
    let child: Vec<&str> = message.split('"').skip(1).take(1).collect();
    at_last_naming(defect, run, &child)
}

/// Describes a foreign key whose parent table does not exist at the head.
pub(crate) fn missing_parent(chain: &Chain, key: &ForeignKey, schema: &Schema) -> Defect {
    let (table, parent) = (&*key.table, &*key.parent);
    let column = key.columns.first().map_or("", |(column, _)| column);
    let name = full_name(table, Some(column));
    let title = format!("`{name}` references `{parent}`, and there is no such table at the head");
    let help = suggest_or(
        did_you_mean(parent, schema.tables()),
        "correct the name, or create the parent: no row can be added to this table",
    );
    let defect = Defect::new(DefectKind::ForeignKeyViolation, title).help(help);
    // Show the statement that drops or alters the parent. If there is no such statement, show the
    // statement that creates the foreign key.
    let removes = |sql: &str| drops_or_alters(sql, parent);
    let creates = |sql: &str| names_object(sql, table) && names_object(sql, parent);
    at_newest(defect, chain, [&removes, &creates])
}

fn drops_or_alters(sql: &str, name: &str) -> bool {
    starts_with_one_of(sql, &["DROP", "ALTER"]) && names_object(sql, name)
}

/// Describes a table or a column that an upgrade drops without a `@destroys`.
pub(crate) fn undeclared(revision: &Revision, destroyed: &Destroyed<'_>) -> Defect {
    let run = ScriptRun::upgrade(revision);
    let name = full_name(&destroyed.table, destroyed.column.as_deref());
    let contents = match destroyed.column {
        Some(_) => "values",
        None => "rows",
    };
    let title = format!(
        "{run} drops `{name}` with all its {contents}, and no `@destroys` says that this is meant"
    );
    let help =
        format!("if this is intended, declare it in the header: `-- @destroys {name} REASON`");
    let defect = Defect::new(DefectKind::UndeclaredDestruction, title).help(help);
    let mut snippet = snippet(run, destroyed.statement.clone());
    if destroyed.is_rebuild {
        let note = "the table that takes its place lacks the column";
        snippet = snippet.map(|snippet| snippet.with_note(note));
    }
    at_snippet(defect, run, snippet)
}

/// Describes an index, trigger or view that a script drops by the way.
pub(crate) fn forgotten(revision: &Revision, forgotten: &Forgotten<'_>) -> Defect {
    let run = ScriptRun::upgrade(revision);
    let Forgotten {
        kind, name, table, ..
    } = forgotten;
    let (title, again) = match &forgotten.loss {
        ForgottenLoss::OnTable => (
            format!("rebuilds `{table}`, and the {kind} `{name}` that was on it is gone"),
            "create it again on the new table; if it should go, drop it before the rebuild",
        ),
        ForgottenLoss::OnView => (
            format!(
                "makes the view `{table}` anew, and the {kind} `{name}` that was on it is gone"
            ),
            "create it again on the new view; if it should go, drop it before the view",
        ),
        ForgottenLoss::View => (
            format!("rebuilds `{table}`, and the view `{name}` that reads it does not come back"),
            "create it again at the end of the script",
        ),
        ForgottenLoss::Filter(filter) => (
            format!(
                "rebuilds `{table}`, and the {kind} `{name}` comes back without its `{filter}`"
            ),
            "add the clause; if it should go, drop the index before the rebuild",
        ),
    };
    let help = if forgotten.loss == ForgottenLoss::View {
        format!(
            "{again};\nor, if it should go, declare it in the header: `-- @destroys {} REASON`",
            quote(name)
        )
    } else {
        format!("{again}: `DROP {} {}`", kind.to_uppercase(), quote(name))
    };
    let title = format!("{run} {title}");
    let defect = Defect::new(DefectKind::ForgottenInRebuild, title).help(help);
    at_statement(defect, run, Some(forgotten.statement.clone()))
}

/// Describes a `@destroys` that names a missing table or column, or an object that is kept.
pub(crate) fn destroys_nothing(
    revision: &Revision,
    source: &SourceInfo,
    index: usize,
    before: &Schema,
) -> Defect {
    let declared = &revision.destroys()[index];
    let (id, table) = (revision.id(), &*declared.table);
    let name = full_name(table, declared.column.as_deref());
    let (problem, suggestion) = match (before.columns(table), declared.column.as_deref()) {
        (None, _) => (
            format!("there is no such table before {id}"),
            did_you_mean(table, before.tables()).map(quote),
        ),
        (Some(columns), Some(column)) if !contains(&columns, column) => (
            format!("the table `{table}` has no such column before {id}"),
            did_you_mean(column, columns.into_iter()).map(|meant| full_name(table, Some(meant))),
        ),
        _ => (format!("the upgrade of {id} does not destroy it"), None),
    };
    let title = format!("`@destroys {name}`: {problem}");
    let help = suggest_or(suggestion.as_deref(), "remove the line");
    let defect = Defect::new(DefectKind::DestroysNothing, title).help(help);
    at_directive(defect, revision, source, "destroys", index)
}

/// Describes a downgrade that does not restore the schema from before the upgrade.
///
/// `diff` compares the schema before the upgrade with the schema after the downgrade.
pub(crate) fn not_restored(chain: &Chain, index: RevisionIndex, diff: &Diff) -> Defect {
    let run = ScriptRun::new(&chain[index], Stage::Downgrade);
    let before = match index.get().checked_sub(1) {
        Some(position) => format!("the schema of {}", chain.revisions()[position].id()),
        None => "an empty schema".to_owned(),
    };
    let title = format!("{run} does not give back {before}");
    let diff_has = |text: &str| diff.lines().any(|line| line.contains(text));
    let mut help =
        "change the downgrade to restore this: `-` is missing, `+` is left over".to_owned();
    if diff_has(" → ") {
        help += ",\nand `→` shows the change from before the upgrade to after the downgrade";
    }
    if run.any(copies_by_select) {
        help += "\n(a table made by CREATE TABLE … AS SELECT has no keys, constraints, defaults or indexes)";
    } else if diff_has("columns in the order") {
        help += "\n(ADD COLUMN can only append: rebuild the table as `revchain new --rebuild TABLE` does,\n\
                 or declare the revision `@irreversible`)";
    }
    let defect = Defect::new(DefectKind::DowngradeDoesNotRestore, title)
        .details(diff)
        .help(help);
    let names: Vec<&str> = diff.names().collect();
    at_last_naming(defect, run, &names)
}

/// Describes a `@compatible` revision that breaks older programs. `breaking` lists the changes.
pub(crate) fn incompatible(revision: &Revision, source: &SourceInfo, breaking: &Diff) -> Defect {
    let id = revision.id();
    let title = format!("`@compatible`: programs that do not know {id} fail after it");
    let help = "remove the line; or keep all tables and columns, give new columns a DEFAULT or allow NULL in them,\n\
                and add constraints to new columns only";
    let defect = Defect::new(DefectKind::Incompatible, title)
        .details(breaking)
        .help(help);
    at_directive(defect, revision, source, "compatible", 0)
}

/// Describes a needless `@unproven`: SQLite runs the whole revision without the program.
pub(crate) fn needlessly_unproven(revision: &Revision, source: &SourceInfo) -> Defect {
    let id = revision.id();
    let title = format!("`@unproven` is not needed: all of {id} was run");
    let help = "remove the line: it is for SQL that only the program can run, even with `@function`, `@collation` or `@module`";
    let defect = Defect::new(DefectKind::NeedlesslyUnproven, title).help(help);
    at_directive(defect, revision, source, "unproven", 0)
}

/// Returns the name of a table or a column in the syntax of `@destroys`: `table` or `table.column`.
pub(crate) fn full_name(table: &str, column: Option<&str>) -> String {
    match column {
        Some(column) => format!("{}.{}", quote(table), quote(column)),
        None => quote(table),
    }
}

/// Returns the help that suggests a name. Returns `otherwise` if there is no suggestion.
pub(crate) fn suggest_or(suggestion: Option<&str>, otherwise: &str) -> String {
    match suggestion {
        Some(name) => format!("did you mean `{name}`?"),
        None => otherwise.to_owned(),
    }
}
