//! The statements by which a script declares that rows go, or that values change.

use revchain_core::sql::change::{Change, Effect, effect};
use revchain_core::sql::cursor::{self, Cursor, position_outside, split};
use revchain_core::sql::inspect::{copies_by_select, names_object, starts_with_one_of};
use revchain_core::sql::tokenizer::Token;
use revchain_core::{Script, Statement};

use crate::script_run::ScriptRun;

/// Returns the table whose rows a statement changes explicitly: by DELETE, UPDATE or an upsert.
///
/// `INSERT OR REPLACE` is no explicit change of the rows that it replaces.
pub(super) fn explicitly_changed_table(sql: &str) -> Option<String> {
    let table = changed_table(sql)?;
    // `sqlite_sequence` has the names of tables, and no rows of users.
    Some(table).filter(|table| !table.to_ascii_lowercase().starts_with("sqlite_"))
}

fn changed_table(sql: &str) -> Option<String> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let mut inserted = None;
    loop {
        if cursor.eat(&["DELETE", "FROM"]) {
            return cursor.qualified_name();
        }
        if cursor.eat(&["DO", "UPDATE"]) {
            return inserted;
        }
        if cursor.eat(&["UPDATE"]) {
            if cursor.eat(&["OR"]) {
                cursor.next()?;
            }
            return cursor.qualified_name();
        }
        if cursor.eat(&["INTO"]) {
            inserted = cursor.qualified_name();
            continue;
        }
        cursor.next()?;
    }
}

/// Returns the lowercase columns that an UPDATE or an upsert sets.
pub(super) fn set_columns(sql: &str) -> Vec<String> {
    let tokens = cursor::tokens(sql);
    let Some(set) = tokens.iter().position(|token| token.is_word(sql, "SET")) else {
        return Vec::new();
    };
    let mut columns = Vec::new();
    for assignment in split(sql, &tokens[set + 1..]) {
        let mut cursor = Cursor::new(sql, assignment);
        let names = match cursor.group() {
            Some(group) => split(sql, group),
            None => vec![assignment],
        };
        let names = names
            .into_iter()
            .filter_map(|name| Cursor::new(sql, name).name());
        columns.extend(names.map(|name| name.to_ascii_lowercase()));
        if ends_assignments(sql, assignment) {
            break;
        }
    }
    columns
}

/// Returns `true` if a clause such as `WHERE` follows the assignment.
fn ends_assignments(sql: &str, assignment: &[Token]) -> bool {
    const ENDS: &[&str] = &["WHERE", "FROM", "RETURNING", "ORDER", "LIMIT"];
    let is_end = |at: usize| {
        let is_distinct = at > 0 && assignment[at - 1].is_word(sql, "DISTINCT");
        !is_distinct && assignment[at].is_one_of(sql, ENDS)
    };
    position_outside(sql, assignment, is_end).is_some()
}

/// Returns `true` for a `DELETE` that empties a table, if the script fills the table again from a
/// copy that it made before.
///
/// The script then rebuilds the table, so the `DELETE` does not declare that the rows go.
pub(super) fn is_rebuild_by_delete(run: ScriptRun<'_>, delete: &Statement<'_>) -> bool {
    let sql = delete.sql();
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if !cursor.eat(&["DELETE", "FROM"]) {
        return false;
    }
    let Some(table) = cursor.qualified_name().filter(|_| cursor.rest().is_empty()) else {
        return false;
    };
    let (before, after): (Vec<_>, Vec<_>) = run
        .script()
        .statements()
        .partition(|statement| statement.start() < delete.start());
    before.iter().any(|copy| {
        let copy = copy.sql();
        let Effect::Change(to, Change::CreateTable | Change::Insert | Change::Update) =
            effect(copy)
        else {
            return false;
        };
        let refills = |sql: &str| {
            let target = match effect(sql) {
                Effect::Change(name, Change::Insert | Change::Update) => name.name,
                _ => return false,
            };
            target.eq_ignore_ascii_case(&table) && names_object(sql, &to.name)
        };
        !to.name.eq_ignore_ascii_case(&table)
            && names_object(copy, &table)
            && after.iter().any(|statement| refills(statement.sql()))
    })
}

/// Returns `true` if a script copies rows into a table that can have rows already.
pub(super) fn merges_tables(script: &Script) -> bool {
    let mut copied_into: Vec<String> = Vec::new();
    let mut created: Vec<String> = Vec::new();
    for statement in script.statements() {
        let sql = statement.sql();
        match effect(sql) {
            Effect::Change(name, Change::CreateTable) if !copies_by_select(sql) => {
                created.push(name.name.to_ascii_lowercase());
            }
            Effect::Change(name, Change::Insert | Change::Update) => {
                let tokens = cursor::tokens(sql);
                let has_word = |word| tokens.iter().any(|token| token.is_word(sql, word));
                if !starts_with_one_of(sql, &["INSERT", "REPLACE", "WITH"])
                    || !has_word("SELECT")
                    || !has_word("FROM")
                {
                    continue;
                }
                let name = name.name.to_ascii_lowercase();
                let is_first = created.contains(&name) && !copied_into.contains(&name);
                if !is_first || has_word("UNION") {
                    return true;
                }
                copied_into.push(name);
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::set_columns;

    #[test]
    fn set_columns_end_at_the_next_clause() {
        for (sql, columns) in [
            ("UPDATE t SET a = 1, \"B\" = 2 WHERE c = 3", &["a", "b"][..]),
            ("UPDATE t SET a = 1 RETURNING id, note", &["a"]),
            ("UPDATE t SET a = x.b FROM x, note", &["a"]),
            (
                "UPDATE t SET (a, b) = (SELECT c, d FROM e), f = 1",
                &["a", "b", "f"],
            ),
            ("UPDATE t SET a = b IS DISTINCT FROM c, d = 1", &["a", "d"]),
            (
                "INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 1",
                &["a"],
            ),
            ("DELETE FROM t", &[]),
        ] {
            assert_eq!(set_columns(sql), columns, "{sql}");
        }
    }
}
