//! The differences between two schemas, as lines for people.

use std::fmt;

use crate::diagnostics::escape::escape;

/// The largest number of lines that `Display` shows.
const MAX_SHOWN: usize = 20;

const NO_DIFFERENCES: &str = "build the program with the feature `adopt` of revchain, which compares \
                              schemas by their meaning and shows the differences";

/// The differences between the expected and the actual schema, one line each.
///
/// - `- …`: missing in the actual schema
/// - `+ …`: only in the actual schema
/// - `… → …`: different, with the expected definition first
///
/// `{}` writes at most 20 lines, and the number of the others.
/// Without the feature `adopt`, a diff has no lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: String,
    /// The name of the object that the line is about.
    object: String,
    /// `true` if a program written for the expected schema can fail on the actual one.
    is_breaking: bool,
    /// `true` if only the order of a table's columns differs.
    is_column_order: bool,
    /// `true` if the actual schema lacks a table or a column, whose values are lost.
    loses_values: bool,
    /// The statement that removes an object which only the actual schema has, if no row is lost.
    undo: Option<String>,
    /// `true` if the line is an object which only the actual schema has.
    is_new_object: bool,
    /// The number of differences that the line stands for. A missing table counts each column.
    weight: usize,
}

impl Diff {
    /// Returns all lines, including those that `Display` omits.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines.iter().map(|line| line.text.as_str())
    }

    /// Returns the displayed text for the end of a message: a colon, then the indented lines.
    ///
    /// Returns an empty text if there are no differences.
    #[doc(hidden)]
    pub fn indented(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        format!(":\n{self}").replace('\n', "\n    ")
    }

    /// Returns an explanation of `-`, `+` and `→`, for a diff between `revision` and a database.
    ///
    /// Without the normal form there are no differences, so the advice is how to see them.
    #[doc(hidden)]
    pub fn legend(revision: &str) -> String {
        if !cfg!(feature = "normal-form") {
            return NO_DIFFERENCES.to_owned();
        }
        format!(
            "read `-` as missing in the database, `+` as not in {revision}, `→` as {revision} → database"
        )
    }

    /// Returns `true` if the schemas are equal.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns `true` if the schemas differ in nothing but the order of columns.
    pub fn is_column_order(&self) -> bool {
        !self.is_empty() && self.lines.iter().all(|line| line.is_column_order)
    }

    /// Returns the number of differences. A table that only one schema has counts each column.
    #[doc(hidden)]
    pub fn weight(&self) -> usize {
        self.lines.iter().map(|line| line.weight).sum()
    }

    /// Returns `true` if the actual schema lacks a table or a column, whose values are lost.
    pub(crate) fn loses_values(&self) -> bool {
        self.lines.iter().any(|line| line.loses_values)
    }

    /// Returns the statements that undo all differences.
    ///
    /// Returns `None` if a difference can be undone only with a loss of rows, or not at all.
    pub fn undo(&self) -> Option<Vec<&str>> {
        self.lines.iter().map(|line| line.undo.as_deref()).collect()
    }

    /// Returns `true` if the actual schema has all objects of the expected one, and others.
    ///
    /// A script with `IF NOT EXISTS` can create these objects in either schema.
    pub(crate) fn has_only_new_objects(&self) -> bool {
        !self.is_empty() && self.lines.iter().all(|line| line.is_new_object)
    }

    /// Returns the names of the objects that differ, one for each line.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.object.as_str())
    }

    /// Returns the differences that break a program written for the expected schema.
    ///
    /// A difference is breaking in two cases:
    /// - a table, view or column that the program can read is missing,
    /// - a row that the program can write is rejected.
    pub fn breaking(&self) -> Self {
        let breaking = self.lines.iter().filter(|line| line.is_breaking);
        Self {
            lines: breaking.cloned().collect(),
        }
    }

    /// Adds a line. Removes white space at the end of `text`.
    pub(super) fn push(&mut self, object: &str, text: String, is_breaking: bool) {
        self.lines.push(Line {
            text: text.trim_end().to_owned(),
            object: object.to_owned(),
            is_breaking,
            is_column_order: false,
            loses_values: false,
            undo: None,
            is_new_object: false,
            weight: 1,
        });
    }

    /// Adds a line for a table of `columns` columns that only one of the schemas has.
    pub(super) fn push_table(
        &mut self,
        object: &str,
        text: String,
        is_breaking: bool,
        columns: usize,
    ) {
        self.push(object, text, is_breaking);
        if let Some(line) = self.lines.last_mut() {
            line.weight += columns;
        }
    }

    /// Declares that the newest line is an object which only the actual schema has.
    ///
    /// `undo` is the statement that removes the object, if no row is lost.
    pub(super) fn set_new_object(&mut self, undo: Option<String>) {
        if let Some(line) = self.lines.last_mut() {
            line.undo = undo;
            line.is_new_object = true;
        }
    }

    /// Notes that the newest line is about a missing table or column.
    pub(super) fn set_loses_values(&mut self) {
        if let Some(line) = self.lines.last_mut() {
            line.loses_values = true;
        }
    }

    /// Adds a line for a table whose columns have another order.
    pub(super) fn push_column_order(&mut self, object: &str, text: String) {
        self.push(object, text, false);
        if let Some(line) = self.lines.last_mut() {
            line.is_column_order = true;
        }
    }
}

impl fmt::Display for Diff {
    /// Writes the first `MAX_SHOWN` lines, and the number of remaining lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines.iter().take(MAX_SHOWN).enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}", escape(&line.text))?;
        }
        if self.lines.len() > MAX_SHOWN {
            write!(f, "\n… and {} more", self.lines.len() - MAX_SHOWN)?;
        }
        Ok(())
    }
}
