//! A revision: what a migration file means.
//!
//! What was embedded is borrowed, what was read at run time is owned, so that both are one type. The macro's output says
//! them field by field, see [`embedded`](crate::embedded).

use std::borrow::Cow;
use std::ops::Range;

use crate::name::Date;
use crate::schema::Sum;
use crate::snippet::Snippet;
use crate::source;
use crate::sql::Token;

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub(crate) id: Cow<'static, str>,
    /// Separated by spaces; empty for base.
    pub(crate) parents: Cow<'static, str>,
    pub(crate) path: Cow<'static, str>,
    pub(crate) date: Date,
    pub(crate) summary: Cow<'static, str>,
    pub(crate) upgrade: Half,
    pub(crate) downgrade: Downgrade,
    pub(crate) destroys: Cow<'static, [Destroys]>,
    pub(crate) is_compatible: bool,
    pub(crate) checksum: [u8; 32],
    pub(crate) chain_checksum: [u8; 32],
    pub(crate) proven: Option<Proven>,
}

/// What the proof has found out about the schema that a revision makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proven {
    /// SHA-256 of the schema in normal form.
    pub fingerprint: [u8; 32],
    /// What SQLite's texts of it come to.
    pub texts: Sum,
}

impl Revision {
    /// The revision's id, such as `002`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The ids of the revisions that this one revises: none for the first, several for a merge.
    pub fn revises(&self) -> impl Iterator<Item = &str> {
        self.parents.split_ascii_whitespace()
    }

    /// What the revision does: the first comment line of its file.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// When it was written, as the file's name says, in UTC.
    pub fn date(&self) -> Date {
        self.date
    }

    /// The file, in the directory as it was given to `embed_migrations!`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file's name, without the directory.
    pub fn file_name(&self) -> &str {
        source::file_name(&self.path)
    }

    /// The SQL that upgrades to this revision.
    pub fn upgrade(&self) -> &Half {
        &self.upgrade
    }

    /// How the revision is reverted, or why it cannot be.
    pub fn downgrade(&self) -> &Downgrade {
        &self.downgrade
    }

    /// What the upgrade declares to destroy.
    pub fn destroys(&self) -> &[Destroys] {
        &self.destroys
    }

    /// Whether programs that do not know the revision can read and write a database that has it: `@compatible`.
    pub fn is_compatible(&self) -> bool {
        self.is_compatible
    }

    /// SHA-256 over the id, the parents and the SQL tokens of both halves. Comments and white space do not count.
    pub fn checksum(&self) -> &[u8; 32] {
        &self.checksum
    }

    /// SHA-256 over the parents' chain checksums and this revision's checksum: it pins the whole history.
    pub fn chain_checksum(&self) -> &[u8; 32] {
        &self.chain_checksum
    }

    /// The fingerprint of the schema that a database has at this revision. Without the proof it is not known, nor after
    /// a revision that could not be proven.
    pub fn fingerprint(&self) -> Option<&[u8; 32]> {
        self.proven.as_ref().map(|proven| &proven.fingerprint)
    }

    #[doc(hidden)]
    pub fn proven(&self) -> Option<&Proven> {
        self.proven.as_ref()
    }
}

/// How many bytes a statement's place takes.
const SPAN: usize = 8;

/// The SQL of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// The section's text, comments included: positions are found in it.
    pub(crate) sql: Cow<'static, str>,
    /// The line of the file on which the text begins.
    pub(crate) line: u32,
    /// Where each statement begins and ends in the text: two numbers of 32 bits, little-endian. As bytes they are one literal.
    pub(crate) spans: Cow<'static, [u8]>,
}

impl Half {
    /// The half whose text is `sql`, and whose statements are these, counted from `start`.
    pub(crate) fn new(sql: String, line: u32, start: usize, statements: &[&[Token]]) -> Self {
        // A file has at most 64 MiB.
        let offset = |at: usize| u32::try_from(at - start).unwrap_or(u32::MAX);
        let spans = statements.iter().filter_map(|statement| {
            let (first, last) = (statement.first()?.span.start, statement.last()?.span.end);
            Some([first, last].map(|at| offset(at).to_le_bytes()))
        });
        Self { sql: Cow::Owned(sql), line, spans: Cow::Owned(spans.flatten().flatten().collect()) }
    }

    /// The line of the file on which the text begins, and where each statement begins and ends in the text, as the macro
    /// writes it.
    #[doc(hidden)]
    pub fn layout(&self) -> (u32, &[u8]) {
        (self.line, &self.spans)
    }

    /// The section's SQL as it is written.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The statements in order, without the semicolons that end them.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = Statement<'_>> {
        self.spans.chunks_exact(SPAN).map(|span| {
            let number =
                |bytes: &[u8]| bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte));
            let (start, end) = span.split_at(SPAN / 2);
            Statement { half: self, span: number(start)..number(end) }
        })
    }
}

/// A statement of a [`Half`].
#[derive(Debug, Clone)]
pub struct Statement<'h> {
    half: &'h Half,
    span: Range<usize>,
}

impl<'h> Statement<'h> {
    /// The statement as it is written.
    pub fn sql(&self) -> &'h str {
        &self.half.sql[self.span.clone()]
    }

    /// Where the statement, or what is at byte `offset` of it, stands in the file.
    #[doc(hidden)]
    pub fn snippet(&self, offset: Option<usize>) -> Snippet {
        let text = &self.half.sql;
        let start = self.span.start + offset.unwrap_or(0).min(self.span.len());
        // Nothing stands at an offset inside a character; SQLite does not give one.
        let rest = text.get(start..self.span.end).unwrap_or_default();
        let token = crate::sql::each_token(rest).next();
        let width = token.map_or(1, |token| token.span.end);
        Snippet::new(text, self.half.line, start..start + width, "")
    }
}

/// How a revision is reverted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Downgrade {
    /// By this SQL.
    Sql(Half),
    /// Not at all, for this reason.
    Irreversible(Cow<'static, str>),
}

/// Something that an upgrade declares to destroy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destroys {
    /// The table.
    pub table: Cow<'static, str>,
    /// The column, where not the whole table is destroyed.
    pub column: Option<Cow<'static, str>>,
    /// Why that is right.
    pub reason: Cow<'static, str>,
}

impl Destroys {
    #[doc(hidden)]
    pub const fn embedded(table: &'static str, column: Option<&'static str>, reason: &'static str) -> Self {
        let column = match column {
            Some(column) => Some(Cow::Borrowed(column)),
            None => None,
        };
        Self { table: Cow::Borrowed(table), column, reason: Cow::Borrowed(reason) }
    }
}
