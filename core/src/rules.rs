//! What no statement of a migration may do, because revchain does it, or because it cannot be done in a
//! transaction.

use std::ops::Range;

use crate::defect::Code;
use crate::sql::{Kind, Token, unquote};

/// A statement's breach of a rule.
pub(crate) struct Breach {
    pub(crate) code: Code,
    pub(crate) title: String,
    pub(crate) span: Range<usize>,
    pub(crate) note: &'static str,
    pub(crate) help: &'static str,
}

/// Names that begin with this are revchain's.
const OWN_PREFIX: &str = "revchain_";

/// Pragmas that fail or do nothing in a transaction, or that would take the ground from under it, and where
/// they belong instead.
const PRAGMAS: &[(&str, &str, &str)] = &[
    ("foreign_keys", "does nothing in a transaction", FOREIGN_KEYS),
    ("defer_foreign_keys", "does nothing here", FOREIGN_KEYS),
    ("ignore_check_constraints", "would let rows in that break the schema", "mend the rows instead"),
    ("journal_mode", "cannot change in a transaction", ON_OPEN),
    ("synchronous", "cannot change in a transaction", ON_OPEN),
    ("locking_mode", "would change what other processes can do", ON_OPEN),
    ("temp_store", "cannot change in a transaction", ON_OPEN),
    ("busy_timeout", "belongs to the connection", "give options().lock_timeout(…)"),
    ("query_only", "would stop the upgrade itself", ON_OPEN),
    ("wal_checkpoint", "cannot run in a transaction", ON_OPEN),
    ("page_size", "has no effect on a database that exists", NEW_FILE),
    ("auto_vacuum", "has no effect on a database that exists", NEW_FILE),
    ("encoding", "has no effect on a database that exists", NEW_FILE),
    (
        "writable_schema",
        "lets a typo destroy the database",
        "use ALTER TABLE, or build the table anew and copy",
    ),
    (
        "schema_version",
        "can corrupt the database under other connections",
        "remove it: SQLite counts it up itself",
    ),
];

const FOREIGN_KEYS: &str = "remove it: revchain turns enforcement off before the transaction, and checks every key before it commits";
const ON_OPEN: &str = "set it where the connection is opened, after MIGRATIONS.open(…)";
const NEW_FILE: &str = "set it on the new connection, before MIGRATIONS.upgrade(…)";

/// The breaches of one statement, whose tokens stand in `text`.
pub(crate) fn check(text: &str, statement: &[Token]) -> Vec<Breach> {
    let tokens: Vec<&Token> = statement.iter().filter(|token| !token.is_comment()).collect();
    let mut breaches = Vec::new();
    breaches.extend(tokens.first().and_then(|first| first_word(text, first, &tokens)));
    breaches.extend(tokens.iter().find_map(|token| parameter(text, token)));
    breaches
        .extend(tokens.iter().enumerate().find_map(|(index, token)| own_table(text, index, token, &tokens)));
    breaches
}

fn first_word(text: &str, first: &Token, tokens: &[&Token]) -> Option<Breach> {
    let word = first.text(text).to_ascii_uppercase();
    let breach = |code, title, note, help| Some(Breach { code, title, span: first.span.clone(), note, help });
    match word.as_str() {
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => breach(
            Code::TransactionControl,
            format!("{word} in a migration"),
            "revchain runs all that is pending in one transaction",
            "remove it: either everything is applied, or nothing is",
        ),
        "VACUUM" => breach(
            Code::NotTransactional,
            "VACUUM cannot run in a transaction".to_owned(),
            "a migration runs in one",
            "remove it, and run VACUUM from the program when it suits its users",
        ),
        "ATTACH" | "DETACH" => breach(
            Code::NotTransactional,
            format!("{word} cannot run in a transaction"),
            "a migration runs in one, on one database",
            "copy between databases from the program",
        ),
        "PRAGMA" => pragma(text, tokens),
        _ => None,
    }
}

fn pragma(text: &str, tokens: &[&Token]) -> Option<Breach> {
    // PRAGMA [schema .] name
    let qualified = tokens.get(2).is_some_and(|token| token.text(text) == ".");
    let name = tokens.get(if qualified { 3 } else { 1 })?;
    let lower = unquote(name.text(text)).to_ascii_lowercase();
    let &(_, note, help) = PRAGMAS.iter().find(|(pragma, ..)| *pragma == lower)?;
    let title = format!("PRAGMA {lower} in a migration");
    Some(Breach { code: Code::NotTransactional, title, span: name.span.clone(), note, help })
}

fn parameter(text: &str, token: &Token) -> Option<Breach> {
    (token.kind == Kind::Parameter).then(|| Breach {
        code: Code::BindParameter,
        title: format!("`{}` is a bind parameter", token.text(text)),
        span: token.span.clone(),
        note: "no value will be bound to it",
        help: "write the value itself; a text belongs in single quotes",
    })
}

fn own_table(text: &str, index: usize, token: &Token, tokens: &[&Token]) -> Option<Breach> {
    let is_name = match token.kind {
        Kind::Word | Kind::QuotedWord => true,
        // SQLite takes a string for a name where only a name can stand.
        Kind::String => {
            index > 0 && {
                let before = tokens[index - 1];
                before.text(text) == "."
                    || ["TABLE", "EXISTS", "INTO", "FROM", "UPDATE", "ON", "JOIN", "TO"]
                        .iter()
                        .any(|word| before.is_word(text, word))
            }
        }
        _ => false,
    };
    let name = unquote(token.text(text)).to_ascii_lowercase();
    (is_name && name.starts_with(OWN_PREFIX)).then(|| Breach {
        code: Code::OwnTable,
        title: format!("`{name}` is revchain's own name"),
        span: token.span.clone(),
        note: "revchain alone writes its tables",
        help: "remove it, or use a name that does not begin with `revchain_`",
    })
}
