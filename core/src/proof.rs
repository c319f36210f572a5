//! What running a chain shows of it, as defects. The running is the runtime's; the judging and the words are here.

use crate::chain::Chain;
use crate::defect::{Code, Defect};
use crate::destruction::{Destroyed, Fates, Forgotten};
use crate::draft::Note;
use crate::revision::{Destroys, Downgrade, Half, Revision};
use crate::schema::cursor;
use crate::schema::{Diff, Schema, diff, quote};
use crate::snippet::Snippet;
use crate::suggest::did_you_mean;
use crate::words::{
    copies_by_select, given_columns, is_about, is_copy_by_place, lacks_what_programs_register, missing_name,
    place_of, starts_with_one_of,
};

/// One of the times that a revision's SQL runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// The upgrade, on the schema of the revisions before.
    Upgrade,
    /// The downgrade, after it.
    Downgrade,
    /// The upgrade once more.
    Again,
    /// The upgrade, with rows in the tables that it rebuilds or adds to.
    UpgradeWithRows,
    /// The downgrade after it, with what has become of these.
    DowngradeWithRows,
}

impl Run {
    /// Whether it is the upgrade that runs.
    pub fn is_upgrade(self) -> bool {
        !matches!(self, Self::Downgrade | Self::DowngradeWithRows)
    }

    fn direction(self) -> &'static str {
        if self.is_upgrade() { "upgrade" } else { "downgrade" }
    }
}

/// A statement that SQLite refuses. `offset` is where in it, in bytes, if SQLite tells; `schema` is the one it met.
pub fn refused(
    revision: &Revision,
    run: Run,
    statement: usize,
    offset: Option<usize>,
    message: &str,
    schema: &Schema,
) -> Defect {
    let id = revision.id();
    let half = half(revision, run);
    let sql = half.statements().nth(statement).map(|statement| statement.sql()).unwrap_or_default();
    let title = match run {
        Run::Upgrade => format!("the upgrade of {id} fails: {message}"),
        Run::Downgrade => format!("the downgrade of {id} fails: {message}"),
        Run::Again => format!("the upgrade of {id} fails when it runs again after the downgrade: {message}"),
        Run::UpgradeWithRows | Run::DowngradeWithRows => {
            format!("the {} of {id} fails where the table has rows: {message}", run.direction())
        }
    };
    let help = match run {
        Run::Again => "in the `@downgrade`, undo all that the upgrade does, also the rows that it adds".to_owned(),
        Run::UpgradeWithRows | Run::DowngradeWithRows => "every database in use would fail here: give the column a constant DEFAULT that its constraints allow,\n\
                          or rebuild the table"
            .to_owned(),
        _ => help_for(message, sql, schema),
    };
    // Of what is missing, SQLite does not always say where it stands.
    let offset = offset.or_else(|| place_of(missing_name(message)?, sql));
    let defect = Defect::new(Code::SqlError, title).help(help);
    at_statement(defect, revision, half, statement, offset, "")
}

/// The half that runs.
pub fn half(revision: &Revision, run: Run) -> &Half {
    match revision.downgrade() {
        Downgrade::Sql(half) if !run.is_upgrade() => half,
        _ => revision.upgrade(),
    }
}

fn at_statement(
    defect: Defect,
    revision: &Revision,
    half: &Half,
    statement: usize,
    offset: Option<usize>,
    note: &str,
) -> Defect {
    let defect = defect.at(revision.path());
    match half.statements().nth(statement) {
        Some(statement) => defect.showing(statement.snippet(offset).with_note(note)),
        None => defect,
    }
}

fn help_for(message: &str, sql: &str, schema: &Schema) -> String {
    if lacks_what_programs_register(sql, message) {
        return "if only the program has it, say so in the header: `-- @unproven the program registers …`"
            .to_owned();
    }
    if message.ends_with("syntax error") {
        return "SQLite could not read on from here: look for a comma, a semicolon or a parenthesis that is missing before it"
            .to_owned();
    }
    if message.contains("after drop column") {
        return "drop the index, view or trigger that uses the column first, and make it again without it"
            .to_owned();
    }
    if message.starts_with("Cannot add a UNIQUE column") {
        return "add the column without UNIQUE, then CREATE UNIQUE INDEX".to_owned();
    }
    let meant = missing_name(message).and_then(|name| match message.contains("no such table") {
        true => did_you_mean(name, schema.tables()),
        false => {
            // Of the tables that the statement names.
            let tables = schema.tables().filter(|table| is_about(sql, table));
            let columns = tables.flat_map(|table| schema.columns(table).unwrap_or_default());
            did_you_mean(name, columns.filter(|column| !column.eq_ignore_ascii_case(name)))
        }
    });
    meant_or(meant, "no database can run this statement: correct it")
}

/// Asks whether that was meant, or says what to do where nothing comes to mind.
fn meant_or(meant: Option<&str>, otherwise: &str) -> String {
    meant.map_or_else(|| otherwise.to_owned(), |meant| format!("did you mean `{meant}`?"))
}

/// A downgrade that gives another schema than the one before the upgrade; `diff` tells the two apart.
pub fn not_restored(chain: &Chain, place: usize, diff: &Diff) -> Defect {
    let revision = &chain.revisions()[place];
    let before = match place.checked_sub(1) {
        Some(place) => format!("the schema of {}", chain.revisions()[place].id()),
        None => "an empty schema".to_owned(),
    };
    let title = format!("the downgrade of {} does not give back {before}", revision.id());
    let Downgrade::Sql(half) = revision.downgrade() else {
        return Defect::new(Code::DowngradeDoesNotRestore, title).at(revision.path());
    };
    let has = |what: &str| diff.lines().any(|line| line.contains(what));
    let mut help = match has(" → ") {
        true => "left of `→` is how it was before the upgrade, right how it is after the downgrade; `-` is missing then, `+` is\nleft over. Let the downgrade make it as it was",
        false => "`-` is missing after the downgrade, `+` is left over: let the downgrade make it as it was",
    }
    .to_owned();
    if half.statements().any(|statement| copies_by_select(statement.sql())) {
        help += "\n(a table made by CREATE TABLE … AS SELECT has no keys, constraints, defaults or indexes)";
    } else if has("columns in the order") {
        help += "\n(ADD COLUMN can only append: rebuild the table, or say `@irreversible` and why)";
    }
    let defect = Defect::new(Code::DowngradeDoesNotRestore, title).details(diff).help(help);
    let about: Vec<String> = diff.names().map(str::to_owned).collect();
    at_last_about(defect, revision, half, &about)
}

/// Shows the last statement that names one of these things, or the first of all.
fn at_last_about(defect: Defect, revision: &Revision, half: &Half, about: &[String]) -> Defect {
    let is_of_them = |sql: &str| about.iter().any(|name| is_about(sql, name));
    let statements = half.statements().enumerate();
    let last = statements.filter(|(_, statement)| is_of_them(statement.sql())).last();
    at_statement(defect, revision, half, last.map_or(0, |(index, _)| index), None, "")
}

/// What an upgrade drops and no `@destroys` names, and the `@destroys` that name what it does not touch.
pub fn destruction(revision: &Revision, note: &Note, before: &Schema, after: &Schema) -> Vec<Defect> {
    let fates = Fates::of(revision.upgrade());
    let destroyed = fates.destroyed(before, after);
    let mut defects = Vec::new();
    for destroyed in &destroyed {
        if !declares(revision, &destroyed.table, destroyed.column.as_deref()) {
            defects.push(undeclared(revision, destroyed));
        }
    }
    for forgotten in fates.forgotten(before, after) {
        defects.push(self::forgotten(revision, &forgotten));
    }
    for (index, declared) in revision.destroys().iter().enumerate() {
        let table = &declared.table;
        let exists = match (&declared.column, before.columns(table)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(column), Some(columns)) => columns.iter().any(|known| known.eq_ignore_ascii_case(column)),
        };
        if destroyed.iter().any(|destroyed| is_of(declared, &destroyed.table, destroyed.column.as_deref()))
            || exists && (fates.changes_rows(table) || fates.drops(table))
        {
            continue;
        }
        defects.push(destroys_nothing(revision, note, index, exists, before));
    }
    defects
}

fn undeclared(revision: &Revision, destroyed: &Destroyed) -> Defect {
    let Destroyed { table, column, statement, is_rebuild } = destroyed;
    let id = revision.id();
    let name = full_name(table, column.as_deref());
    let lost = if column.is_some() { "values" } else { "rows" };
    let title = format!(
        "the upgrade of {id} drops `{name}` with all its {lost}, and no `@destroys` says that this is meant"
    );
    let note = if *is_rebuild { "the table that takes its place lacks the column" } else { "" };
    let help = format!("if it is, say so and why in the header: `-- @destroys {name} REASON`");
    let defect = Defect::new(Code::UndeclaredDestruction, title).help(help);
    at_statement(defect, revision, revision.upgrade(), *statement, None, note)
}

fn forgotten(revision: &Revision, forgotten: &Forgotten) -> Defect {
    let Forgotten { class, name, table, statement } = forgotten;
    let id = revision.id();
    let title =
        format!("the upgrade of {id} rebuilds `{table}`, and the {class} `{name}` that was on it is gone");
    let help = format!(
        "it went with the old table: make it again on the new one, or if it is to go, say so: `DROP {} {name}` before that",
        class.to_uppercase()
    );
    let defect = Defect::new(Code::ForgottenInRebuild, title).help(help);
    at_statement(defect, revision, revision.upgrade(), *statement, None, "")
}

/// A table, or a column of it, as `@destroys` names it.
fn full_name(table: &str, column: Option<&str>) -> String {
    match column {
        Some(column) => format!("{}.{}", quote(table), quote(column)),
        None => quote(table),
    }
}

fn destroys_nothing(revision: &Revision, note: &Note, index: usize, exists: bool, before: &Schema) -> Defect {
    let Destroys { table, column, .. } = &revision.destroys()[index];
    let (id, name) = (revision.id(), full_name(table, column.as_deref()));
    let (title, help) = if exists {
        (format!("`@destroys {name}`: the upgrade of {id} does not destroy it"), "remove the line".to_owned())
    } else {
        let (what, meant) = match (column, before.columns(table)) {
            (Some(column), Some(columns)) => {
                let meant = did_you_mean(column, columns.into_iter());
                (
                    format!("the table `{table}` has no such column"),
                    meant.map(|meant| full_name(table, Some(meant))),
                )
            }
            _ => ("there is no such table".to_owned(), did_you_mean(table, before.tables()).map(quote)),
        };
        let help = meant_or(meant.as_deref(), "remove the line");
        (format!("`@destroys {name}`: {what} before {id}"), help)
    };
    let defect = Defect::new(Code::DestroysNothing, title).at(revision.path()).help(help);
    showing_directive(defect, note, "destroys", index)
}

fn showing_directive(defect: Defect, note: &Note, name: &str, nth: usize) -> Defect {
    let start = format!("-- @{name}");
    let mut at = 0;
    let lines = note.text.split_inclusive('\n').map(|line| {
        at += line.len();
        (at - line.len(), line)
    });
    let found = lines.filter(|(_, line)| line.trim_start().starts_with(&start)).nth(nth);
    match found {
        Some((at, line)) => {
            let indent = line.len() - line.trim_start().len();
            let span = at + indent..at + line.trim_end().len();
            defect.showing(Snippet::new(&note.text, 1, span, ""))
        }
        None => defect,
    }
}

/// A revision that says `@compatible`, and takes something away from programs that do not know it, or asks more of them.
pub fn incompatible(revision: &Revision, note: &Note, before: &Schema, after: &Schema) -> Option<Defect> {
    let breaking = diff(before, after).breaking();
    if breaking.is_empty() {
        return None;
    }
    let title = format!("`@compatible`: programs that do not know {} fail after it", revision.id());
    let help = "remove the line; or keep what they read, and ask no more of what they write: a new column has a DEFAULT or may be\nNULL, a new constraint is on new columns";
    let defect = Defect::new(Code::Incompatible, title).at(revision.path()).details(&breaking).help(help);
    Some(showing_directive(defect, note, "compatible", 0))
}

/// `@unproven` in a revision of which everything can be proven.
pub fn needlessly_unproven(revision: &Revision, note: &Note) -> Defect {
    let title = format!("`@unproven` is not needed: all of {} was run", revision.id());
    let help = "remove the line: it is for SQL that needs what only the program registers";
    let defect = Defect::new(Code::NeedlesslyUnproven, title).at(revision.path()).help(help);
    showing_directive(defect, note, "unproven", 0)
}

/// Rows whose foreign keys point at nothing.
#[derive(Debug, Default)]
pub struct Orphans {
    /// The tables that they are in.
    pub tables: Vec<String>,
    /// The tables that they point at.
    pub parents: Vec<String>,
    /// A line for each of the first of them.
    pub lines: String,
}

/// Rows that point at nothing after a half has run; `schema` is the one then.
pub fn broken_keys(revision: &Revision, run: Run, orphans: &Orphans, schema: &Schema) -> Defect {
    let half = half(revision, run);
    let title = format!(
        "the {} of {} leaves rows whose foreign keys point at nothing",
        run.direction(),
        revision.id()
    );
    let starts =
        |words: &[&str]| half.statements().any(|statement| starts_with_one_of(statement.sql(), words));
    let is_gone = orphans.parents.iter().any(|parent| schema.columns(parent).is_none());
    let has_renames = half.statements().any(|statement| {
        let tokens = cursor::tokens(statement.sql());
        tokens.iter().any(|token| token.is_word(statement.sql(), "RENAME"))
    });
    let with_rows = matches!(run, Run::UpgradeWithRows | Run::DowngradeWithRows);
    let mut help = match with_rows {
        false => "delete or mend these rows, or let them point at what is there",
        true if is_gone && has_renames => {
            "ALTER TABLE … RENAME takes the keys of other tables along: make the new table under another name, copy, drop\nthe old one, and then rename the new one"
        }
        true if is_gone => {
            "what they point at was dropped: drop or rebuild these tables, too, or keep the one they point at"
        }
        true if starts(&["DROP"]) => "the rows that they point at have other keys now: let the copy keep them as they were",
        true => "let the copy keep what they point at",
    }
    .to_owned();
    if with_rows {
        help += "\n(seen with rows that were made up for the proof, numbered from 7000001)";
    }
    let defect = Defect::new(Code::ForeignKeyViolation, title).details(&orphans.lines).help(help);
    // A table that was renamed away has taken them along.
    let takes_along = |sql: &str| {
        let mut gone = orphans.parents.iter().filter(|parent| schema.columns(parent).is_none());
        starts_with_one_of(sql, &["ALTER"]) && gone.any(|parent| is_about(sql, parent))
    };
    if let Some(statement) = half.statements().position(|statement| takes_along(statement.sql())) {
        return at_statement(defect, revision, half, statement, None, "");
    }
    let about: Vec<String> = orphans.tables.iter().chain(&orphans.parents).cloned().collect();
    at_last_about(defect, revision, half, &about)
}

/// A foreign key whose columns are no key of its parent: `foreign key mismatch - "child" referencing "parent"`.
pub fn mismatched_key(revision: &Revision, run: Run, message: &str) -> Defect {
    let title = format!(
        "a foreign key does not fit its parent after the {} of {}: {message}",
        run.direction(),
        revision.id()
    );
    let help = "let it name the primary key of the parent, or columns with a UNIQUE constraint or index";
    let about: Vec<String> = message.split('"').skip(1).step_by(2).take(1).map(str::to_owned).collect();
    at_last_about(
        Defect::new(Code::ForeignKeyViolation, title).help(help),
        revision,
        half(revision, run),
        &about,
    )
}

/// Values that arrive in another column, since a copy goes by the place of the columns.
pub fn swapped(revision: &Revision, run: Run, table: &str, column: &str, other: &str) -> Defect {
    let (from, to) = (full_name(table, Some(column)), full_name(table, Some(other)));
    let title =
        format!("the {} of {} copies the values of `{from}` into `{to}`", run.direction(), revision.id());
    let help = "`INSERT INTO … SELECT *` goes by the place of the columns: name them on both sides";
    let half = half(revision, run);
    let copy = half.statements().position(|statement| is_copy_by_place(statement.sql()));
    let defect = Defect::new(Code::RowsLost, title).help(help);
    at_statement(defect, revision, half, copy.unwrap_or(0), None, "")
}

/// Whether a half copies rows by the place of their columns.
pub fn copies_by_place(revision: &Revision, run: Run) -> bool {
    half(revision, run).statements().any(|statement| is_copy_by_place(statement.sql()))
}

/// Rows or values that a rebuild loses: of a column its values, else `rows` says how many.
pub fn rows_lost(revision: &Revision, run: Run, table: &str, column: Option<&str>, rows: &str) -> Defect {
    let id = revision.id();
    let direction = run.direction();
    let name = full_name(table, column);
    let title = match column {
        Some(_) => format!("the {direction} of {id} loses the values of `{name}`"),
        None => format!("the {direction} of {id} loses {rows} of `{name}`"),
    };
    let half = half(revision, run);
    let drops = |sql: &str| starts_with_one_of(sql, &["DROP"]) && is_about(sql, table);
    let about = half.statements().position(|statement| drops(statement.sql()));
    let about = about.or_else(|| half.statements().position(|statement| is_about(statement.sql(), table)));
    let mut help =
        "copy every row, and every column that stays, before the old table is dropped\n(seen with rows that were made up for the proof)"
            .to_owned();
    if run.is_upgrade() {
        help += &format!(
            "\nif some are meant to go, say which and why in the header: `-- @destroys {name} REASON`"
        );
    }
    let defect = Defect::new(Code::RowsLost, title).help(help);
    at_statement(defect, revision, half, about.unwrap_or(0), None, "")
}

/// The tables that need rows to show what a revision does to them: those that its halves rebuild, or add a column to that
/// rows may not satisfy.
pub fn tables_at_stake(half: &Half, before: &Schema) -> Vec<String> {
    Fates::of(half).at_stake(before)
}

/// The proof itself came to an end before the chain did.
pub fn stopped(revision: &Revision, message: &str) -> Defect {
    Defect::new(Code::SqlError, format!("the proof cannot go on at {}: {message}", revision.id()))
        .at(revision.path())
}

/// Temporary tables that a half leaves: a run of it would be refused.
pub fn leaves_temporary_tables(revision: &Revision, run: Run, tables: &[String]) -> Defect {
    let title = format!(
        "the {} of {} leaves temporary tables ({})",
        run.direction(),
        revision.id(),
        tables.join(", ")
    );
    let help = "drop them at its end: they would hide tables of the database from what comes after it";
    let half = half(revision, run);
    let makes = |sql: &str| tables.iter().any(|table| is_about(sql, table));
    let about = half.statements().position(|statement| makes(statement.sql()));
    at_statement(Defect::new(Code::SqlError, title).help(help), revision, half, about.unwrap_or(0), None, "")
}

/// A foreign key at the head whose parent is not there.
pub fn key_to_nothing(chain: &Chain, table: &str, column: &str, parent: &str, schema: &Schema) -> Defect {
    let title = format!(
        "`{}` references `{parent}`, and there is no such table at the head",
        full_name(table, Some(column))
    );
    let help = meant_or(
        did_you_mean(parent, schema.tables()),
        "no row can be added to this table: correct the name, or make the parent",
    );
    // Whoever drops the parent is at fault, or renames it; else whoever makes the key.
    let takes_away = |sql: &str| starts_with_one_of(sql, &["DROP", "ALTER"]) && is_about(sql, parent);
    let makes = |sql: &str| is_about(sql, table) && is_about(sql, parent);
    at_newest(Defect::new(Code::ForeignKeyViolation, title).help(help), chain, &[&takes_away, &makes])
}

/// A view or a trigger that SQLite cannot read at the head. `name` is its own, `class` what it is.
pub fn unusable(chain: &Chain, class: &str, name: &str, message: &str, schema: &Schema) -> Defect {
    let title = match class {
        "view" => format!("the view `{name}` cannot be read at the head: {message}"),
        _ => format!("the trigger `{name}` cannot run at the head: {message}"),
    };
    let missing = missing_name(message);
    let meant = missing.and_then(|missing| match message.contains("no such table") {
        true => did_you_mean(missing, schema.tables()),
        false => None,
    });
    let otherwise = match class {
        "view" => "every query on it would fail: let it name what is there, or drop it",
        _ => "every change to its table would fail: let it name what is there, or drop it",
    };
    let help = meant_or(meant, otherwise);
    let takes_away = |sql: &str| {
        starts_with_one_of(sql, &["DROP", "ALTER"]) && missing.is_some_and(|missing| is_about(sql, missing))
    };
    let makes = |sql: &str| starts_with_one_of(sql, &["CREATE"]) && is_about(sql, name);
    at_newest(Defect::new(Code::SqlError, title).help(help), chain, &[&takes_away, &makes])
}

/// Shows the newest statement of an upgrade of which the first of these is true, or else the second.
fn at_newest(defect: Defect, chain: &Chain, are: &[&dyn Fn(&str) -> bool]) -> Defect {
    let newest = |is: &dyn Fn(&str) -> bool| {
        chain.revisions().iter().rev().find_map(|revision| {
            let mut statements = revision.upgrade().statements();
            Some((revision, statements.position(|statement| is(statement.sql()))?))
        })
    };
    match are.iter().find_map(|is| newest(*is)).or_else(|| Some((chain.head()?, 0))) {
        Some((revision, statement)) => {
            at_statement(defect, revision, revision.upgrade(), statement, None, "")
        }
        None => defect,
    }
}

/// Whether there is anything in the upgrade that could destroy, or that says so.
pub fn may_destroy(revision: &Revision) -> bool {
    !revision.destroys().is_empty() || !Fates::of(revision.upgrade()).is_harmless()
}

/// The names under which the rows of a table may be found after a half, the likely one first. A table that takes a name
/// which another had is not that other.
pub fn successors(half: &Half, before: &Schema, table: &str) -> Vec<String> {
    Fates::of(half).successors(before, table)
}

/// Whether the revision declares that it destroys the table or the column.
pub fn declares(revision: &Revision, table: &str, column: Option<&str>) -> bool {
    revision.destroys().iter().any(|declared| is_of(declared, table, column))
}

/// Whether a `@destroys` is of this table, or this column of it.
fn is_of(declared: &Destroys, table: &str, column: Option<&str>) -> bool {
    let fold = |column: Option<&str>| column.map(str::to_ascii_lowercase);
    declared.table.eq_ignore_ascii_case(table) && fold(declared.column.as_deref()) == fold(column)
}

/// Whether the half has a statement of its own that deletes, updates or replaces rows of the table.
pub fn deletes_rows(revision: &Revision, run: Run, table: &str) -> bool {
    Fates::of(half(revision, run)).changes_rows(table)
}

/// That no rows could be made up for a table, so that it is not known whether the revision loses some.
pub fn no_rows(revision: &Revision, table: &str) -> String {
    format!(
        "{}: no rows could be made up for `{table}`, so nothing is known of what happens to its rows",
        revision.id()
    )
}

/// Whether the rows of a table are copied into one that has the column, and the copy leaves it out.
pub fn copies_without(revision: &Revision, run: Run, table: &str, column: &str) -> bool {
    let mut copies = half(revision, run).statements().filter(|statement| {
        let sql = statement.sql();
        starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH"]) && is_about(sql, table)
    });
    // Without a list, every column is given something.
    copies.all(|statement| {
        given_columns(statement.sql()).is_some_and(|given| !given.contains(&column.to_ascii_lowercase()))
    })
}
