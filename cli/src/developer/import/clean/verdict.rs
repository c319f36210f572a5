//! The decision whether a statement stays in a migration.

use revchain_core::parse::forbidden::is_allowed_pragma;
use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::references::looked_up;
use revchain_core::sql::tokenizer::{Kind, Token, unquote};

use crate::developer::import::item::ItemKind;
use crate::developer::import::tool::Tool;

/// The facts about a migration on which the cleaning depends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) tool: Tool,
    /// `true` if the tool replaces `${NAME}`, also in strings.
    pub(crate) is_template: bool,
}

/// The decision on a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    /// Remove the statement and count it: revchain does the same itself.
    Remove(Removal),
    /// Leave the statement out and list it.
    LeaveOut(ItemKind),
}

/// The kind of a removed statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removal {
    Transaction,
    ForeignKeys,
    OwnTable,
}

/// Decides on a statement. The spans of the tokens are offsets in `text`.
pub(super) fn judge(text: &str, statement: &[Token], context: Context) -> Verdict {
    let tokens: Vec<&Token> = statement
        .iter()
        .filter(|token| !token.is_comment())
        .collect();
    let Some(first) = tokens.first() else {
        return Verdict::Keep;
    };
    match first.text(text).to_ascii_uppercase().as_str() {
        "BEGIN" | "COMMIT" | "END" | "SAVEPOINT" | "RELEASE" => {
            return Verdict::Remove(Removal::Transaction);
        }
        "ROLLBACK" => return Verdict::LeaveOut(ItemKind::Rollback),
        "VACUUM" => return Verdict::LeaveOut(ItemKind::Vacuum),
        "ATTACH" | "DETACH" => return Verdict::LeaveOut(ItemKind::Attach),
        "PRAGMA" => return judge_pragma(text, &tokens, context),
        _ => {}
    }
    if tokens
        .iter()
        .any(|token| is_placeholder(text, token, context))
    {
        return Verdict::LeaveOut(ItemKind::Placeholder);
    }
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Verdict::Keep;
    };
    if is_on_own_table(&text[first.span.start..last.span.end], context) {
        return Verdict::Remove(Removal::OwnTable);
    }
    Verdict::Keep
}

/// Decides on `PRAGMA [schema.]name`.
fn judge_pragma(text: &str, tokens: &[&Token], context: Context) -> Verdict {
    let is_qualified = tokens.get(2).is_some_and(|token| token.text(text) == ".");
    let Some(name) = tokens.get(if is_qualified { 3 } else { 1 }) else {
        return Verdict::Keep;
    };
    let name = unquote(name.text(text)).to_ascii_lowercase();
    match name.as_str() {
        "foreign_keys" | "defer_foreign_keys" => Verdict::Remove(Removal::ForeignKeys),
        "user_version" if context.tool.owns_user_version() => Verdict::Remove(Removal::OwnTable),
        "legacy_alter_table" => Verdict::LeaveOut(ItemKind::LegacyAlterTable),
        "writable_schema" | "schema_version" => Verdict::LeaveOut(ItemKind::WritableSchema),
        allowed if is_allowed_pragma(allowed) => Verdict::Keep,
        _ => Verdict::LeaveOut(ItemKind::Pragma),
    }
}

fn is_placeholder(text: &str, token: &Token, context: Context) -> bool {
    let written = token.text(text);
    match token.kind {
        Kind::Parameter => true,
        Kind::Illegal => written.starts_with(['$', '{', '}']),
        Kind::String | Kind::QuotedWord => context.is_template && written.contains("${"),
        _ => false,
    }
}

/// Returns `true` if a statement only reads or changes the table in which the tool records
/// migrations.
fn is_on_own_table(sql: &str, context: Context) -> bool {
    let is_own = |name: &str| {
        let mut own = context.tool.own_tables().iter();
        own.any(|table| table.eq_ignore_ascii_case(name))
    };
    match effect(sql) {
        Effect::Change(_, Change::CreateIndex { table, .. } | Change::CreateTrigger { table }) => {
            is_own(&table)
        }
        Effect::Change(name, _) => is_own(&name.name),
        Effect::None => looked_up(sql).iter().any(|name| is_own(&name.name)),
        Effect::Unknown => false,
    }
}
