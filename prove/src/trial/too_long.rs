//! The defect of a statement that takes too many steps.

use revchain_core::sql::cursor::{self, Cursor, split};
use revchain_core::sql::tokenizer::{Token, unquote};
use revchain_core::{Defect, DefectKind, Statement};

use crate::budget::MAX_STEPS;
use crate::diagnostics::location::at_statement;
use crate::script_run::ScriptRun;

/// Describes a statement that takes too many steps.
pub(crate) fn runs_too_long(run: ScriptRun<'_>, statement: Option<Statement<'_>>) -> Defect {
    let steps = MAX_STEPS / 1_000_000;
    let title = format!("{run} does not end within {steps} million steps of SQLite");
    let sql = statement.as_ref().map(Statement::sql).unwrap_or_default();
    let defect = Defect::new(DefectKind::RunsTooLong, title).help(help(sql));
    at_statement(defect, run, statement)
}

fn help(sql: &str) -> &'static str {
    let tokens = cursor::tokens(sql);
    if has_recursion(sql, &tokens) {
        "end the recursion inside the CTE: `SELECT n + 1 FROM c WHERE n < …`;\n\
         a WHERE outside of the CTE does not stop it"
    } else if joins_tables(sql, &tokens) {
        "give each table of the join a condition: `a JOIN b ON b.a_id = a.id`;\n\
         without conditions, each row of one table meets each row of the others"
    } else {
        "reduce the rows that the statement reads, and that its triggers change;\n\
         or let the program make the change in parts, after the migration"
    }
}

/// Returns `true` if a common table expression reads itself.
fn has_recursion(sql: &str, tokens: &[Token]) -> bool {
    let mut starts = (0..tokens.len()).filter(|&at| tokens[at].is_word(sql, "WITH"));
    starts.any(|at| {
        let mut cursor = Cursor::new(sql, &tokens[at + 1..]);
        cursor.eat(&["RECURSIVE"]);
        loop {
            let Some((name, body)) = read_expression(&mut cursor) else {
                return false;
            };
            let mut words = body.iter().map(|token| unquote(token.text(sql)));
            if words.any(|word| word.eq_ignore_ascii_case(&name)) {
                return true;
            }
            if !cursor.eat_mark(",") {
                return false;
            }
        }
    })
}

/// Reads `name (columns) AS (body)`. Returns the name, and the tokens of the body.
fn read_expression<'t>(cursor: &mut Cursor<'t>) -> Option<(String, &'t [Token])> {
    let name = cursor.name()?;
    cursor.group();
    cursor.expect(&["AS"])?;
    cursor.eat(&["NOT"]);
    cursor.eat(&["MATERIALIZED"]);
    Some((name, cursor.group()?))
}

/// Returns `true` if a `FROM` clause has several tables.
fn joins_tables(sql: &str, tokens: &[Token]) -> bool {
    const ENDS: &[&str] = &[
        "WHERE",
        "GROUP",
        "HAVING",
        "WINDOW",
        "ORDER",
        "LIMIT",
        "UNION",
        "EXCEPT",
        "INTERSECT",
        "ON",
        "RETURNING",
        "SET",
        "SELECT",
    ];
    let mut clauses = (0..tokens.len()).filter(|&at| tokens[at].is_word(sql, "FROM"));
    tokens.iter().any(|token| token.is_word(sql, "JOIN"))
        || clauses.any(|at| {
            let first = split(sql, &tokens[at + 1..]);
            let has_end = |tokens: &[Token]| tokens.iter().any(|token| token.is_one_of(sql, ENDS));
            first.len() > 1 && !has_end(first[0])
        })
}

#[cfg(test)]
mod tests {
    use super::help;

    #[test]
    fn help_follows_from_the_words_of_the_statement() {
        for (sql, words) in [
            (
                "INSERT INTO t WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
                "end the recursion",
            ),
            (
                "WITH a AS (SELECT 1), \"C\" AS (SELECT 1 UNION SELECT n + 1 FROM c) SELECT 1",
                "end the recursion",
            ),
            (
                "WITH a AS (SELECT 1 FROM t) INSERT INTO t SELECT 1 FROM a JOIN b JOIN c",
                "of the join a condition",
            ),
            ("INSERT INTO t SELECT 1 FROM a AS x, b AS y", "of the join"),
            (
                "UPDATE t SET a = (SELECT count(*) FROM a, b)",
                "of the join a condition",
            ),
            ("DELETE FROM t WHERE a IN (1, 2)", "reduce the rows"),
            (
                "UPDATE t SET a = (SELECT max(a) FROM b), c = 1",
                "reduce the rows",
            ),
        ] {
            assert!(help(sql).contains(words), "{sql}: {}", help(sql));
        }
    }
}
