//! SQL in normal form: without comments, white space, needless quotes, and the case of what is not in a string.

use crate::sql::{Kind, Token, unquote};

/// Words that mean something else in quotes: what SQLite's grammar keeps for itself, and the literals among words.
const RESERVED: &[&str] = &[
    "ADD",
    "ALL",
    "ALTER",
    "AND",
    "AS",
    "AUTOINCREMENT",
    "BETWEEN",
    "CASE",
    "CHECK",
    "COLLATE",
    "COMMIT",
    "CONSTRAINT",
    "CREATE",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "DEFAULT",
    "DEFERRABLE",
    "DELETE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FALSE",
    "FOREIGN",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "LIMIT",
    "NOT",
    "NOTHING",
    "NOTNULL",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "REFERENCES",
    "RETURNING",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TO",
    "TRANSACTION",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
];

/// Keywords that may also be names: shown as keywords, but equal to the name in quotes.
const OTHER_KEYWORDS: &[&str] = &[
    "ABORT",
    "ACTION",
    "AFTER",
    "ALWAYS",
    "ASC",
    "BEFORE",
    "BEGIN",
    "BY",
    "CASCADE",
    "CAST",
    "CONFLICT",
    "CROSS",
    "DEFERRED",
    "DESC",
    "DO",
    "EACH",
    "END",
    "FAIL",
    "FILTER",
    "FOR",
    "FULL",
    "GENERATED",
    "GLOB",
    "IF",
    "IGNORE",
    "IMMEDIATE",
    "INDEXED",
    "INITIALLY",
    "INNER",
    "INSTEAD",
    "KEY",
    "LEFT",
    "LIKE",
    "MATCH",
    "NATURAL",
    "NO",
    "OF",
    "OFFSET",
    "OUTER",
    "OVER",
    "PARTITION",
    "RAISE",
    "RECURSIVE",
    "REGEXP",
    "REPLACE",
    "RESTRICT",
    "RIGHT",
    "ROLLBACK",
    "ROWID",
    "ROWS",
    "STORED",
    "STRICT",
    "TRIGGER",
    "VIEW",
    "VIRTUAL",
    "WINDOW",
    "WITH",
    "WITHIN",
    "WITHOUT",
];

fn is_in(words: &[&str], word: &str) -> bool {
    words
        .binary_search_by(|known| known.bytes().cmp(word.bytes().map(|byte| byte.to_ascii_uppercase())))
        .is_ok()
}

/// Puts tokens, none of them a comment, into normal form. `is_string` tells of a name in double quotes whether SQLite
/// takes it for a string, because nothing has that name; where only a name can stand, it is not asked.
pub(super) fn render(sql: &str, tokens: &[Token], is_string: &dyn Fn(&str) -> bool) -> String {
    let mut text = String::new();
    // Whether the token before is one that a parenthesis follows without a space: the name of a function or a type.
    let mut is_called = false;
    let mut is_open = true;
    for (index, token) in tokens.iter().enumerate() {
        let written = token.text(sql);
        let is_close = matches!(written, ")" | "," | "." | ";") || written == "(" && is_called;
        if !(is_open || is_close) {
            text.push(' ');
        }
        is_open = token.kind == Kind::Operator && matches!(written, "(" | ".");
        is_called = false;
        match token.kind {
            Kind::Word if is_in(RESERVED, written) || is_in(OTHER_KEYWORDS, written) => {
                let start = text.len();
                text.push_str(written);
                text[start..].make_ascii_uppercase();
            }
            Kind::Word => {
                text.push_str(written);
                is_called = true;
            }
            Kind::QuotedWord => {
                let name = unquote(written);
                if written.starts_with('"') && !must_be_name(sql, tokens, index) && is_string(&name) {
                    text.push_str(&string(&name));
                } else {
                    text.push_str(&quote(&name));
                    is_called = !is_in(OTHER_KEYWORDS, &name);
                }
            }
            Kind::Blob => {
                text.push('x');
                text.push_str(&written[1..].to_ascii_uppercase());
            }
            Kind::Number => text.push_str(&written.to_ascii_lowercase().replace('_', "")),
            _ => text.push_str(written),
        }
    }
    text
}

/// Whether the token stands where only a name can.
pub(super) fn must_be_name(sql: &str, tokens: &[Token], index: usize) -> bool {
    const BEFORE: &[&str] =
        &["AS", "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "ON", "COLLATE", "REFERENCES", "OF", "SET"];
    let before = index.checked_sub(1).map(|before| &tokens[before]);
    before.is_some_and(|token| token.text(sql) == "." || BEFORE.iter().any(|word| token.is_word(sql, word)))
        || tokens.get(index + 1).is_some_and(|token| matches!(token.text(sql), "." | "("))
}

/// A name, in quotes where it needs them.
pub(crate) fn quote(name: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
    let is_plain = name.chars().all(is_letter) && !name.starts_with(|c: char| c.is_ascii_digit() || c == '$');
    if is_plain && !name.is_empty() && !is_in(RESERVED, name) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// A string literal.
pub(super) fn string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name as it is compared: in small letters, where they are ASCII.
#[inline(never)]
pub(super) fn lower(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// A text in which case does not matter, but in strings: what is equal is equal to SQLite.
#[inline(never)]
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        folded.push(if quote == Some('\'') { c } else { c.to_ascii_lowercase() });
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(sql: &str) -> String {
        let tokens: Vec<Token> =
            crate::sql::tokens(sql).into_iter().filter(|token| !token.is_comment()).collect();
        render(sql, &tokens, &|_| false)
    }

    #[test]
    fn the_lists_can_be_searched() {
        assert!(RESERVED.is_sorted() && OTHER_KEYWORDS.is_sorted());
        assert!(RESERVED.iter().all(|word| !OTHER_KEYWORDS.contains(word)));
    }

    #[test]
    fn what_does_not_matter_is_gone() {
        for sql in [
            "check(length(a)>0 and b in('X','y'))",
            "CHECK ( length ( \"a\" ) > 0 /* x */ AND [b] IN ('X', 'y') ) -- y",
            "Check (LENGTH(`A`)\n>\t0 And B In ('X','y'))",
        ] {
            assert_eq!(fold(&normal(sql)), "check (length(a) > 0 and b in ('X', 'y'))", "{sql}");
        }
        assert_eq!(normal("x'ab'"), "x'AB'");
        assert_eq!(normal("1_000.5E3 0XfF"), "1000.5e3 0xff");
    }

    #[test]
    fn what_matters_stays() {
        for (one, other) in [
            ("'a'", "'A'"),
            ("\"order\"", "order"),
            ("\"null\"", "null"),
            ("\"current_date\"", "current_date"),
            ("\"a b\"", "a b"),
            ("a.b", "a b"),
            ("\"it's\"", "its"),
        ] {
            assert_ne!(fold(&normal(one)), fold(&normal(other)));
        }
        assert_eq!(fold(&normal("\"key\"")), fold(&normal("key")));
    }

    #[test]
    fn only_strings_keep_their_case() {
        assert_eq!(fold("A 'B''C' D \"It's\" 'E'"), "a 'B''C' d \"it's\" 'E'");
    }
}
