//! What running a chain shows of it, as defects. The running is the runtime's; the judging and the words are here.

use crate::chain::Chain;
use crate::defect::{Code, Defect};
use crate::destruction::{Destroyed, Fates};
use crate::draft::Note;
use crate::revision::{Destroys, Downgrade, Half, Revision};
use crate::schema::{Diff, Schema};
use crate::snippet::Snippet;
use crate::suggest::did_you_mean;

pub use crate::destruction::names;

/// One of the three times that a revision's SQL runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// The upgrade, on the schema of the revisions before.
    Upgrade,
    /// The downgrade, after it.
    Downgrade,
    /// The upgrade once more.
    Again,
    /// The upgrade, with rows in the tables that it rebuilds or adds to.
    WithRows,
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
    let title = match run {
        Run::Upgrade => format!("the upgrade of {id} fails: {message}"),
        Run::Downgrade => format!("the downgrade of {id} fails: {message}"),
        Run::Again => format!("the upgrade of {id} fails when it runs again after the downgrade: {message}"),
        Run::WithRows => format!("the upgrade of {id} fails where the table has rows: {message}"),
    };
    let help = match run {
        Run::Again => {
            "let the downgrade undo all that the upgrade does, also the rows that it adds".to_owned()
        }
        Run::WithRows => {
            "every database in use would fail here: give the column a constant DEFAULT, or rebuild the table"
                .to_owned()
        }
        _ => help_for(message, schema),
    };
    let defect = Defect::new(Code::SqlError, title).help(help);
    at_statement(defect, revision, half(revision, run), statement, offset, "")
}

fn half(revision: &Revision, run: Run) -> &Half {
    match (run, revision.downgrade()) {
        (Run::Downgrade, Downgrade::Sql(half)) => half,
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

/// What SQLite says where something is missing that a program may register.
const REGISTERED: &[&str] = &[
    "no such function",
    "no such module",
    "no such collation sequence",
    "no such tokenizer",
    "unknown tokenizer",
];

/// Whether a statement fails because SQLite lacks what the program may register.
pub fn lacks_what_programs_register(message: &str) -> bool {
    REGISTERED.iter().any(|start| message.contains(start))
}

fn help_for(message: &str, schema: &Schema) -> String {
    if lacks_what_programs_register(message) {
        return "if only the program has it, say so in the header: `-- @unproven the program registers …`"
            .to_owned();
    }
    let named = |start: &str| message.strip_prefix(start).map(|name| name.rsplit('.').next().unwrap_or(name));
    let meant = match (named("no such table: "), named("no such column: ")) {
        (Some(table), _) => did_you_mean(table, schema.tables()),
        (_, Some(column)) => {
            let columns = schema.tables().flat_map(|table| schema.columns(table).unwrap_or_default());
            did_you_mean(column.trim_matches('"'), columns)
        }
        _ => None,
    };
    meant.map_or_else(
        || "SQLite says the same in every database: mend the statement".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    )
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
    // The statement that has most to do with it.
    let is_about = |sql: &str| {
        let named = names(sql);
        diff.names().any(|name| named.iter().any(|named| named.eq_ignore_ascii_case(name)))
    };
    let about = half.statements().enumerate().filter(|(_, statement)| is_about(statement.sql())).last();
    let help = "each line is before the upgrade → after the downgrade: `-` is lost, `+` is left over.\nlet the downgrade \
                make it as it was; a table made by CREATE TABLE … AS SELECT has no keys, defaults or indexes";
    let help = match diff.lines().any(|line| line.contains(" → ")) || half_copies(half) {
        true => help,
        false => "`-` is lost after the downgrade, `+` is left over: let the downgrade make it as it was",
    };
    let defect = Defect::new(Code::DowngradeDoesNotRestore, title).details(diff).help(help);
    at_statement(defect, revision, half, about.map_or(0, |(index, _)| index), None, "")
}

fn half_copies(half: &Half) -> bool {
    half.statements().any(|statement| {
        let sql = statement.sql().to_ascii_uppercase();
        sql.starts_with("CREATE") && sql.contains("TABLE") && sql.contains("SELECT")
    })
}

/// What an upgrade drops and no `@destroys` names, and the `@destroys` that name what it does not touch.
pub fn destruction(revision: &Revision, note: &Note, before: &Schema, after: &Schema) -> Vec<Defect> {
    let fates = Fates::of(revision.upgrade());
    let destroyed = fates.destroyed(before, after);
    let mut defects = Vec::new();
    let is = |declared: &Destroys, destroyed: &Destroyed| {
        let column = |column: Option<&str>| column.map(str::to_ascii_lowercase);
        declared.table.eq_ignore_ascii_case(&destroyed.table)
            && column(declared.column.as_deref()) == column(destroyed.column.as_deref())
    };
    for destroyed in &destroyed {
        if !revision.destroys().iter().any(|declared| is(declared, destroyed)) {
            defects.push(undeclared(revision, destroyed));
        }
    }
    for (index, declared) in revision.destroys().iter().enumerate() {
        let table = &declared.table;
        let exists = match (&declared.column, before.columns(table)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(column), Some(columns)) => columns.iter().any(|known| known.eq_ignore_ascii_case(column)),
        };
        if destroyed.iter().any(|destroyed| is(declared, destroyed)) || exists && fates.may_change(table) {
            continue;
        }
        defects.push(destroys_nothing(revision, note, index, exists, before));
    }
    defects
}

fn undeclared(revision: &Revision, destroyed: &Destroyed) -> Defect {
    let Destroyed { table, column, statement, is_rebuild } = destroyed;
    let id = revision.id();
    let (what, name) = match column {
        Some(column) => ("column", format!("{table}.{column}")),
        None => ("table", table.clone()),
    };
    let title = format!(
        "the upgrade of {id} destroys the {what} `{name}` and all that is in it, and does not say so"
    );
    let note = match is_rebuild {
        true => "the table that takes its place lacks the column",
        false => "",
    };
    let quoted = match column {
        Some(column) => format!("{}.{}", crate::schema::quote(table), crate::schema::quote(column)),
        None => crate::schema::quote(table),
    };
    let help = format!("if that is meant, say so and why in the header: `-- @destroys {quoted} REASON`");
    let defect = Defect::new(Code::UndeclaredDestruction, title).help(help);
    at_statement(defect, revision, revision.upgrade(), *statement, None, note)
}

fn destroys_nothing(revision: &Revision, note: &Note, index: usize, exists: bool, before: &Schema) -> Defect {
    let declared = &revision.destroys()[index];
    let name = match &declared.column {
        Some(column) => format!("{}.{column}", declared.table),
        None => declared.table.to_string(),
    };
    let (title, help) = if exists {
        let title =
            format!("`@destroys {name}` is said, and the upgrade of {} does not destroy it", revision.id());
        (title, "remove the line".to_owned())
    } else {
        let title =
            format!("`@destroys {name}` is said, and there is no such thing before {}", revision.id());
        let meant = match (&declared.column, before.columns(&declared.table)) {
            (Some(column), Some(columns)) => did_you_mean(column, columns.into_iter()),
            _ => did_you_mean(&declared.table, before.tables()),
        };
        (title, meant.map_or("remove the line".to_owned(), |meant| format!("did you mean `{meant}`?")))
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

/// `@unproven` in a revision of which everything can be proven.
pub fn needlessly_unproven(revision: &Revision, note: &Note) -> Defect {
    let title = format!("everything in {} can be proven, and it says `@unproven`", revision.id());
    let help = "remove the line: it is for SQL that needs what only the program registers";
    let defect = Defect::new(Code::NeedlesslyUnproven, title).at(revision.path()).help(help);
    showing_directive(defect, note, "unproven", 0)
}

/// Rows, or a key, that point at nothing after a revision has run. `violations` are lines that say which, `tables` the
/// tables that they are in.
pub fn broken_keys(revision: &Revision, run: Run, tables: &[String], violations: &str) -> Defect {
    let id = revision.id();
    let title = match run {
        Run::Downgrade => format!("the downgrade of {id} leaves foreign keys that point at nothing"),
        _ => format!("the upgrade of {id} leaves foreign keys that point at nothing"),
    };
    let help = match run {
        Run::WithRows => {
            "ALTER TABLE … RENAME takes the keys of other tables along: make the new table under another name, copy, drop\nthe old one, and then rename the new one"
        }
        _ => "delete or mend these rows, or point the key at a table and a column that are there",
    };
    let half = half(revision, run);
    let is_about = |sql: &str| {
        let named = names(sql);
        tables.iter().any(|table| named.iter().any(|named| named.eq_ignore_ascii_case(table)))
    };
    let about = half.statements().enumerate().filter(|(_, statement)| is_about(statement.sql())).last();
    let defect = Defect::new(Code::ForeignKeyViolation, title).details(violations).help(help);
    at_statement(defect, revision, half, about.map_or(0, |(index, _)| index), None, "")
}

/// Rows or values that a rebuild loses: `lost` says which, of which table.
pub fn rows_lost(revision: &Revision, run: Run, table: &str, column: Option<&str>, lost: &str) -> Defect {
    let id = revision.id();
    let direction = if run == Run::Downgrade { "downgrade" } else { "upgrade" };
    let title = format!("the {direction} of {id} loses rows: `{table}` has lost {lost}");
    let mut name = crate::schema::quote(table);
    if let Some(column) = column {
        name += &format!(".{}", crate::schema::quote(column));
    }
    let half = half(revision, run);
    let is_about = |sql: &str| names(sql).iter().any(|name| name.eq_ignore_ascii_case(table));
    let drops = |sql: &str| starts_with_one_of(sql, &["DROP"]) && is_about(sql);
    let mut statements = half.statements();
    let about = statements.position(|statement| drops(statement.sql()));
    let about = about.or_else(|| half.statements().position(|statement| is_about(statement.sql())));
    let help = format!(
        "this was seen with made-up rows: copy every row, and every column that stays, before the old table is dropped;\nif it is meant, say so and why in the header: `-- @destroys {name} REASON`"
    );
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
    let direction = if run == Run::Downgrade { "downgrade" } else { "upgrade" };
    let title =
        format!("the {direction} of {} leaves temporary tables ({})", revision.id(), tables.join(", "));
    let help = "drop them at its end: they would hide tables of the database from what comes after it";
    let half = half(revision, run);
    let makes =
        |sql: &str| names(sql).iter().any(|name| tables.iter().any(|table| table.eq_ignore_ascii_case(name)));
    let about = half.statements().position(|statement| makes(statement.sql()));
    at_statement(Defect::new(Code::SqlError, title).help(help), revision, half, about.unwrap_or(0), None, "")
}

/// A foreign key at the head whose parent no revision makes.
pub fn key_to_nothing(chain: &Chain, table: &str, column: &str, parent: &str, schema: &Schema) -> Defect {
    let title = format!("`{table}.{column}` references `{parent}`, and there is no such table");
    let meant = did_you_mean(parent, schema.tables());
    let help = meant.map_or_else(
        || "point it at a table that is there: no row could be added to this one".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    let defect = Defect::new(Code::ForeignKeyViolation, title).help(help);
    let names_both = |sql: &str| {
        let named = names(sql);
        let has = |name: &str| named.iter().any(|named| named.eq_ignore_ascii_case(name));
        has(table) && has(parent)
    };
    let found = chain.revisions().iter().rev().find_map(|revision| {
        let statement = revision.upgrade().statements().position(|statement| names_both(statement.sql()))?;
        Some((revision, statement))
    });
    match found.or_else(|| Some((chain.head()?, 0))) {
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

/// Whether a statement reads or changes tables and rows, and does nothing to the connection.
pub fn is_plain(sql: &str) -> bool {
    const PLAIN: &[&str] =
        &["CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT", "VALUES"];
    starts_with_one_of(sql, PLAIN)
}

/// Whether a statement leaves the schema as it is.
pub fn changes_rows_only(sql: &str) -> bool {
    is_plain(sql) && !starts_with_one_of(sql, &["CREATE", "ALTER", "DROP"])
}

fn starts_with_one_of(sql: &str, words: &[&str]) -> bool {
    let tokens = crate::schema::cursor::tokens(sql);
    tokens.first().is_some_and(|first| words.iter().any(|word| first.is_word(sql, word)))
}

/// The names under which the rows of a table may be found after a half, the likely one first. A table that takes a name
/// which another had is not that other.
pub fn successors(half: &Half, before: &Schema, table: &str) -> Vec<String> {
    Fates::of(half).successors(before, table)
}

/// Whether the revision declares that it destroys the table or the column.
pub fn declares(revision: &Revision, table: &str, column: Option<&str>) -> bool {
    let same = |one: Option<&str>| one.map(str::to_ascii_lowercase) == column.map(str::to_ascii_lowercase);
    revision
        .destroys()
        .iter()
        .any(|declared| declared.table.eq_ignore_ascii_case(table) && same(declared.column.as_deref()))
}

/// Whether the half has a statement of its own that deletes, updates or replaces rows of the table.
pub fn deletes_rows(revision: &Revision, run: Run, table: &str) -> bool {
    Fates::of(half(revision, run)).changes_rows(table)
}

/// Whether SQLite refuses a statement because there are rows, whatever is in them.
pub fn refuses_any_rows(sql: &str, message: &str) -> bool {
    if message.starts_with("Cannot add a") {
        return true;
    }
    // A column that the statement gives no value, in any row.
    let Some(place) = message.strip_prefix("NOT NULL constraint failed: ") else { return false };
    let column = place.rsplit('.').next().unwrap_or(place);
    let tokens = crate::schema::cursor::tokens(sql);
    let mut cursor = crate::schema::cursor::Cursor::new(sql, &tokens);
    while cursor.peek().is_some() && !cursor.eat(&["INTO"]) {
        cursor.next();
    }
    let given = cursor.qualified_name().and_then(|_| cursor.group());
    given.is_some_and(|given| {
        !given.iter().any(|token| crate::sql::unquote(token.text(sql)).eq_ignore_ascii_case(column))
    })
}

/// That no rows could be made up for a table, so that it is not known whether the revision loses some.
pub fn no_rows(revision: &Revision, table: &str) -> String {
    format!(
        "{}: no rows could be made up for `{table}`, so nothing is known of what happens to its rows",
        revision.id()
    )
}
