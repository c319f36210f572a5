//! A revision: what a migration file means.
//!
//! The fields are public, but hidden, so that the macro's output can be a constant; programs use the methods.
//! They borrow what was embedded and own what was read at run time, so that both are one type.

use std::borrow::Cow;
use std::ops::Range;

use crate::name::Date;
use crate::snippet::Snippet;

/// One step of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    #[doc(hidden)]
    pub id: Cow<'static, str>,
    #[doc(hidden)]
    pub parents: Cow<'static, [Cow<'static, str>]>,
    #[doc(hidden)]
    pub path: Cow<'static, str>,
    #[doc(hidden)]
    pub date: Date,
    #[doc(hidden)]
    pub summary: Cow<'static, str>,
    #[doc(hidden)]
    pub upgrade: Half,
    #[doc(hidden)]
    pub downgrade: Downgrade,
    #[doc(hidden)]
    pub destroys: Cow<'static, [Destroys]>,
    #[doc(hidden)]
    pub checksum: [u8; 32],
    #[doc(hidden)]
    pub chain_checksum: [u8; 32],
}

impl Revision {
    /// The revision's id, such as `002`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The ids of the revisions that this one revises: none for the first, several for a merge.
    pub fn revises(&self) -> impl Iterator<Item = &str> {
        self.parents.iter().map(AsRef::as_ref)
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

    /// SHA-256 over the id, the parents and the SQL tokens of both halves; see [`crate::checksum`].
    pub fn checksum(&self) -> &[u8; 32] {
        &self.checksum
    }

    /// SHA-256 over the parents' chain checksums and this revision's checksum: it pins the whole history.
    pub fn chain_checksum(&self) -> &[u8; 32] {
        &self.chain_checksum
    }
}

/// The SQL of one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Half {
    /// The section's text, comments included: positions are found in it.
    #[doc(hidden)]
    pub sql: Cow<'static, str>,
    /// The line of the file on which the text begins.
    #[doc(hidden)]
    pub line: u32,
    /// Where each statement begins and ends in the text, in bytes.
    #[doc(hidden)]
    pub statements: Cow<'static, [(u32, u32)]>,
}

impl Half {
    /// The section's SQL as it is written.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The statements in order, without the semicolons that end them.
    pub fn statements(&self) -> impl ExactSizeIterator<Item = Statement<'_>> {
        self.statements
            .iter()
            .map(|&(start, end)| Statement { half: self, span: start as usize..end as usize })
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
    pub fn snippet(&self, offset: Option<usize>) -> Snippet {
        let text = &self.half.sql;
        let start = self.span.start + offset.unwrap_or(0).min(self.span.len());
        let token = crate::sql::tokens(&text[start..self.span.end]).into_iter().next();
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
