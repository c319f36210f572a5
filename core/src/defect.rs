//! What can be wrong with a chain, and how it is said.

use std::collections::HashMap;
use std::fmt;

use crate::snippet::{Snippet, escape};

macro_rules! codes {
    ($($(#[$doc:meta])+ $code:ident = $name:literal,)+) => {
        /// The kinds of defects, each with a name that explains itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])+ $code,)+
        }

        impl Code {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$code),+];

            /// The name, as messages show it in brackets.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }
        }
    };
}

codes! {
    /// The directory cannot be read: it does not exist, is none, or is closed to the user.
    UnreadableDirectory = "unreadable-directory",
    /// The directory has no migration in it.
    EmptyDirectory = "empty-directory",
    /// The directory has something in it that is no migration.
    StrayFile = "stray-file",
    /// A migration cannot be read.
    UnreadableFile = "unreadable-file",
    /// A file's name does not have the form `YYYYMMDD_HHMM_<revision>_<slug>.sql`.
    BadFileName = "bad-file-name",
    /// The date or the time in a file's name does not exist.
    BadDate = "bad-date",
    /// Two files are the same revision.
    DuplicateRevision = "duplicate-revision",
    /// A file is not UTF-8.
    NotUtf8 = "not-utf8",
    /// A string or a quoted identifier is not closed.
    UnterminatedString = "unterminated-string",
    /// A block comment is not closed.
    UnterminatedComment = "unterminated-comment",
    /// There is a character that SQLite cannot read.
    InvalidToken = "invalid-token",
    /// There is no comment line that says what the revision does.
    MissingSummary = "missing-summary",
    /// There is no `@revises`.
    MissingParent = "missing-parent",
    /// `@revises` names a revision that does not exist.
    UnknownParent = "unknown-parent",
    /// A revision revises itself.
    SelfParent = "self-parent",
    /// Revisions revise each other in a circle.
    Cycle = "cycle",
    /// Several revisions revise `base`.
    MultipleRoots = "multiple-roots",
    /// Several revisions are revised by none.
    MultipleHeads = "multiple-heads",
    /// A revision is dated before one that it revises.
    DatedBeforeParent = "dated-before-parent",
    /// There is no `@upgrade`, or neither `@downgrade` nor `@irreversible`.
    MissingSection = "missing-section",
    /// A section begins twice.
    DuplicateSection = "duplicate-section",
    /// A section has no SQL in it.
    EmptySection = "empty-section",
    /// Both `@downgrade` and `@irreversible` are there.
    ReversibleAndNot = "reversible-and-not",
    /// A directive's name is not known.
    UnknownDirective = "unknown-directive",
    /// A directive that stands once stands twice.
    DuplicateDirective = "duplicate-directive",
    /// What follows a directive's name is not what it takes.
    MalformedDirective = "malformed-directive",
    /// A directive stands where it does not belong.
    MisplacedDirective = "misplaced-directive",
    /// SQL stands before `@upgrade`.
    SqlInHeader = "sql-in-header",
    /// A statement begins or ends a transaction.
    TransactionControl = "transaction-control",
    /// A statement cannot run in a transaction, or does nothing there.
    NotTransactional = "not-transactional",
    /// A statement names a table that is revchain's own.
    OwnTable = "own-table",
    /// SQL has a parameter that nothing binds.
    BindParameter = "bind-parameter",
    /// The lock cannot be understood: it was edited by hand, or is in a merge conflict.
    MalformedLock = "malformed-lock",
    /// A revision was edited after it had been locked.
    LockedRevisionChanged = "locked-revision-changed",
    /// The file of a locked revision is gone.
    LockedRevisionMissing = "locked-revision-missing",
    /// Locked revisions come in another order than when they were locked.
    LockedOrderChanged = "locked-order-changed",
    /// The head is not the one that the lock names.
    LockHeadDiffers = "lock-head-differs",
    /// SQLite refuses a statement.
    SqlError = "sql-error",
    /// A downgrade does not give back the schema from before the upgrade.
    DowngradeDoesNotRestore = "downgrade-does-not-restore",
    /// An upgrade drops a table or a column that no `@destroys` names.
    UndeclaredDestruction = "undeclared-destruction",
    /// A `@destroys` names what the upgrade does not destroy.
    DestroysNothing = "destroys-nothing",
    /// A revision leaves rows, or a key, that point at nothing.
    ForeignKeyViolation = "foreign-key-violation",
    /// A revision that rebuilds a table loses rows or values of it.
    RowsLost = "rows-lost",
    /// A revision that rebuilds a table forgets an index or a trigger that was on it.
    ForgottenInRebuild = "forgotten-in-rebuild",
    /// A revision says `@compatible`, and programs that do not know it fail after it.
    Incompatible = "incompatible",
    /// `@unproven` stands in a revision of which everything can be proven.
    NeedlesslyUnproven = "needlessly-unproven",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The longest title, in characters: names in it come from files.
const LONGEST_TITLE: usize = 200;

/// The longest line of what is to be seen and of a help, in characters: names stand in them, too.
const LONGEST_LINE: usize = 400;

fn shorten(text: &str, longest: usize) -> String {
    let mut short: String = text.chars().take(longest).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// How many defects of one kind are told. Each is a compile error, and a directory that has more has one mistake many
/// times.
pub(crate) const MOST_OF_A_KIND: usize = 100;

/// One thing wrong with a chain: what, where, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    code: Code,
    title: String,
    also: Vec<String>,
    path: Option<String>,
    snippet: Option<Snippet>,
    /// What is to be seen there, line by line.
    details: Vec<String>,
    help: String,
    /// How many more of its kind there are, which are not told.
    more: usize,
}

impl Defect {
    pub(crate) fn new(code: Code, title: impl Into<String>) -> Self {
        Self {
            code,
            title: shorten(&title.into(), LONGEST_TITLE),
            also: Vec::new(),
            path: None,
            snippet: None,
            details: Vec::new(),
            help: String::new(),
            more: 0,
        }
    }

    /// The file at fault.
    pub(crate) fn at(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// Another file that has to do with it.
    pub(crate) fn with(mut self, path: &str) -> Self {
        self.also.push(path.to_owned());
        self
    }

    /// The place in the file at fault.
    pub(crate) fn showing(mut self, snippet: Snippet) -> Self {
        self.snippet = Some(snippet);
        self
    }

    /// What is to be seen there, line by line.
    pub(crate) fn details(mut self, lines: impl fmt::Display) -> Self {
        self.details = lines.to_string().lines().map(|line| shorten(line, LONGEST_LINE)).collect();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        let lines = help.into();
        let lines: Vec<String> = lines.lines().map(|line| shorten(line, LONGEST_LINE)).collect();
        self.help = lines.join("\n");
        self
    }

    /// What kind of defect it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// What is wrong, in one sentence.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The file at fault, in the directory as the user wrote it.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Line and column in that file, both from 1, the column in characters.
    pub fn line_column(&self) -> Option<(u32, u32)> {
        self.snippet.as_ref().map(|snippet| (snippet.line(), snippet.column()))
    }

    /// What is to be seen there, such as the lines of a diff.
    pub fn detail_lines(&self) -> impl Iterator<Item = &str> {
        self.details.iter().map(String::as_str)
    }

    /// How to mend it.
    pub fn help_text(&self) -> &str {
        &self.help
    }

    fn sort_key(&self) -> (Option<&str>, Option<(u32, u32)>, Code) {
        (self.path(), self.line_column(), self.code)
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, escape(&self.title))?;
        for path in &self.also {
            write!(f, "\n  {}", escape(path))?;
        }
        if let Some(path) = &self.path {
            write!(f, "\n  {}", escape(path))?;
        }
        if let Some(snippet) = &self.snippet {
            write!(f, ":{}:{}\n{snippet}", snippet.line(), snippet.column())?;
        }
        for line in &self.details {
            write!(f, "\n    {}", escape(line))?;
        }
        for (index, line) in self.help.lines().enumerate() {
            write!(f, "\n{}{}", if index == 0 { "help: " } else { "      " }, escape(line))?;
        }
        Ok(())
    }
}

impl std::error::Error for Defect {}

/// Leaves of each kind as many as are told; the last of them keeps how many more there are.
fn fold(defects: &mut Vec<Defect>) {
    let mut kinds: HashMap<Code, (usize, usize)> = HashMap::new();
    for defect in &*defects {
        let (count, more) = kinds.entry(defect.code).or_default();
        *count += 1;
        *more += defect.more + usize::from(*count > MOST_OF_A_KIND);
    }
    let mut left: HashMap<Code, usize> =
        kinds.iter().map(|(code, (count, _))| (*code, (*count).min(MOST_OF_A_KIND))).collect();
    defects.retain_mut(|defect| {
        let Some(left) = left.get_mut(&defect.code).filter(|left| **left > 0) else { return false };
        *left -= 1;
        let (_, more) = kinds[&defect.code];
        defect.more = if *left == 0 { more } else { 0 };
        true
    });
}

/// Adds a defect to those that are found already. However many a directory has, they take no memory without end.
pub(crate) fn add(defects: &mut Vec<Defect>, defect: Defect) {
    defects.push(defect);
    if defects.len() > MOST_OF_ALL {
        fold(defects);
    }
}

/// Adds one more of a kind of which some are `found` already: beyond as many as are told, it is counted and not made, since
/// to make one may take a look at the whole file, or at all files.
pub(crate) fn tell(defects: &mut Vec<Defect>, code: Code, found: &mut usize, make: impl FnOnce() -> Defect) {
    *found += 1;
    if *found <= MOST_OF_A_KIND {
        add(defects, make());
    } else if let Some(last) = defects.iter_mut().rfind(|defect| defect.code == code) {
        last.more += 1;
    }
}

/// Of how many defects those are let go that will not be told: more than there can be told.
const MOST_OF_ALL: usize = 2 * MOST_OF_A_KIND * Code::ALL.len();

/// Every defect of a chain; there is at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defects(Vec<Defect>);

impl Defects {
    pub(crate) fn new(mut defects: Vec<Defect>) -> Self {
        defects.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        fold(&mut defects);
        for defect in defects.iter_mut().filter(|defect| defect.more > 0) {
            defect.help += &format!("\n(and {} more of this kind)", std::mem::take(&mut defect.more));
        }
        Self(defects)
    }

    /// The defects, if there are any.
    pub fn from_list(defects: Vec<Defect>) -> Option<Self> {
        if defects.is_empty() { None } else { Some(Self::new(defects)) }
    }

    /// The defects in the order of their files. Of each kind, the first hundred; the last of these says how many more there
    /// are.
    pub fn iter(&self) -> impl Iterator<Item = &Defect> {
        self.0.iter()
    }
}

impl fmt::Display for Defects {
    /// The defects one after another, an empty line between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, defect) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{defect}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Defects {}
