//! The statements of a transaction, as text and as a list.
//!
//! No line of a text ends with the semicolon that ends a statement.
//! So a shell that reads lines takes the whole text for one input, and stops at the first error,
//! also without `.bail on`.
//! The text begins with a comment of the form `/* … */`: a shell takes `--` for an option if the
//! text is an argument.

use super::lines::without_terminators;
use super::plan::Group;
use super::statement::Statement;
use crate::Chain;
use crate::diagnostics::escape::escape;

/// The statement after which SQLite checks keys at the COMMIT, if foreign keys are on.
pub const DEFER_KEYS: &str = "PRAGMA defer_foreign_keys = ON";

/// The statements that run in one transaction.
#[derive(Debug, Clone)]
pub struct Transaction<'c> {
    /// The chain.
    pub chain: &'c Chain,
    /// The groups. Of all but the first, only the statements run, and not the start.
    pub groups: Vec<Group<'c>>,
    /// The guards at the end.
    pub checks: Vec<Statement<'c>>,
}

/// The runner for which a text or a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A shell. The statements turn foreign keys off, and begin and commit the transaction.
    Shell,
    /// A runner that begins and commits the transaction. Foreign keys can be on.
    Bare,
}

impl Form {
    fn first(self) -> &'static [&'static str] {
        match self {
            Self::Shell => &["PRAGMA foreign_keys = OFF", "BEGIN IMMEDIATE"],
            Self::Bare => &[DEFER_KEYS],
        }
    }

    fn last(self) -> &'static [&'static str] {
        match self {
            Self::Shell => &["COMMIT"],
            Self::Bare => &[],
        }
    }
}

impl<'c> Transaction<'c> {
    /// Iterates over the statements in the order in which they run.
    pub fn statements(&self) -> impl Iterator<Item = &Statement<'c>> {
        let revisions = self.groups.iter().flat_map(|group| &group.statements);
        self.start().iter().chain(revisions).chain(&self.checks)
    }

    /// Returns the text for a runner. `title` is its first comment.
    pub fn text(&self, title: &str, form: Form) -> String {
        let mut text = comment(title);
        text += &form.first().join("\n; ");
        text.push('\n');
        push_all(&mut text, self.start());
        for group in &self.groups {
            if let Some(index) = group.revision {
                let revision = &self.chain[index];
                text.push('\n');
                // SQLite stores a comment between a CREATE VIEW and its semicolon with the view.
                // The statement before this comment is a guard or a stamp.
                text += &comment(&format!("{}  {}", revision.id(), revision.summary()));
            }
            push_all(&mut text, &group.statements);
        }
        text.push('\n');
        push_all(&mut text, &self.checks);
        for statement in form.last() {
            text += "; ";
            text += statement;
            text.push('\n');
        }
        text + ";\n"
    }

    /// Returns the statements for a runner that takes a list. They have no parameters.
    pub fn list(&self, form: Form) -> Vec<String> {
        let first = form.first().iter().map(|&sql| sql.to_owned());
        let statements = self.statements().map(Statement::literal_sql);
        let last = form.last().iter().map(|&sql| sql.to_owned());
        first.chain(statements).chain(last).collect()
    }

    fn start(&self) -> &[Statement<'c>] {
        self.groups.first().map_or(&[], |group| &group.start)
    }
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
