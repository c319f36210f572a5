//! The uses of functions and keywords whose results differ between replicas.

use std::ops::Range;

use revchain_core::sql::cursor::{self, Cursor};
use revchain_core::sql::tokenizer::{Kind, Token, unquote};

use crate::nondeterminism::{CHANCE, CONNECTION, DATES, KEYWORDS, LIBRARY, contains};

/// A use of a function or a keyword whose result differs between replicas.
pub(super) struct Use {
    pub(super) name: String,
    /// The position of the name, in bytes from the start of the statement.
    pub(super) span: Range<usize>,
    source: Source,
}

/// The source of the difference between replicas.
#[derive(Clone, Copy)]
enum Source {
    /// The time at which a replica runs the statement.
    Time,
    /// A function of dates and times that could read the time, depending on its arguments.
    Date,
    Chance,
    /// The connection, or the SQLite library, of a replica.
    Connection,
}

impl Use {
    /// Returns the reason why the results differ, as the end of a sentence.
    pub(super) fn reason(&self) -> &'static str {
        match self.source {
            Source::Time => "which reads the clock of each replica",
            Source::Date => "which reads the clock for some arguments, so hiqlite rejects it",
            Source::Chance => "which differs on each replica",
            Source::Connection => "which reads the connection or the library of each replica",
        }
    }

    /// Returns the fix, as the help of a defect.
    pub(super) fn fix(&self) -> &'static str {
        match self.source {
            Source::Time => "write a constant; let the program pass the time to its own statements",
            Source::Date => "compute the value with substr() or arithmetic, or in the program",
            Source::Chance => {
                "write a value that follows from the row, such as hex(id), or let the program do it"
            }
            Source::Connection => "read the value from a table, or write a constant",
        }
    }
}

/// The words after which an expression begins. After any other word, a name is no function.
const BEFORE_EXPRESSION: [&str; 22] = [
    "AND",
    "BETWEEN",
    "BY",
    "CASE",
    "DISTINCT",
    "ELSE",
    "ESCAPE",
    "GLOB",
    "HAVING",
    "IN",
    "IS",
    "LIKE",
    "LIMIT",
    "NOT",
    "ON",
    "OR",
    "RETURNING",
    "SELECT",
    "THEN",
    "WHEN",
    "WHERE",
    "ALL",
];

/// The words after which a table function can follow.
const BEFORE_TABLE: [&str; 3] = ["FROM", "JOIN", "IN"];

/// Returns the uses in a statement, in order. A mere name, such as that of a column, is no use.
pub(super) fn uses(sql: &str) -> Vec<Use> {
    let tokens = cursor::tokens(sql);
    let creates = |object| {
        tokens
            .first()
            .is_some_and(|token| token.is_word(sql, "CREATE"))
            && tokens
                .iter()
                .take(3)
                .any(|token: &Token| token.is_word(sql, object))
    };
    let reader = Reader {
        sql,
        tokens: &tokens,
        is_index: creates("INDEX"),
    };
    let uses = (0..tokens.len()).filter_map(|position| reader.use_at(position));
    // To read a view changes nothing, and a date that does not read the clock is everywhere equal.
    let is_view = creates("VIEW");
    let uses = uses.filter(|found| !is_view || !matches!(found.source, Source::Date));
    uses.collect()
}

/// The tokens of a statement.
struct Reader<'s> {
    sql: &'s str,
    tokens: &'s [Token],
    /// `true` if the statement creates an index.
    is_index: bool,
}

impl Reader<'_> {
    fn use_at(&self, position: usize) -> Option<Use> {
        let token = &self.tokens[position];
        let is_bare = token.kind == Kind::Word;
        if !is_bare && token.kind != Kind::QuotedWord {
            return None;
        }
        let name = unquote(token.text(self.sql)).to_ascii_lowercase();
        let is_called = self.is_mark(position + 1, "(");
        let source = if is_bare && contains(KEYWORDS, &name) {
            Some(Source::Time).filter(|_| self.is_keyword(position))
        } else if name.starts_with("pragma_") {
            Some(Source::Connection).filter(|_| self.is_table(position))
        } else if is_called && self.is_function(position) {
            self.source(&name, position)
        } else {
            None
        };
        Some(Use {
            source: source?,
            name: if is_called { format!("{name}()") } else { name },
            span: token.span.clone(),
        })
    }

    fn source(&self, name: &str, position: usize) -> Option<Source> {
        if name == "now" || contains(DATES, name) {
            let source = if self.reads_clock(name, position) {
                Source::Time
            } else {
                Source::Date
            };
            return Some(source);
        }
        if contains(CHANCE, name) {
            return Some(Source::Chance);
        }
        let is_of_connection = contains(CONNECTION, name) || contains(LIBRARY, name);
        Some(Source::Connection).filter(|_| is_of_connection)
    }

    fn is_mark(&self, position: usize, mark: &str) -> bool {
        let token = self.tokens.get(position);
        token.is_some_and(|token| token.is_mark(self.sql, mark))
    }

    /// Returns the token before a position.
    fn before(&self, position: usize) -> Option<&Token> {
        self.tokens.get(position.checked_sub(1)?)
    }

    /// Returns `true` if a keyword of the time is not part of a name, and no alias.
    fn is_keyword(&self, position: usize) -> bool {
        let before = self.before(position);
        let is_name = before.is_none_or(|token| {
            token.is_mark(self.sql, ".") || token.is_one_of(self.sql, &["AS", "COLUMN"])
        });
        !is_name && !self.is_mark(position + 1, ".")
    }

    /// Returns `true` if a table stands at a position.
    fn is_table(&self, position: usize) -> bool {
        let before = self.before(position);
        before.is_some_and(|token| {
            token.is_mark(self.sql, ",") || token.is_one_of(self.sql, &BEFORE_TABLE)
        })
    }

    /// Returns `true` if a name before a parenthesis is the name of a function.
    ///
    /// It can also be a type, a table with columns, or the name of a common table expression.
    fn is_function(&self, position: usize) -> bool {
        let Some(before) = self.before(position) else {
            return false;
        };
        match before.kind {
            Kind::Operator if before.is_mark(self.sql, ",") => !self.is_common_table(position),
            Kind::Operator => !before.is_mark(self.sql, ".") && !before.is_mark(self.sql, ")"),
            Kind::Word if before.is_word(self.sql, "ON") => !self.is_index,
            Kind::Word => before.is_one_of(self.sql, &BEFORE_EXPRESSION),
            _ => false,
        }
    }

    /// Returns `true` for `name (…) AS (` and `name (…) AS [NOT] MATERIALIZED (`.
    fn is_common_table(&self, position: usize) -> bool {
        let end = position + 2 + self.group(position + 1).len();
        let after = self.tokens.get(end + 1..).unwrap_or_default();
        let [as_word, next, ..] = after else {
            return false;
        };
        as_word.is_word(self.sql, "AS")
            && (next.is_mark(self.sql, "(") || next.is_one_of(self.sql, &["NOT", "MATERIALIZED"]))
    }

    /// Returns the tokens between the parenthesis at `open` and the one that closes it.
    fn group(&self, open: usize) -> &[Token] {
        let rest = self.tokens.get(open..).unwrap_or_default();
        Cursor::new(self.sql, rest).group().unwrap_or_default()
    }

    /// Returns `true` if a call of a function of dates reads the clock, as its arguments show.
    fn reads_clock(&self, name: &str, position: usize) -> bool {
        let arguments = self.group(position + 1);
        let has_second = arguments.iter().any(|token| token.is_mark(self.sql, ","));
        let mut texts = arguments.iter().filter(|token| token.kind == Kind::String);
        let is_relative = |token: &Token| {
            let text = unquote(token.text(self.sql)).to_ascii_lowercase();
            contains("now localtime utc subsec subsecond", text.trim())
        };
        // Without a time, a function takes the current time. `now` is a function of hiqlite.
        arguments.is_empty() || name == "strftime" && !has_second || texts.any(is_relative)
    }
}
