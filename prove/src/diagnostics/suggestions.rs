//! The help for statements that SQLite rejects.

use revchain_core::diagnostics::suggest::did_you_mean;
use revchain_core::schema::{Schema, quote};
use revchain_core::sql::cursor;
use revchain_core::sql::inspect::names_object;
use revchain_core::sql::keywords::similar_keyword;
use revchain_core::sql::sqlite_messages::{
    BrokenObject, MissingColumn, MissingObject, misread_token, missing_column,
};
use revchain_core::sql::tokenizer::Kind;

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
pub(super) fn help(message: &str, sql: &str, existing: &Existing<'_>) -> Option<String> {
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
    did_you_mean(column, others).map(did_you_mean_name)
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
    let existed = missing.kind == "table" && existing.before.table_name(name).is_some();
    existed.then(|| {
        format!(
            "the script drops or renames `{}` before: use the new name, or move the statement up",
            quote(name)
        )
    })
}
