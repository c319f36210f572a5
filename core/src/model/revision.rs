//! A revision: the content of a migration file.
//!
//! The module [`embedded`](crate::embedded) makes revisions from the output of the macro.

use std::iter;
use std::ops::Range;

use crate::diagnostics::Snippet;
use crate::diagnostics::snippet::line_number;
use crate::model::shared::{Shared, Text};
use crate::schema::SchemaSqlHash;
use crate::sql::tokenizer::{Token, each_token};
use crate::{Assumes, Date, Job, Was};

/// A revision of a chain: the content of a migration file.
///
/// `Migrations::revisions` returns the revisions of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub(crate) id: Text,
    /// The ids of the parents, separated by spaces; empty for the first revision.
    pub(crate) parents: Text,
    pub(crate) path: Text,
    pub(crate) date: Date,
    pub(crate) summary: Text,
    pub(crate) upgrade: Script,
    pub(crate) downgrade: Downgrade,
    pub(crate) destroys: Vec<Destroys>,
    pub(crate) assumes: Vec<Assumes>,
    pub(crate) was: Vec<Was>,
    pub(crate) is_compatible: bool,
    pub(crate) is_locked: bool,
    pub(crate) checksum: [u8; 32],
    pub(crate) chain_checksum: [u8; 32],
    pub(crate) proven: Option<Proven>,
}

/// The results of the proof of a revision: two hashes of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// SHA-256 of the schema in normal form.
    pub fingerprint: [u8; 32],
    /// The hash of the schema's SQL as SQLite stores it.
    pub sql_hash: SchemaSqlHash,
}

impl Revision {
    /// Returns the id, such as `002`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Iterates over the ids of the parents: none for the first revision, several for a merge.
    pub fn revises(&self) -> impl Iterator<Item = &str> {
        self.parents.split_ascii_whitespace()
    }

    /// Returns the summary: the first comment line of the file.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Returns the date and the time in the file name, in UTC, to the minute.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Returns the path of the file: the directory as passed to the macro, then the file name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the file name, without the directory.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the SQL that upgrades to this revision.
    pub fn upgrade(&self) -> &Script {
        &self.upgrade
    }

    /// Returns the SQL that reverts the revision, or the reason why the revision is irreversible.
    pub fn downgrade(&self) -> &Downgrade {
        &self.downgrade
    }

    /// Returns the tables and columns that the upgrade destroys, as declared in the file.
    pub fn destroys(&self) -> &[Destroys] {
        &self.destroys
    }

    /// Returns the conditions that existing rows satisfy already, as declared in the file.
    pub fn assumes(&self) -> &[Assumes] {
        &self.assumes
    }

    /// Iterates over the `@code` lines of both scripts, those of the upgrade first.
    pub fn code(&self) -> impl Iterator<Item = CodeLine<'_>> {
        let scripts = iter::once(&self.upgrade).chain(self.downgrade.script());
        scripts.flat_map(Script::code)
    }

    /// Returns the revision with only the statements that run before any function of the program.
    ///
    /// The result has no downgrade.
    /// Returns `None` if the revision has no `@code` line.
    #[doc(hidden)]
    pub fn before_code(&self) -> Option<Self> {
        self.code().next()?;
        Some(Self {
            upgrade: self.upgrade.before_code(),
            downgrade: Downgrade::Irreversible(String::new()),
            ..self.clone()
        })
    }

    /// Returns the jobs of the revision, in the order of the file.
    pub fn jobs(&self) -> &[Job] {
        &self.upgrade.jobs
    }

    /// Iterates over the jobs of ancestors that must be finished before the upgrade.
    pub fn requires(&self) -> impl Iterator<Item = &str> {
        self.upgrade.requires.iter().map(|name| &**name)
    }

    /// Returns the revision without its `@code` lines. The checksum stays.
    pub(crate) fn without_code(&self) -> Self {
        let without = |script: &Script| Script {
            code: Vec::new(),
            ..script.clone()
        };
        Self {
            upgrade: without(&self.upgrade),
            downgrade: match &self.downgrade {
                Downgrade::Sql(script) => Downgrade::Sql(without(script)),
                irreversible @ Downgrade::Irreversible(_) => irreversible.clone(),
            },
            ..self.clone()
        }
    }

    /// Returns the ids under which other tools recorded the revision, in the order of the file.
    pub fn was(&self) -> &[Was] {
        &self.was
    }

    /// Returns `true` if the revision is marked `@compatible`.
    ///
    /// A program that lacks a compatible revision can still use a database with that revision.
    pub fn is_compatible(&self) -> bool {
        self.is_compatible
    }

    /// Returns `true` if the lock file has the revision, so that the revision is released.
    pub fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// Returns SHA-256 over the id, the parents and the SQL tokens of both scripts.
    ///
    /// Comments and white space do not change the checksum.
    /// The history of a database stores it, so that an edit of the file is detected.
    pub fn checksum(&self) -> &[u8; 32] {
        &self.checksum
    }

    /// Returns SHA-256 over the chain checksums of the parents and the checksum of the revision.
    ///
    /// The chain checksum pins the whole history of the revision.
    pub fn chain_checksum(&self) -> &[u8; 32] {
        &self.chain_checksum
    }

    /// Returns the fingerprint at this revision: SHA-256 of the schema in normal form.
    ///
    /// Returns `None` if the build runs no proof, or if an earlier revision could not be proven.
    pub fn fingerprint(&self) -> Option<&[u8; 32]> {
        self.proven.as_ref().map(|proven| &proven.fingerprint)
    }

    /// Returns the results of the proof.
    #[doc(hidden)]
    pub fn proven(&self) -> Option<&Proven> {
        self.proven.as_ref()
    }
}

/// The SQL of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The text of the section. The text keeps comments, so that errors can quote the file.
    pub(crate) sql: Text,
    /// The line of the file on which the text begins.
    pub(crate) line: u32,
    /// The start and the end of each statement in the text, in bytes.
    pub(crate) spans: Shared<[(u32, u32)]>,
    /// The `@code` lines, in the order of the text.
    pub(crate) code: Vec<Code>,
    /// The jobs of the revision; empty for a downgrade.
    pub(crate) jobs: Vec<Job>,
    /// The jobs that `@requires` names; empty for a downgrade.
    pub(crate) requires: Vec<Text>,
}

/// A `@code` line of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) name: Text,
    /// The offset of the line in the text of the script, in bytes.
    pub(crate) offset: u32,
    pub(crate) is_on_rows: bool,
}

impl Script {
    /// Makes a script.
    ///
    /// `start` is the offset of `sql` in the text that was tokenized.
    pub(crate) fn new(sql: String, line: u32, start: usize, statements: &[&[Token]]) -> Self {
        // A file has at most 64 MiB, so every offset fits in a `u32`.
        let offset = |offset: usize| u32::try_from(offset - start).unwrap_or(u32::MAX);
        let spans = statements.iter().filter_map(|statement| {
            let (first, last) = (statement.first()?, statement.last()?);
            Some((offset(first.span.start), offset(last.span.end)))
        });
        Self {
            spans: spans.collect(),
            sql: sql.into(),
            line,
            code: Vec::new(),
            jobs: Vec::new(),
            requires: Vec::new(),
        }
    }

    /// Returns the SQL as it is written in the file, with its comments.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Iterates over the statements in order, without the semicolons that end them.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = Statement<'_>> {
        self.spans.iter().map(|&(start, end)| Statement {
            script: self,
            span: start as usize..end as usize,
        })
    }

    /// Iterates over the `@code` lines in order.
    pub fn code(&self) -> impl ExactSizeIterator<Item = CodeLine<'_>> {
        self.code.iter().map(|code| CodeLine { script: self, code })
    }

    /// Returns the script without the first `@code` line and all that follows.
    fn before_code(&self) -> Self {
        let end = self.code.first().map_or(u32::MAX, |code| code.offset);
        let spans = self.spans.iter().copied();
        Self {
            spans: spans.filter(|(start, _)| *start < end).collect(),
            code: Vec::new(),
            ..self.clone()
        }
    }

    /// Iterates over the statements and the `@code` lines in the order in which they run.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut statements = self.statements().peekable();
        let mut code = self.code().peekable();
        iter::from_fn(move || {
            let next_code = code.peek().map(CodeLine::start);
            let is_before = |statement: &Statement<'_>| {
                next_code.is_none_or(|offset| statement.start() < offset)
            };
            match statements.next_if(is_before) {
                Some(statement) => Some(Part::Statement(statement)),
                None => code.next().map(Part::Code),
            }
        })
    }
}

/// A part of a [`Script`]: a statement or a `@code` line.
#[derive(Debug, Clone)]
pub enum Part<'s> {
    /// A statement, which SQLite runs.
    Statement(Statement<'s>),
    /// A line that names a function of the program.
    Code(CodeLine<'s>),
}

/// A line `-- @code NAME` of a [`Script`]: a function of the program runs there.
#[derive(Debug, Clone)]
pub struct CodeLine<'s> {
    script: &'s Script,
    code: &'s Code,
}

impl<'s> CodeLine<'s> {
    /// Returns the name of the function.
    pub fn name(&self) -> &'s str {
        &self.code.name
    }

    /// Returns `true` if the line ends with `on rows`: the function does nothing on empty tables.
    pub fn is_on_rows(&self) -> bool {
        self.code.is_on_rows
    }

    /// Returns the offset of the line in its script, in bytes.
    pub fn start(&self) -> usize {
        self.code.offset as usize
    }

    /// Returns the number of the line in the file, counted from 1.
    pub fn line(&self) -> u32 {
        let lines_before = line_number(&self.script.sql, self.start()) - 1;
        self.script.line.saturating_add(lines_before)
    }

    /// Returns the snippet of the line.
    #[doc(hidden)]
    pub fn snippet(&self) -> Snippet {
        let (text, start) = (&self.script.sql, self.start());
        let length = text.get(start..).unwrap_or_default().trim_end().len();
        Snippet::new(text, self.script.line, start..start + length, "")
    }
}

/// A statement of a [`Script`].
#[derive(Debug, Clone)]
pub struct Statement<'s> {
    script: &'s Script,
    span: Range<usize>,
}

impl<'s> Statement<'s> {
    /// Returns the statement as it is written.
    pub fn sql(&self) -> &'s str {
        &self.script.sql[self.span.clone()]
    }

    /// Returns the offset of the statement in its script, in bytes.
    pub fn start(&self) -> usize {
        self.span.start
    }

    /// Returns the snippet of the token at `offset`, or of the first token without an offset.
    ///
    /// `offset` is in bytes from the start of the statement.
    #[doc(hidden)]
    pub fn snippet(&self, offset: Option<usize>) -> Snippet {
        let text = &self.script.sql;
        let start = self.span.start + offset.unwrap_or(0).min(self.span.len());
        // `get` avoids a panic for an offset inside a character. SQLite reports no such offset.
        let rest = text.get(start..self.span.end).unwrap_or_default();
        let width = each_token(rest).next().map_or(1, |token| token.span.end);
        Snippet::new(text, self.script.line, start..start + width, "")
    }

    /// Returns the snippet of a span in bytes from the start of the statement.
    #[doc(hidden)]
    pub fn snippet_of(&self, span: Range<usize>) -> Snippet {
        let [start, end] = [span.start, span.end].map(|offset| self.span.start + offset);
        Snippet::new(&self.script.sql, self.script.line, start..end, "")
    }
}

/// The downgrade of a revision, or the reason why the revision is irreversible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Downgrade {
    /// The SQL that reverts the upgrade.
    Sql(Script),
    /// The reason why the revision cannot be reverted, from `@irreversible`.
    Irreversible(String),
}

impl Downgrade {
    /// Returns the SQL; `None` if the revision is irreversible.
    #[doc(hidden)]
    pub fn script(&self) -> Option<&Script> {
        match self {
            Self::Sql(script) => Some(script),
            Self::Irreversible(_) => None,
        }
    }
}

/// A table or a column that an upgrade destroys, as declared in the file by `@destroys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroys {
    /// The name of the table.
    pub table: String,
    /// The name of the column; `None` if the upgrade destroys the whole table.
    pub column: Option<String>,
    /// The reason that the file gives.
    pub reason: String,
}
