//! The statements that a migration must not contain.
//!
//! For example, revchain itself begins and ends the transaction of a migration.

use std::ops::Range;

use crate::DefectKind;
use crate::sql::tokenizer::{Kind, Token, unquote};

/// A forbidden part of a statement.
pub(crate) struct Violation {
    pub(crate) kind: DefectKind,
    pub(crate) title: String,
    pub(crate) span: Range<usize>,
    pub(crate) note: &'static str,
    pub(crate) help: &'static str,
}

/// The prefix of the names of revchain's own tables.
const OWN_PREFIX: &str = "revchain_";

/// The keywords before a name, separated by spaces.
///
/// After these keywords, SQLite reads a string as a name.
const BEFORE_NAMES: &str = "TABLE INDEX VIEW TRIGGER EXISTS INTO FROM JOIN UPDATE REPLACE IGNORE FAIL ABORT \
    ROLLBACK ON IN TO RENAME REFERENCES REINDEX ANALYZE";

/// The allowed pragmas, separated by spaces.
///
/// Other pragmas are forbidden, for reasons such as:
///
/// - The pragma configures the connection, and the setting would outlive the migration.
/// - The pragma has no effect in a transaction.
/// - The pragma can destroy the database.
const PRAGMAS: &str = "application_id user_version foreign_key_check integrity_check quick_check \
    incremental_vacuum optimize foreign_key_list index_info index_list index_xinfo \
    table_info table_list table_xinfo";

/// Returns the violations in one statement. The spans of the tokens are offsets in `text`.
pub(crate) fn check(text: &str, statement: &[Token]) -> Vec<Violation> {
    let tokens = statement.iter().filter(|token| !token.is_comment());
    let tokens: Vec<&Token> = tokens.collect();
    let keyword = check_keyword(text, skip_explain(text, &tokens));
    let parameter = tokens.iter().find_map(|token| check_parameter(text, token));
    let name = (0..tokens.len()).find_map(|position| check_name(text, position, &tokens));
    [keyword, parameter, name].into_iter().flatten().collect()
}

/// Skips `EXPLAIN [QUERY PLAN]`, because SQLite executes most pragmas even in an `EXPLAIN`.
fn skip_explain<'s, 't>(text: &str, tokens: &'s [&'t Token]) -> &'s [&'t Token] {
    match tokens {
        [explain, rest @ ..] if explain.is_word(text, "EXPLAIN") => match rest {
            [query, _, rest @ ..] if query.is_word(text, "QUERY") => rest,
            _ => rest,
        },
        _ => tokens,
    }
}

fn check_keyword(text: &str, tokens: &[&Token]) -> Option<Violation> {
    let first = tokens.first()?;
    let word = first.text(text).to_ascii_uppercase();
    let (kind, note, help) = match word.as_str() {
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => (
            DefectKind::TransactionControl,
            "revchain runs all pending revisions in one transaction",
            "remove it: either everything is applied, or nothing is",
        ),
        "VACUUM" => (
            DefectKind::NotTransactional,
            "cannot run in a transaction, and a migration runs in one",
            "remove it, and run VACUUM from the program",
        ),
        "ATTACH" | "DETACH" => (
            DefectKind::NotTransactional,
            "a migration changes one database",
            "copy between databases from the program",
        ),
        "PRAGMA" => return check_pragma(text, tokens),
        _ => return None,
    };
    Some(Violation {
        kind,
        title: format!("a migration cannot contain {word}"),
        span: first.span.clone(),
        note,
        help,
    })
}

/// Returns the violation of a statement `PRAGMA [schema.]name`, unless the pragma is allowed.
fn check_pragma(text: &str, tokens: &[&Token]) -> Option<Violation> {
    let is_qualified = tokens.get(2).is_some_and(|token| token.text(text) == ".");
    let name = tokens.get(if is_qualified { 3 } else { 1 })?;
    let lower = unquote(name.text(text)).to_ascii_lowercase();
    if is_allowed_pragma(&lower) {
        return None;
    }
    let (note, help) = pragma_advice(&lower);
    Some(Violation {
        kind: DefectKind::NotTransactional,
        title: format!("a migration cannot contain PRAGMA {lower}"),
        span: name.span.clone(),
        note,
        help,
    })
}

/// Returns `true` if a migration may contain the pragma. `name` is in lowercase.
pub fn is_allowed_pragma(name: &str) -> bool {
    PRAGMAS.split(' ').any(|allowed| allowed == name)
}

/// Returns the note and the help for a forbidden pragma.
fn pragma_advice(name: &str) -> (&'static str, &'static str) {
    match name {
        "foreign_keys" | "defer_foreign_keys" => (
            "does nothing in a transaction",
            "remove it: revchain turns enforcement off before the transaction, and checks keys before it commits",
        ),
        "journal_mode" | "synchronous" | "wal_checkpoint" => (
            "cannot run in a transaction",
            "run it on the open connection, after MIGRATIONS.open(…)",
        ),
        "busy_timeout" => (
            "configures the connection",
            "remove it, and call migrator().busy_timeout(…)",
        ),
        "page_size" | "auto_vacuum" | "encoding" => (
            "has no effect on an existing database",
            "set it on the new connection, before MIGRATIONS.upgrade(…)",
        ),
        "writable_schema" | "schema_version" => (
            "can destroy the database",
            "remove it: use ALTER TABLE, or create a new table and copy the rows",
        ),
        "legacy_alter_table" => (
            "stays off while a migration runs",
            "remove it; if a view or a trigger breaks a RENAME, drop it before and create it again at the end",
        ),
        "ignore_check_constraints" => (
            "allows rows that violate the schema",
            "remove it, and fix the rows instead",
        ),
        _ => (
            "does not act on the database within a transaction",
            "to configure the connection, run it after MIGRATIONS.open(…)",
        ),
    }
}

fn check_parameter(text: &str, token: &Token) -> Option<Violation> {
    if token.kind != Kind::Parameter {
        return None;
    }
    Some(Violation {
        kind: DefectKind::BindParameter,
        title: format!("`{}` is a bind parameter", token.text(text)),
        span: token.span.clone(),
        note: "no value will be bound to it",
        help: "write the value itself, text in single quotes",
    })
}

fn check_name(text: &str, position: usize, tokens: &[&Token]) -> Option<Violation> {
    let token = tokens[position];
    if !is_name(text, position, tokens) {
        return None;
    }
    let name = unquote(token.text(text)).to_ascii_lowercase();
    if !name.starts_with(OWN_PREFIX) {
        return None;
    }
    Some(Violation {
        kind: DefectKind::OwnTable,
        title: format!("`{name}` is revchain's own name"),
        span: token.span.clone(),
        note: "revchain alone writes its tables",
        help: "remove it, or use a name that does not begin with `revchain_`",
    })
}

/// Returns `true` if SQLite reads the token as a name.
///
/// SQLite reads a string as a name after a dot and after the keywords in `BEFORE_NAMES`.
/// `DISTINCT FROM` is an exception, because an expression follows this operator.
fn is_name(text: &str, position: usize, tokens: &[&Token]) -> bool {
    match (tokens[position].kind, &tokens[..position]) {
        (Kind::Word | Kind::QuotedWord, _) => true,
        (Kind::String, [.., distinct, from])
            if distinct.is_word(text, "DISTINCT") && from.text(text) != "." =>
        {
            false
        }
        (Kind::String, [.., before]) => {
            let mut keywords = BEFORE_NAMES.split(' ');
            before.text(text) == "." || keywords.any(|keyword| before.is_word(text, keyword))
        }
        _ => false,
    }
}
