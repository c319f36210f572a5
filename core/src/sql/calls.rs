//! The uses of functions, collations and modules in SQL.
//!
//! A program can register its own. The functions here only compare tokens and do not parse.

use super::cursor::{self, Cursor, split};
use super::inspect::starts_with_one_of;
use super::tokenizer::{Kind, Token};

/// A call of an SQL function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// The number of arguments.
    pub arguments: usize,
    /// `true` if only an aggregate function or a window function can be called so.
    pub needs_aggregate: bool,
}

/// Returns the calls of the function `name` in `sql`.
///
/// The operator `REGEXP` is a call of `regexp`, with two arguments.
pub fn calls(sql: &str, name: &str) -> Vec<Call> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let mut calls = Vec::new();
    let is_operator = name.eq_ignore_ascii_case("regexp");
    while let Some(token) = cursor.next() {
        if !is_name(token) || !token.is_named(sql, name) {
            continue;
        }
        // The cursor stays before the arguments, because they can contain another call.
        let mut after = cursor.clone();
        let Some(arguments) = after.group() else {
            if is_operator && token.kind == Kind::Word {
                calls.push(Call {
                    arguments: 2,
                    needs_aggregate: false,
                });
            }
            continue;
        };
        let mut call = read_call(sql, arguments, &after);
        // `a REGEXP (b)` has its second argument in parentheses.
        if is_operator && call.arguments == 1 {
            call.arguments = 2;
        }
        calls.push(call);
    }
    calls
}

fn read_call(sql: &str, arguments: &[Token], after: &Cursor<'_>) -> Call {
    let is_distinct = arguments
        .first()
        .is_some_and(|first| first.is_word(sql, "DISTINCT"));
    let is_empty = match arguments {
        [] => true,
        // As in `count(*)`.
        [only] => only.is_mark(sql, "*"),
        _ => false,
    };
    let count = if is_empty {
        0
    } else {
        split(sql, arguments).len()
    };
    Call {
        arguments: count,
        needs_aggregate: is_distinct || after.is_at(&["OVER", "FILTER", "WITHIN"]),
    }
}

/// Returns the names in `sql` that an opening parenthesis follows, such as those of functions.
pub fn called_names(sql: &str) -> Vec<&str> {
    let tokens = cursor::tokens(sql);
    let pairs = tokens.windows(2);
    let calls = pairs.filter(|pair| is_name(&pair[0]) && pair[1].is_mark(sql, "("));
    calls.map(|pair| pair[0].text(sql)).collect()
}

/// Returns `true` if `sql` names the collation `name` in a COLLATE clause.
pub fn uses_collation(sql: &str, name: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let mut pairs = tokens.windows(2);
    pairs.any(|pair| pair[0].is_word(sql, "COLLATE") && pair[1].is_named(sql, name))
}

/// Returns `true` if `sql` creates a virtual table with the module `name`.
pub fn uses_module(sql: &str, name: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let mut pairs = tokens.windows(2);
    starts_with_one_of(sql, &["CREATE"])
        && tokens
            .get(1)
            .is_some_and(|token| token.is_word(sql, "VIRTUAL"))
        && pairs.any(|pair| pair[0].is_word(sql, "USING") && pair[1].is_named(sql, name))
}

fn is_name(token: &Token) -> bool {
    matches!(token.kind, Kind::Word | Kind::QuotedWord)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the numbers of arguments with which `sql` calls `f`.
    fn counts(sql: &str) -> Vec<usize> {
        calls(sql, "f").iter().map(|call| call.arguments).collect()
    }

    #[test]
    fn arguments_of_each_call_are_counted() {
        assert_eq!(
            counts("SELECT f(), f ( * ), F(a), \"f\"(a, b)"),
            [0, 0, 1, 2]
        );
        assert_eq!(counts("SELECT f(g(a, b), (c, d), f('x, y'))"), [3, 1]);
        assert_eq!(counts("SELECT f, 'f(1)', g(f) /* f(1) */"), []);
        assert_eq!(counts("SELECT f(a"), []);
    }

    #[test]
    fn regexp_operator_is_a_call_with_two_arguments() {
        for sql in [
            "SELECT a REGEXP 'x'",
            "SELECT a NOT REGEXP ('x')",
            "SELECT regexp('x', a)",
        ] {
            let counts: Vec<_> = calls(sql, "regexp").iter().map(|c| c.arguments).collect();
            assert_eq!(counts, [2], "{sql}");
        }
    }

    #[test]
    fn calls_of_aggregates_are_marked() {
        for (sql, needs_aggregate) in [
            ("SELECT f(a) FROM t", false),
            ("SELECT f(a) OVER (PARTITION BY b) FROM t", true),
            ("SELECT f(a) FILTER (WHERE b) FROM t", true),
            ("SELECT f(DISTINCT a) FROM t", true),
        ] {
            assert_eq!(calls(sql, "f")[0].needs_aggregate, needs_aggregate, "{sql}");
        }
    }

    #[test]
    fn collations_and_modules_are_found_where_they_are_used() {
        assert!(uses_collation(
            "CREATE INDEX i ON t (a COLLATE \"German\")",
            "german"
        ));
        assert!(!uses_collation("SELECT german FROM t", "german"));
        assert!(uses_module("CREATE VIRTUAL TABLE v USING Vec0(a)", "vec0"));
        assert!(!uses_module("SELECT * FROM a JOIN b USING (vec0)", "vec0"));
        assert!(!uses_module(
            "CREATE VIRTUAL TABLE vec0 USING fts5(a)",
            "vec0"
        ));
    }
}
