//! A statement of a script, and its form without parameters.

use std::borrow::Cow;
use std::fmt;

use crate::RevisionIndex;
use crate::history::table::Value;
use crate::schema::string;
use crate::sql::tokenizer::{Kind, each_token};

/// A statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'c> {
    sql: Cow<'c, str>,
    parameters: Vec<Value>,
    origin: Origin,
}

/// The origin of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A guard, which changes nothing.
    Guard(Guard),
    /// A statement that creates the history, or that writes or removes a stamp.
    History,
    /// A statement of a revision.
    Revision {
        /// The revision.
        revision: RevisionIndex,
        /// `true` for a statement of the downgrade.
        is_downgrade: bool,
        /// The position in [`Script::statements`](crate::Script::statements).
        position: usize,
        /// The line of the file on which the statement begins.
        line: u32,
    },
}

/// The condition that a guard checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The history is the expected one. If not, another program has changed the database.
    History,
    /// No row violates a foreign key.
    ForeignKeys,
    /// The schema is the expected one.
    Schema,
    /// The guard fails on each database.
    Stop,
}

impl<'c> Statement<'c> {
    pub(super) fn new(
        sql: impl Into<Cow<'c, str>>,
        parameters: impl Into<Vec<Value>>,
        origin: Origin,
    ) -> Self {
        Self {
            sql: sql.into(),
            parameters: parameters.into(),
            origin,
        }
    }

    /// Returns the SQL, without a semicolon at the end. The parameters are `?1`, `?2` and so on.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// Returns the values of the parameters. A statement of a revision has none.
    pub fn parameters(&self) -> &[Value] {
        &self.parameters
    }

    /// Returns the origin.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns the SQL with literals in place of the parameters.
    pub fn literal_sql(&self) -> String {
        let sql = self.sql();
        let mut literal = String::with_capacity(sql.len());
        let mut end = 0;
        for token in each_token(sql).filter(|token| token.kind == Kind::Parameter) {
            let number = token.text(sql).get(1..).and_then(|text| text.parse().ok());
            let index = number.and_then(|number: usize| number.checked_sub(1));
            if let Some(value) = index.and_then(|index| self.parameters.get(index)) {
                literal += &sql[end..token.span.start];
                literal += &value.to_string();
                end = token.span.end;
            }
        }
        literal + &sql[end..]
    }
}

impl fmt::Display for Value {
    /// Writes the value as an SQL expression on which no shell depends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Integer(integer) => write!(f, "{integer}"),
            // SQL ends at a NUL, and a shell removes a carriage return at the end of a line.
            Self::Text(text) if text.contains(['\0', '\r']) => {
                let text = string(text).replace('\0', "' || char(0) || '");
                write!(f, "({})", text.replace('\r', "' || char(13) || '"))
            }
            Self::Text(text) => f.write_str(&string(text)),
        }
    }
}
