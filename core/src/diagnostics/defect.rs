//! A defect, the list that the checks fill, and the final error with all defects.

use std::collections::HashMap;
use std::fmt;

use crate::DefectKind;
use crate::diagnostics::escape::escape;
use crate::diagnostics::snippet::Snippet;
use crate::diagnostics::text::more;

/// The maximum length of a title, in characters.
///
/// Longer titles are cut, because a name in a file may have any length.
const MAX_TITLE: usize = 200;

/// The maximum length of a detail line or help line, in characters. Longer lines are cut.
const MAX_LINE: usize = 400;

/// The maximum number of reported defects of one kind.
///
/// Each reported defect is a compile error. More defects of one kind repeat the same mistake.
const MAX_PER_KIND: usize = 100;

/// A mistake in a chain, with the file, the position in the file, and the help.
///
/// A build reports each defect as a compile error.
/// `{}` writes the title, the place with the lines of the file, the details, and the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    kind: DefectKind,
    title: String,
    other_paths: Vec<String>,
    path: Option<String>,
    snippet: Option<Snippet>,
    details: Vec<String>,
    help: String,
}

impl Defect {
    /// Makes a defect with a title of one sentence.
    #[doc(hidden)]
    pub fn new(kind: DefectKind, title: impl Into<String>) -> Self {
        Self {
            kind,
            title: shorten(&title.into(), MAX_TITLE),
            other_paths: Vec::new(),
            path: None,
            snippet: None,
            details: Vec::new(),
            help: String::new(),
        }
    }

    /// Sets the path of the file at fault.
    #[doc(hidden)]
    pub fn at(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Adds the path of another file that the defect involves.
    #[doc(hidden)]
    pub fn with(mut self, path: &str) -> Self {
        self.other_paths.push(path.to_owned());
        self
    }

    /// Sets the snippet of the file at fault, with the position of the mistake.
    #[doc(hidden)]
    pub fn showing(mut self, snippet: Snippet) -> Self {
        self.snippet = Some(snippet);
        self
    }

    /// Sets the detail lines, such as a diff.
    #[doc(hidden)]
    pub fn details(mut self, lines: impl fmt::Display) -> Self {
        self.details = shorten_lines(&lines.to_string());
        self
    }

    /// Sets the help: how to fix the defect, in one or more lines.
    #[doc(hidden)]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = shorten_lines(&help.into()).join("\n");
        self
    }

    /// Appends the number of omitted defects of this kind to the help.
    fn count_omitted(&mut self, omitted: usize) {
        self.help += &format!("\n(and {omitted} more of this kind)");
    }

    /// Returns the kind of defect.
    pub fn kind(&self) -> DefectKind {
        self.kind
    }

    /// Returns the title: one fact in one sentence.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns the path of the file or directory at fault; `None` if the defect has no place.
    ///
    /// The path begins with the directory of migrations as the user wrote it.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Returns the line and the column of the mistake, both counted from 1.
    ///
    /// The column counts characters. Returns `None` if the defect concerns the whole file.
    pub fn line_column(&self) -> Option<(u32, u32)> {
        let snippet = self.snippet.as_ref()?;
        Some((snippet.line(), snippet.column()))
    }

    /// Iterates over the detail lines, such as the lines of a diff.
    pub fn detail_lines(&self) -> impl Iterator<Item = &str> {
        self.details.iter().map(String::as_str)
    }

    /// Returns the help: how to fix the defect, in one or more lines.
    pub fn help_text(&self) -> &str {
        &self.help
    }
}

fn shorten(text: &str, max_length: usize) -> String {
    let mut short: String = text.chars().take(max_length).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn shorten_lines(text: &str) -> Vec<String> {
    text.lines().map(|line| shorten(line, MAX_LINE)).collect()
}

impl fmt::Display for Defect {
    /// Writes the title, the paths, the snippet, the details, the help, and the name of the page.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.kind, escape(&self.title))?;
        for path in self.other_paths.iter().chain(&self.path) {
            write!(f, "\n  {}", escape(path))?;
        }
        if let Some(snippet) = &self.snippet {
            // A query is no file. Its snippet shows the number of the line.
            if self.path.is_some() {
                write!(f, ":{}:{}", snippet.line(), snippet.column())?;
            }
            write!(f, "\n{snippet}")?;
        }
        for line in &self.details {
            write!(f, "\n    {}", escape(line))?;
        }
        for (index, line) in self.help.lines().enumerate() {
            let label = if index == 0 { "help: " } else { "      " };
            write!(f, "\n{label}{}", escape(line))?;
        }
        write!(f, "\n{}", more(self.kind.name()))
    }
}

impl std::error::Error for Defect {}

/// A growing list of defects.
///
/// The list keeps at most 100 defects of each kind, and only counts further defects.
#[derive(Debug, Clone, Default)]
pub struct DefectList {
    kept: Vec<Defect>,
    /// The number of defects of each kind, including defects that were only counted.
    found: HashMap<DefectKind, usize>,
}

impl DefectList {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a defect.
    ///
    /// If the list already has 100 defects of the same kind, only counts the defect.
    pub fn push(&mut self, defect: Defect) {
        let found = self.found.entry(defect.kind()).or_default();
        *found += 1;
        if *found <= MAX_PER_KIND {
            self.kept.push(defect);
        }
    }

    /// Returns `true` if the list already has 100 defects of this kind.
    pub fn is_full(&self, kind: DefectKind) -> bool {
        let found = self.found.get(&kind);
        found.is_some_and(|&found| found >= MAX_PER_KIND)
    }

    /// Returns `true` if the list contains no defect.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Returns the number of defects, including defects that were only counted.
    pub fn count(&self) -> usize {
        self.found.values().sum()
    }

    /// Iterates over the kept defects, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &Defect> {
        self.kept.iter()
    }

    /// Checks that the list is empty.
    ///
    /// # Errors
    ///
    /// Returns the kept defects if the list is not empty.
    pub fn into_result(self) -> Result<(), Defects> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.into())
        }
    }
}

impl Extend<Defect> for DefectList {
    fn extend<I: IntoIterator<Item = Defect>>(&mut self, defects: I) {
        for defect in defects {
            self.push(defect);
        }
    }
}

/// The defects of a chain, sorted by path and position. There is at least one.
///
/// There are at most 100 defects of each kind.
/// If defects were omitted, the help of the last defect of that kind gives their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defects(Vec<Defect>);

impl Defects {
    /// Iterates over the defects, sorted by path and position.
    pub fn iter(&self) -> impl Iterator<Item = &Defect> {
        self.0.iter()
    }
}

impl From<DefectList> for Defects {
    fn from(list: DefectList) -> Self {
        let mut defects = list.kept;
        defects.sort_by_cached_key(|defect| {
            let path = defect.path().map(str::to_owned);
            (path, defect.line_column(), defect.kind())
        });
        for (kind, found) in list.found {
            let last = defects.iter_mut().rfind(|defect| defect.kind() == kind);
            if let Some(last) = last.filter(|_| found > MAX_PER_KIND) {
                last.count_omitted(found - MAX_PER_KIND);
            }
        }
        Self(defects)
    }
}

impl From<Defect> for Defects {
    fn from(defect: Defect) -> Self {
        Self(vec![defect])
    }
}

impl fmt::Display for Defects {
    /// Writes the defects one after another, separated by empty lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Defect::to_string).collect();
        f.write_str(&texts.join("\n\n"))
    }
}

impl std::error::Error for Defects {}
