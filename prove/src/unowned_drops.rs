//! `DROP … IF EXISTS` of tables and views that no revision has created.
//!
//! The statement drops nothing in the proof.
//! In the database of a user, the name can belong to a table of another program.

use revchain_core::sql::cursor::{self, Cursor};
use revchain_core::sql::inspect::{created_name, starts_with_one_of};
use revchain_core::{Chain, Defect, DefectKind, RevisionIndex, Statement};

use crate::declared::is_declared;
use crate::diagnostics::full_name;
use crate::diagnostics::location::at_statement;
use crate::script_run::ScriptRun;

/// Returns a defect for each drop of a table or view that no revision has created.
///
/// A script may drop a leftover of a table that the same script creates.
pub(crate) fn unowned_drops(chain: &Chain, index: RevisionIndex) -> Vec<Defect> {
    let run = ScriptRun::upgrade(&chain[index]);
    let mut defects = Vec::new();
    for statement in run.script().statements() {
        let Some(name) = dropped_if_exists(statement.sql()) else {
            continue;
        };
        let revisions = &chain.revisions()[..=index.get()];
        let scripts = revisions.iter().map(|revision| revision.upgrade());
        let mut statements = scripts.flat_map(|script| script.statements());
        let is_created = statements.any(|statement| {
            let created = created_name(statement.sql());
            created.is_some_and(|created| created.eq_ignore_ascii_case(&name))
        });
        if !is_created && !is_declared(run.revision, &name, None) {
            defects.push(unowned_drop(run, statement, &name));
        }
    }
    defects
}

/// Returns the table or view that a `DROP … IF EXISTS` drops.
///
/// Ignores a name with a schema other than `main`.
pub(crate) fn dropped_if_exists(sql: &str) -> Option<String> {
    // Most statements are no DROP. This check avoids tokenizing them.
    if !starts_with_one_of(sql, &["DROP"]) {
        return None;
    }
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    let is_drop = cursor.eat(&["DROP", "TABLE"]) || cursor.eat(&["DROP", "VIEW"]);
    if !is_drop || !cursor.eat(&["IF", "EXISTS"]) {
        return None;
    }
    let name = cursor.name()?;
    if cursor.eat_mark(".") {
        return cursor.name().filter(|_| name.eq_ignore_ascii_case("main"));
    }
    Some(name)
}

fn unowned_drop(run: ScriptRun<'_>, statement: Statement<'_>, name: &str) -> Defect {
    let name = full_name(name, None);
    let title = format!("{run} drops `{name}`, which no revision has created");
    let help = format!(
        "remove the statement, or correct the name: a table of a user with this name can belong to another program\n\
         or, if it is a leftover of your program, declare it in the header: `-- @destroys {name} REASON`"
    );
    let defect = Defect::new(DefectKind::UndeclaredDestruction, title).help(help);
    at_statement(defect, run, Some(statement))
}
