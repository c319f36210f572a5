//! The description of a query that SQLite rejects.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::query::Query;
use revchain_core::schema::{SchemaFilter, quote};
use revchain_core::sql::calls::called_names;
use revchain_core::sql::cursor;
use revchain_core::sql::keywords::similar_keyword;
use revchain_core::sql::sqlite_messages::{
    MissingColumn, MissingName, UnregisteredObject, miscalled_function, misread_token,
    missing_column,
};
use revchain_core::sql::tokenizer::{Kind, unquote};
use revchain_core::{Defect, DefectKind};
use revchain_runtime::internal::{read_schema_sql, stand_ins};
use rusqlite::Connection;

use super::OF_RUSQLITE;
use super::locate::locate;
use super::sources::{TableSource, sources};
use crate::diagnostics::Existing;
use crate::diagnostics::suggestions;

/// Describes a query that SQLite rejects with `message` at `offset`.
pub(super) fn rejected(
    connection: &Connection,
    query: &Query<'_>,
    message: &str,
    offset: Option<usize>,
) -> Defect {
    let title = format!("SQLite rejects the query: {message}");
    let span = locate(query, message, offset);
    let marked = &query.sql()[span.clone()];
    let help = help(connection, query, message, marked);
    let defect = query.defect(DefectKind::InvalidQuery, title, span.clone());
    defect.help(help.unwrap_or_else(|| "correct the query: it fails on every database".to_owned()))
}

fn help(connection: &Connection, query: &Query<'_>, message: &str, marked: &str) -> Option<String> {
    if let Some(object) = UnregisteredObject::parse(message) {
        return Some(help_for_unregistered(connection, object));
    }
    if let Some(name) = miscalled_function(message) {
        return Some(help_for_miscalled(connection, name));
    }
    let schema = read_schema_sql(connection, &SchemaFilter::default()).ok()?;
    let schema = schema.schema();
    if let Some(help) = help_for_read_only(message) {
        return Some(help.to_owned());
    }
    if let Some(help) = help_for_column(connection, query, message, marked) {
        return Some(help);
    }
    // SQLite often reports the token after a misspelled keyword.
    if let (Some(_), Some(meant)) = (misread_token(message), similar_keyword(marked)) {
        return Some(format!("did you mean `{meant}`?"));
    }
    if let Some(help) = help_for_module(connection, query, message) {
        return Some(help);
    }
    let objects = objects(connection);
    if let Some(index) = message.strip_prefix("no such index: ") {
        let mut names = objects.iter().map(|(_, name)| name);
        if names.any(|name| name.eq_ignore_ascii_case(index)) {
            let index = quote(index);
            return Some(format!(
                "remove `INDEXED BY {index}`: it is an index of another table"
            ));
        }
    }
    let existing = Existing {
        schema,
        objects: &objects,
        before: schema,
    };
    let help = suggestions::help(message, query.sql(), &existing)?;
    if message.contains("no such table") {
        let help = format!(
            "{help}\nor, if the program creates the table, write the query as a plain string"
        );
        return Some(help);
    }
    Some(help)
}

/// Returns the advice for a function in a FROM clause that no module has.
fn help_for_module(connection: &Connection, query: &Query<'_>, message: &str) -> Option<String> {
    let Some(MissingName::Table(name)) = MissingName::parse(message) else {
        return None;
    };
    let mut called = called_names(query.sql()).into_iter();
    called.find(|called| unquote(called).eq_ignore_ascii_case(name))?;
    Some(help_for_unregistered(
        connection,
        UnregisteredObject::Module(name),
    ))
}

/// Returns the advice for a missing or an ambiguous column.
fn help_for_column(
    connection: &Connection,
    query: &Query<'_>,
    message: &str,
    marked: &str,
) -> Option<String> {
    let sources = sources(query.sql(), query.tokens());
    if let Some(column) = message.strip_prefix("ambiguous column name: ") {
        let has_column = |source: &&TableSource| {
            let mut columns = columns(connection, &source.table).into_iter();
            columns.any(|name| name.eq_ignore_ascii_case(column))
        };
        let names = sources.iter().filter(has_column);
        let names: Vec<String> = names
            .map(|source| format!("`{}.{}`", quote(&source.name), quote(column)))
            .collect();
        return (!names.is_empty()).then(|| format!("write {}", names.join(" or ")));
    }
    let (table, column) = match missing_column(message)? {
        MissingColumn::Read { table, column } => (table, column),
        MissingColumn::Given { table, .. } => {
            return advise_column(&columns(connection, table), marked);
        }
        MissingColumn::Count { .. } => return None,
    };
    let Some(table) = table else {
        let tables = sources.iter().map(|source| &source.table);
        let columns: Vec<String> = tables
            .flat_map(|table| columns(connection, table))
            .collect();
        return advise_column(&columns, marked);
    };
    let is_named = |source: &&TableSource| source.name.eq_ignore_ascii_case(table);
    if let Some(source) = sources.iter().find(is_named) {
        return advise_column(&columns(connection, &source.table), marked);
    }
    let is_hidden = |source: &&TableSource| source.table.eq_ignore_ascii_case(table);
    let names = sources.iter().map(|source| source.name.as_str());
    let hidden = sources.iter().find(is_hidden);
    let meant = hidden.map(|source| source.name.as_str());
    if let Some(meant) = meant.or_else(|| did_you_mean(table, names.clone())) {
        return Some(format!("did you mean `{}.{column}`?", quote(meant)));
    }
    // A subquery and a common table expression have columns that only SQLite knows.
    let is_missing = |name: &str| unquote(name).eq_ignore_ascii_case(table);
    let names: Vec<String> = names.map(|name| format!("`{}`", quote(name))).collect();
    (is_missing(marked) && !names.is_empty())
        .then(|| format!("the query reads {}, and no `{table}`", names.join(" and ")))
}

/// Returns the columns of a table, also of a virtual one.
fn columns(connection: &Connection, table: &str) -> Vec<String> {
    let sql = "SELECT name FROM pragma_table_xinfo(?1)";
    let columns = connection.prepare(sql).and_then(|mut statement| {
        let columns = statement.query_map([table], |row| row.get(0))?;
        columns.collect()
    });
    columns.unwrap_or_default()
}

/// Returns the column that is probably meant by `marked`, or all of a few columns.
fn advise_column(columns: &[String], marked: &str) -> Option<String> {
    let marked = unquote(marked);
    let others = columns.iter().map(String::as_str);
    let others: Vec<&str> = others
        .filter(|name| !name.eq_ignore_ascii_case(&marked))
        .collect();
    if let Some(meant) = did_you_mean(&marked, others.iter().copied()) {
        return Some(format!("did you mean `{}`?", quote(meant)));
    }
    let names: Vec<String> = others.iter().take(9).map(|name| quote(name)).collect();
    (1..9)
        .contains(&names.len())
        .then(|| format!("name one of the columns: {}", names.join(", ")))
}

/// Returns the advice for a column or a view that a query cannot write.
fn help_for_read_only(message: &str) -> Option<&'static str> {
    if message.ends_with("because it is a view") {
        return Some(
            "write the tables of the view, or add an INSTEAD OF trigger to it in a migration",
        );
    }
    message
        .contains("generated column")
        .then_some("leave the column out: SQLite computes its value")
}

fn help_for_unregistered(connection: &Connection, object: UnregisteredObject<'_>) -> String {
    let mut known = stand_ins::known_names(connection, object);
    if let UnregisteredObject::Module(_) = object {
        known.extend(OF_RUSQLITE.iter().map(|name| (*name).to_owned()));
    }
    let (kind, name) = match object {
        UnregisteredObject::Function(name) => ("function", name),
        UnregisteredObject::Collation(name) => ("collation", name),
        UnregisteredObject::Module(name) => ("module", name),
    };
    let declare = format!("if the program registers it, say so: `sql!({kind} \"{name}\", \"…\")`");
    // The names of operators are functions, too.
    let names = known.iter().map(String::as_str);
    let names = names.filter(|name| name.starts_with(|c: char| c.is_alphabetic()));
    match did_you_mean(name, names) {
        Some(meant) => format!("did you mean `{meant}`?\nor, {declare}"),
        None => declare,
    }
}

fn help_for_miscalled(connection: &Connection, name: &str) -> String {
    let sql = "SELECT DISTINCT narg FROM pragma_function_list
               WHERE name = ?1 COLLATE NOCASE AND narg >= 0 ORDER BY narg";
    let counts = connection.prepare(sql).and_then(|mut statement| {
        let counts = statement.query_map([name], |row| row.get::<_, i64>(0))?;
        counts.collect::<rusqlite::Result<Vec<i64>>>()
    });
    let counts: Vec<String> = counts
        .unwrap_or_default()
        .iter()
        .map(ToString::to_string)
        .collect();
    match &counts[..] {
        [] => format!("call `{name}` with another number of arguments"),
        [one] if one == "1" => format!("call `{name}` with 1 argument"),
        counts => format!("call `{name}` with {} arguments", counts.join(" or ")),
    }
}

/// Returns the type and the name of each object in the schema.
fn objects(connection: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT type, name FROM main.sqlite_master";
    let objects = connection.prepare(sql).and_then(|mut statement| {
        let objects = statement.query_map([], |row| row.try_into())?;
        objects.collect()
    });
    objects.unwrap_or_default()
}

/// Describes the word in double quotes that `message` reports as missing.
///
/// Returns `None` if the word stands in a view or a trigger.
pub(super) fn string_in_double_quotes(
    connection: &Connection,
    query: &Query<'_>,
    message: &str,
) -> Option<Defect> {
    let sql = query.sql();
    let span = crate::prover::double_quotes::missing_span(sql, message)?;
    let shown = &sql[span.clone()];
    let word = unquote(shown);
    let title = format!("the query has the string {shown} in double quotes");
    let text = format!("'{}'", word.replace('\'', "''"));
    let schema = read_schema_sql(connection, &SchemaFilter::default());
    let schema = schema.map(|sql| sql.schema().clone()).unwrap_or_default();
    let named = cursor::tokens(sql);
    let tables = schema.tables().filter(|table| {
        named.iter().any(|token| {
            matches!(token.kind, Kind::Word | Kind::QuotedWord)
                && unquote(token.text(sql)).eq_ignore_ascii_case(table)
        })
    });
    let columns = tables.flat_map(|table| schema.columns(table).unwrap_or_default());
    let meant = match did_you_mean(&word, columns) {
        Some(meant) => format!("or, if a column is meant: did you mean `{}`?", quote(meant)),
        None => "or correct the name, if a column is meant".to_owned(),
    };
    let defect = query.defect(DefectKind::DoubleQuotedString, title, span);
    Some(
        defect
            .details("no column has this name, so SQLite reads the word as a string")
            .help(format!("write {text} for a string\n{meant}")),
    )
}
