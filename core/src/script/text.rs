//! The statements of a script as text.
//!
//! No line ends with the semicolon that ends a statement.
//! So a shell that reads lines takes the whole text for one input, and stops at the first error,
//! also without `.bail on`.
//! The text begins with a comment of the form `/* … */`: a shell takes `--` for an option if the
//! text is an argument.

use super::lines::without_terminators;
use super::plan::Group;
use super::statement::Statement;
use crate::Chain;
use crate::diagnostics::escape::escape;

/// Returns the text that begins and commits a transaction, for a shell.
///
/// `title` is the text of the first comment.
pub fn shell_text(
    chain: &Chain,
    title: &str,
    groups: &[Group<'_>],
    checks: &[Statement<'_>],
) -> String {
    let mut text = comment(title);
    text += "PRAGMA foreign_keys = OFF\n; BEGIN IMMEDIATE\n";
    push_statements(&mut text, chain, groups, checks);
    text += "\n; COMMIT\n;\n";
    text
}

/// Returns the text for a runner that executes all of it in a transaction of its own.
pub fn bare_text(
    chain: &Chain,
    title: &str,
    groups: &[Group<'_>],
    checks: &[Statement<'_>],
) -> String {
    let mut text = comment(title);
    text += DEFER_KEYS;
    text.push('\n');
    push_statements(&mut text, chain, groups, checks);
    text += ";\n";
    text
}

/// Returns the statements for an engine that executes a list in one transaction.
pub fn list(groups: &[Group<'_>], checks: &[Statement<'_>]) -> Vec<String> {
    let mut list = vec![DEFER_KEYS.to_owned()];
    let (start, rest) = in_order(groups);
    let statements = start.iter().chain(rest.flatten()).chain(checks);
    list.extend(statements.map(Statement::literal_sql));
    list
}

/// With foreign keys on, SQLite then checks keys at the COMMIT.
const DEFER_KEYS: &str = "PRAGMA defer_foreign_keys = ON";

/// Returns the statements before the first revision, and those of each revision.
fn in_order<'g, 'c>(
    groups: &'g [Group<'c>],
) -> (
    &'g [Statement<'c>],
    impl Iterator<Item = &'g Vec<Statement<'c>>>,
) {
    let start = groups.first().map_or(&[][..], |group| &group.start);
    (start, groups.iter().map(|group| &group.statements))
}

fn push_statements(
    text: &mut String,
    chain: &Chain,
    groups: &[Group<'_>],
    checks: &[Statement<'_>],
) {
    let (start, rest) = in_order(groups);
    push_all(text, start);
    for (group, statements) in groups.iter().zip(rest) {
        if let Some(index) = group.revision {
            let revision = &chain[index];
            text.push('\n');
            // A comment before a semicolon would be in the stored text of a CREATE VIEW. This one
            // comes after a guard or a stamp.
            *text += &comment(&format!("{}  {}", revision.id(), revision.summary()));
        }
        push_all(text, statements);
    }
    if !checks.is_empty() {
        text.push('\n');
    }
    push_all(text, checks);
}

fn push_all(text: &mut String, statements: &[Statement<'_>]) {
    for statement in statements {
        *text += "; ";
        *text += &without_terminators(&statement.literal_sql());
        text.push('\n');
    }
}

/// Returns a comment of one line.
fn comment(text: &str) -> String {
    let text = escape(text).replace("*/", "* /");
    format!("/* {} */\n", text.trim())
}
