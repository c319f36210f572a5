//! The help for statements that SQLite rejects.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::schema::{Schema, quote};
use revchain_core::sql::cursor;
use revchain_core::sql::inspect::names_object;
use revchain_core::sql::keywords::similar_keyword;
use revchain_core::sql::sqlite_messages::{
    BrokenObject, MissingColumn, MissingObject, advised_drop, duplicate_column, existing_object,
    is_column_of_key, misread_token, missing_column,
};
use revchain_core::sql::tokenizer::Kind;

/// The largest number of names that a help lists.
const MAX_NAMES: usize = 8;

/// The objects that exist when SQLite rejects a statement.
pub(crate) struct Existing<'s> {
    /// The tables and columns.
    pub(crate) schema: &'s Schema,
    /// The names of all objects, each with its type in `sqlite_schema`.
    pub(crate) objects: &'s [(String, String)],
    /// The schema before the script.
    pub(crate) before: &'s Schema,
}

/// Returns the help for a statement, from SQLite's message. Returns `None` for other messages.
pub(crate) fn help(message: &str, sql: &str, existing: &Existing<'_>) -> Option<String> {
    if let Some(word) = misread_token(message) {
        let keyword = misspelled_keyword(sql, word);
        return Some(match keyword {
            Some(keyword) => format!("did you mean `{keyword}`?"),
            None => {
                "look for a missing comma, semicolon or parenthesis before this position".to_owned()
            }
        });
    }
    if let Some(broken) = BrokenObject::parse(message) {
        return Some(help_for_broken(&broken));
    }
    if let Some(missing) = MissingObject::parse(message) {
        return help_for_missing(&missing, existing);
    }
    if let Some((drop, name)) = advised_drop(message) {
        return Some(format!("write `{drop} {}`", quote(name)));
    }
    if let Some(name) = existing_object(message) {
        let name = quote(name);
        return Some(format!(
            "choose another name, or drop or rename the other `{name}` first"
        ));
    }
    if duplicate_column(message).is_some() {
        return Some("choose another name: the table has this column already".to_owned());
    }
    if is_column_of_key(message) {
        let advice =
            "rebuild the table without the column: `revchain new --rebuild TABLE` writes a rebuild";
        return Some(advice.to_owned());
    }
    let (table, column) = match missing_column(message)? {
        MissingColumn::Given { table, column } => (Some(table), column),
        MissingColumn::Read { column, .. } => (None, column),
        MissingColumn::Count { .. } => return None,
    };
    let schema = existing.schema;
    let is_named = |name: &&str| match table {
        Some(table) => name.eq_ignore_ascii_case(table),
        None => names_object(sql, name),
    };
    let tables = schema.tables().filter(is_named);
    let columns = tables.flat_map(|table| schema.columns(table).unwrap_or_default());
    let others = columns.filter(|other| !other.eq_ignore_ascii_case(column));
    let others: Vec<&str> = others.collect();
    did_you_mean(column, others.iter().copied())
        .map(did_you_mean_name)
        .or_else(|| name_one_of("columns", &others))
}

/// Returns the advice to use a name that exists; `None` if there are too many names, or none.
fn name_one_of(kind: &str, names: &[&str]) -> Option<String> {
    if names.is_empty() || names.len() > MAX_NAMES {
        return None;
    }
    let names: Vec<String> = names.iter().map(|name| quote(name)).collect();
    Some(format!("name one of the {kind}: {}", names.join(", ")))
}

fn did_you_mean_name(name: &str) -> String {
    format!("did you mean `{}`?", quote(name))
}

/// Returns the keyword that the user probably meant by the word that SQLite rejects.
///
/// SQLite often rejects only the word after a misspelled keyword.
fn misspelled_keyword(sql: &str, word: &str) -> Option<&'static str> {
    let tokens = cursor::tokens(sql);
    let index = tokens.iter().position(|token| token.text(sql) == word)?;
    let suspects = tokens[..=index].iter().rev().take(2);
    let mut words = suspects.filter(|token| token.kind == Kind::Word);
    words.find_map(|token| similar_keyword(token.text(sql)))
}

fn help_for_broken(broken: &BrokenObject<'_>) -> String {
    let (kind, name) = (broken.kind, quote(broken.name));
    if broken.is_after_drop_column {
        return format!("drop the {kind} `{name}` before, and create it again without the column");
    }
    format!("drop the {kind} `{name}` before, and create it again at the end of the script")
}

fn help_for_missing(missing: &MissingObject<'_>, existing: &Existing<'_>) -> Option<String> {
    let name = missing.name;
    // A view can be named wherever a table can be read.
    let is_possible =
        |kind: &str| kind == missing.kind || missing.kind == "table" && kind == "view";
    let objects = existing
        .objects
        .iter()
        .filter(|(kind, _)| is_possible(kind));
    if let Some(meant) = did_you_mean(name, objects.map(|(_, name)| name.as_str())) {
        return Some(did_you_mean_name(meant));
    }
    if missing.kind == "table" && existing.before.table_name(name).is_some() {
        return Some(format!(
            "the script drops or renames `{}` before: use the new name, or move the statement up",
            quote(name)
        ));
    }
    let mut objects = existing.objects.iter();
    if let Some((kind, _)) = objects.find(|(_, other)| other.eq_ignore_ascii_case(name)) {
        let (name, wanted) = (quote(name), with_article(missing.kind));
        return Some(format!("name {wanted}: `{name}` is {}", with_article(kind)));
    }
    let objects = existing.objects.iter();
    let names: Vec<&str> = objects
        .filter(|(kind, name)| is_possible(kind) && !is_internal(name))
        .map(|(_, name)| name.as_str())
        .collect();
    let kind = match missing.kind {
        "index" => "indexes".to_owned(),
        kind => format!("{kind}s"),
    };
    name_one_of(&kind, &names)
}

/// Returns `true` for a table or an index of SQLite itself, or of revchain.
fn is_internal(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("sqlite_") || name.starts_with("revchain_history")
}

fn with_article(kind: &str) -> String {
    let article = if kind == "index" { "an" } else { "a" };
    format!("{article} {kind}")
}
