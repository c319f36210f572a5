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

/// The words that a name follows.
const BEFORE_NAMES: &[&str] = &[
    "TABLE",
    "INDEX",
    "VIEW",
    "TRIGGER",
    "EXISTS",
    "INTO",
    "FROM",
    "JOIN",
    "UPDATE",
    "REPLACE",
    "IGNORE",
    "FAIL",
    "ABORT",
    "ROLLBACK",
    "ON",
    "IN",
    "TO",
    "RENAME",
    "REFERENCES",
    "REINDEX",
    "ANALYZE",
];

/// Pragmas that work on the database and in a transaction. All others set the connection, which would outlive the
/// migration, or do nothing here, or take the ground from under it.
const PRAGMAS: &[&str] = &[
    "application_id",
    "user_version",
    "foreign_key_check",
    "integrity_check",
    "quick_check",
    "incremental_vacuum",
    "optimize",
    "foreign_key_list",
    "index_info",
    "index_list",
    "index_xinfo",
    "table_info",
    "table_list",
    "table_xinfo",
];

/// Why some of the others are not among them, and what to do instead.
const REFUSED: &[(&[&str], &str, &str)] = &[
    (
        &["foreign_keys", "defer_foreign_keys"],
        "does nothing in a transaction",
        "remove it: revchain turns enforcement off before the transaction, and checks every key before it commits",
    ),
    (
        &["journal_mode", "synchronous", "wal_checkpoint"],
        "cannot be done in a transaction",
        "do it where the connection is opened, after MIGRATIONS.open(…)",
    ),
    (&["busy_timeout"], "sets the connection", "remove it, and give options().lock_timeout(…)"),
    (
        &["page_size", "auto_vacuum", "encoding"],
        "does nothing to a database that exists",
        "set it on the new connection, before MIGRATIONS.upgrade(…)",
    ),
    (
        &["writable_schema", "schema_version"],
        "can destroy the database",
        "remove it: use ALTER TABLE, or create the table anew and copy its rows",
    ),
    (
        &["ignore_check_constraints"],
        "would let rows in that break the schema",
        "remove it, and mend the rows instead",
    ),
];

const OTHERS: (&str, &str) = (
    "is not one that works on the database and in a transaction",
    "if it sets the connection, set it where that is opened, after MIGRATIONS.open(…)",
);

/// The breaches of one statement, whose tokens stand in `text`.
pub(crate) fn check(text: &str, statement: &[Token]) -> Vec<Breach> {
    let tokens: Vec<&Token> = statement.iter().filter(|token| !token.is_comment()).collect();
    let mut breaches = Vec::new();
    // SQLite carries most pragmas out while it prepares them, also those that it is to explain.
    let explained = match tokens.first().is_some_and(|first| first.is_word(text, "EXPLAIN")) {
        true if tokens.get(1).is_some_and(|second| second.is_word(text, "QUERY")) => 3,
        true => 1,
        false => 0,
    };
    let plain = tokens.get(explained..).unwrap_or_default();
    breaches.extend(plain.first().and_then(|first| first_word(text, first, plain)));
    breaches.extend(tokens.iter().find_map(|token| parameter(text, token)));
    breaches
        .extend(tokens.iter().enumerate().find_map(|(index, token)| own_table(text, index, token, &tokens)));
    breaches
}

fn first_word(text: &str, first: &Token, tokens: &[&Token]) -> Option<Breach> {
    let word = first.text(text).to_ascii_uppercase();
    let breach = |code, note, help| {
        let title = format!("a migration cannot contain {word}");
        Some(Breach { code, title, span: first.span.clone(), note, help })
    };
    match word.as_str() {
        "BEGIN" | "COMMIT" | "END" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => breach(
            Code::TransactionControl,
            "revchain runs all that is pending in one transaction",
            "remove it: either everything is applied, or nothing is",
        ),
        "VACUUM" => breach(
            Code::NotTransactional,
            "cannot run in a transaction, and a migration is one",
            "remove it, and run VACUUM from the program when it suits its users",
        ),
        "ATTACH" | "DETACH" => breach(
            Code::NotTransactional,
            "a migration changes one database",
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
    if PRAGMAS.contains(&lower.as_str()) {
        return None;
    }
    let refused = REFUSED.iter().find(|(names, ..)| names.contains(&lower.as_str()));
    let (note, help) = refused.map_or(OTHERS, |&(_, note, help)| (note, help));
    let title = format!("a migration cannot contain PRAGMA {lower}");
    Some(Breach { code: Code::NotTransactional, title, span: name.span.clone(), note, help })
}

fn parameter(text: &str, token: &Token) -> Option<Breach> {
    (token.kind == Kind::Parameter).then(|| Breach {
        code: Code::BindParameter,
        title: format!("`{}` is a bind parameter", token.text(text)),
        span: token.span.clone(),
        note: "no value will be bound to it",
        help: "write the value itself, text in single quotes",
    })
}

fn own_table(text: &str, index: usize, token: &Token, tokens: &[&Token]) -> Option<Breach> {
    let is_name = match token.kind {
        Kind::Word | Kind::QuotedWord => true,
        // SQLite takes a string for a name where only a name can stand.
        Kind::String => {
            index > 0 && {
                let before = tokens[index - 1];
                let distinct = index > 1 && tokens[index - 2].is_word(text, "DISTINCT");
                before.text(text) == "."
                    || !distinct && BEFORE_NAMES.iter().any(|word| before.is_word(text, word))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::{statements, tokens};

    fn codes(sql: &str) -> Vec<Code> {
        let tokens = tokens(sql);
        statements(sql, &tokens)
            .iter()
            .flat_map(|statement| check(sql, statement))
            .map(|breach| breach.code)
            .collect()
    }

    #[test]
    fn transactions_are_revchains_own() {
        for sql in [
            "BEGIN",
            "begin immediate",
            "COMMIT",
            "END",
            "END TRANSACTION",
            "ROLLBACK",
            "SAVEPOINT a",
            "RELEASE a",
        ] {
            assert_eq!(codes(sql), [Code::TransactionControl], "{sql}");
        }
        for sql in [
            "INSERT OR ROLLBACK INTO a VALUES (1)",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT RAISE(ROLLBACK, 'x'); END",
        ] {
            assert_eq!(codes(sql), [], "{sql}");
        }
    }

    #[test]
    fn what_reaches_beyond_the_database_or_the_transaction_is_refused() {
        for sql in [
            "VACUUM",
            "vacuum into 'x'",
            "ATTACH 'x' AS y",
            "DETACH y",
            "PRAGMA foreign_keys = OFF",
            "PRAGMA main.journal_mode(wal)",
            "PRAGMA /* x */ \"journal_mode\"",
            "PRAGMA recursive_triggers = ON",
            "PRAGMA writable_schema = 1",
            "PRAGMA no_such_pragma",
            "EXPLAIN PRAGMA recursive_triggers = 1",
            "EXPLAIN QUERY PLAN PRAGMA recursive_triggers = 1",
        ] {
            assert_eq!(codes(sql), [Code::NotTransactional], "{sql}");
        }
        for sql in [
            "PRAGMA user_version = 3",
            "PRAGMA main.application_id = 7",
            "PRAGMA foreign_key_check(a)",
            "PRAGMA integrity_check",
            "PRAGMA quick_check",
            "PRAGMA incremental_vacuum(9)",
            "PRAGMA optimize",
            "PRAGMA foreign_key_list(a)",
            "PRAGMA index_info(i)",
            "PRAGMA index_list(a)",
            "PRAGMA index_xinfo(i)",
            "PRAGMA table_info(a)",
            "PRAGMA main.TABLE_LIST",
            "PRAGMA table_xinfo(a)",
        ] {
            assert_eq!(codes(sql), [], "{sql}");
        }
        for &(names, ..) in REFUSED {
            assert!(names.iter().all(|name| !PRAGMAS.contains(name)), "{names:?}");
        }
    }

    #[test]
    fn revchains_names_are_its_own_however_they_are_quoted() {
        for sql in [
            "DELETE FROM revchain_history",
            "DROP TABLE IF EXISTS 'revchain_history'",
            "SELECT * FROM main.[REVCHAIN_HISTORY]",
            "CREATE TABLE \"revchain_x\" (a)",
            "ALTER TABLE a RENAME TO `revchain_history`",
            "INSERT INTO main.'revchain_history' VALUES (1)",
            "UPDATE OR REPLACE 'revchain_history' SET checksum = 'x'",
            "\u{feff}DROP TABLE \u{feff}revchain_history",
        ] {
            assert_eq!(codes(sql), [Code::OwnTable], "{sql}");
        }
        for sql in [
            "INSERT INTO a VALUES (1, 'revchain_history')",
            "CREATE TABLE revchain (a)",
            "SELECT 1 -- revchain_history",
        ] {
            assert_eq!(codes(sql), [], "{sql}");
        }
    }

    /// SQLite takes a string for a name in each of these.
    #[test]
    fn revchains_names_are_its_own_also_as_strings() {
        for sql in [
            "DROP TABLE 'revchain_history'",
            "DROP INDEX 'revchain_i'",
            "DROP VIEW 'revchain_v'",
            "DROP TRIGGER 'revchain_t'",
            "DROP INDEX IF EXISTS 'revchain_i'",
            "INSERT INTO 'revchain_history' DEFAULT VALUES",
            "DELETE FROM 'revchain_history'",
            "SELECT * FROM a JOIN 'revchain_history'",
            "UPDATE 'revchain_history' SET checksum = ''",
            "REPLACE INTO 'revchain_history' DEFAULT VALUES",
            "UPDATE OR IGNORE 'revchain_history' SET checksum = ''",
            "UPDATE OR FAIL 'revchain_history' SET checksum = ''",
            "UPDATE OR ABORT 'revchain_history' SET checksum = ''",
            "UPDATE OR ROLLBACK 'revchain_history' SET checksum = ''",
            "CREATE INDEX i ON 'revchain_history' (checksum)",
            "CREATE TRIGGER t AFTER INSERT ON 'revchain_history' BEGIN SELECT 1; END",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM 'revchain_history'; END",
            "SELECT 1 IN 'revchain_history'",
            "ALTER TABLE a RENAME TO 'revchain_history'",
            "ALTER TABLE a RENAME 'revchain_a' TO b",
            "CREATE TABLE a (b REFERENCES 'revchain_history' (revision))",
            "REINDEX 'revchain_history'",
            "ANALYZE 'revchain_history'",
        ] {
            assert_eq!(codes(sql), [Code::OwnTable], "{sql}");
        }
        for sql in ["SELECT b IS DISTINCT FROM 'revchain_history' FROM a", "'revchain_history'"] {
            assert_eq!(codes(sql), [], "{sql}");
        }
    }

    #[test]
    fn nothing_is_bound() {
        for sql in ["SELECT ?", "INSERT INTO a VALUES (:x)", "SELECT @a", "SELECT $a"] {
            assert_eq!(codes(sql), [Code::BindParameter], "{sql}");
        }
        assert_eq!(codes("SELECT '?', \":a\""), []);
    }
}
