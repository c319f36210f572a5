//! Comparisons of a column in a STRICT table with a literal of another type.

use revchain_core::query::Query;
use revchain_core::sql::cursor::{Cursor, split};
use revchain_core::sql::tokenizer::{Kind, Token, unquote};
use revchain_core::{Defect, DefectKind};

use super::database::QueryDatabase;
use super::operands::ends_operand;
use super::sources::{TableSource, sources};

const COMPARISONS: &[&str] = &["=", "==", "<>", "!=", "<", ">", "<=", ">="];

/// The words before an operand that no operator of higher precedence takes.
const BEFORE: &[&str] = &[
    "WHERE", "AND", "OR", "NOT", "ON", "WHEN", "HAVING", "SELECT",
];

/// The other words that can stand before the name of a column.
const BEFORE_NAME: &[&str] = &[
    "BY",
    "IN",
    "IS",
    "LIKE",
    "GLOB",
    "MATCH",
    "REGEXP",
    "BETWEEN",
    "DISTINCT",
    "ALL",
    "SET",
    "CASE",
    "THEN",
    "ELSE",
    "RETURNING",
    "USING",
    "FROM",
    "ESCAPE",
    "LIMIT",
    "OFFSET",
];

/// The type of a column in a STRICT table, as far as comparisons differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    Text,
    Blob,
}

impl Type {
    fn of_column(declared: &str) -> Option<Self> {
        match declared {
            "INT" | "INTEGER" | "REAL" => Some(Self::Number),
            "TEXT" => Some(Self::Text),
            "BLOB" => Some(Self::Blob),
            _ => None,
        }
    }

    fn of_literal(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Number => Some(Self::Number),
            Kind::String => Some(Self::Text),
            Kind::Blob => Some(Self::Blob),
            _ => None,
        }
    }
}

/// Returns the defects of comparisons with a literal of another type.
pub(super) fn check(database: &mut QueryDatabase, query: &Query<'_>) -> Vec<Defect> {
    let tokens = query.tokens();
    let sql = query.sql();
    if !tokens
        .iter()
        .any(|token| Type::of_literal(token.kind).is_some())
    {
        return Vec::new();
    }
    let mut reader = Reader {
        sql,
        tokens,
        assignments: query.assignment_marks(),
        sources: None,
    };
    let mut defects = Vec::new();
    for at in 0..tokens.len() {
        if !reader.is_column(at) {
            continue;
        }
        let literals = reader.compared_literals(at);
        if literals.is_empty() {
            continue;
        }
        let Some(declared) = reader.strict_type(database, at) else {
            continue;
        };
        let Some(column_type) = Type::of_column(&declared) else {
            continue;
        };
        for literal in literals {
            let token = &tokens[literal];
            let literal_type = Type::of_literal(token.kind);
            if literal_type.is_some_and(|literal_type| literal_type != column_type) {
                defects.push(describe(query, at, &declared, column_type, token));
            }
        }
    }
    defects
}

fn describe(
    query: &Query<'_>,
    column: usize,
    declared: &str,
    column_type: Type,
    literal: &Token,
) -> Defect {
    let sql = query.sql();
    let text = literal.text(sql);
    let name = unquote(query.tokens()[column].text(sql));
    let kind = match literal.kind {
        Kind::String => "text",
        Kind::Blob => "blob",
        _ => "number",
    };
    let title = format!("the {declared} column `{name}` is compared with the {kind} {text}");
    let number = unquote(text);
    let help = match (column_type, literal.kind) {
        (Type::Number, Kind::String) if number.parse::<f64>().is_ok() => {
            format!("write {number} without quotes")
        }
        (Type::Text, Kind::Number) => format!("write '{text}' in quotes"),
        (Type::Text, Kind::Blob) => "write a text: `'…'`".to_owned(),
        (Type::Blob, _) => "write a blob: `x'…'`".to_owned(),
        _ => format!("compare it with a value of the type {declared}"),
    };
    let defect = query.defect(DefectKind::ComparesTypes, title, literal.span.clone());
    defect
        .details("the table is STRICT: no row has a value of this type in the column")
        .help(help)
}

struct Reader<'q> {
    sql: &'q str,
    tokens: &'q [Token],
    /// The indexes of the tokens `=` that assign a value.
    assignments: Vec<usize>,
    sources: Option<Vec<TableSource>>,
}

impl Reader<'_> {
    fn is_mark(&self, at: usize, mark: &str) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| token.is_mark(self.sql, mark))
    }

    fn is_word(&self, at: usize, words: &[&str]) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| token.is_one_of(self.sql, words))
    }

    fn name(&self, at: usize) -> String {
        let token = self.tokens.get(at);
        token.map_or_else(String::new, |token| {
            unquote(token.text(self.sql)).to_ascii_lowercase()
        })
    }

    /// Returns `true` if the token can be the name of a column in an expression.
    fn is_column(&self, at: usize) -> bool {
        matches!(self.tokens[at].kind, Kind::Word | Kind::QuotedWord)
            && !self.is_mark(at + 1, ".")
            && !self.is_mark(at + 1, "(")
    }

    /// Returns the index of the first token of a column with its table.
    fn start(&self, mut at: usize) -> usize {
        while at >= 2 && self.is_mark(at - 1, ".") {
            at -= 2;
        }
        at
    }

    /// Returns `true` if an operand begins at `at`, and no operator before it takes the operand.
    fn begins_operand(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| {
            self.is_word(before, BEFORE) || self.is_mark(before, "(") || self.is_mark(before, ",")
        })
    }

    fn is_comparison(&self, at: usize) -> bool {
        COMPARISONS.iter().any(|mark| self.is_mark(at, mark)) && !self.assignments.contains(&at)
    }

    fn is_literal(&self, at: usize) -> bool {
        let token = self.tokens.get(at);
        token.is_some_and(|token| Type::of_literal(token.kind).is_some())
    }

    /// Returns the indexes of the literals that the column at `at` is compared with.
    fn compared_literals(&self, at: usize) -> Vec<usize> {
        let start = self.start(at);
        // `'x' = column`
        if start >= 2 && self.is_comparison(start - 1) && self.is_literal(start - 2) {
            let is_whole =
                self.begins_operand(start - 2) && ends_operand(self.sql, self.tokens, at + 1);
            return if is_whole {
                vec![start - 2]
            } else {
                Vec::new()
            };
        }
        if !self.begins_operand(start) {
            return Vec::new();
        }
        let mut next = at + 1;
        if self.is_comparison(next) {
            return self.one_literal(next + 1);
        }
        if self.is_word(next, &["IS"]) {
            let is_not = self.is_word(next + 1, &["NOT"]);
            return self.one_literal(next + 1 + usize::from(is_not));
        }
        next += usize::from(self.is_word(next, &["NOT"]));
        if self.is_word(next, &["IN"]) {
            return self.listed_literals(next + 1);
        }
        if self.is_word(next, &["BETWEEN"]) {
            let mut literals = self.one_literal(next + 1);
            if !literals.is_empty() {
                literals.extend(self.one_literal(next + 3));
            }
            return literals;
        }
        Vec::new()
    }

    /// Returns the indexes of the literals in a list that begins at `at`.
    fn listed_literals(&self, at: usize) -> Vec<usize> {
        let rest = self.tokens.get(at..).unwrap_or_default();
        let Some(group) = Cursor::new(self.sql, rest).group() else {
            return Vec::new();
        };
        let starts_query = group
            .first()
            .is_some_and(|first| first.is_one_of(self.sql, &["SELECT", "WITH", "VALUES"]));
        if starts_query {
            return Vec::new();
        }
        let mut literals = Vec::new();
        let mut item = at + 1;
        for tokens in split(self.sql, group) {
            if tokens.len() == 1 && self.is_literal(item) {
                literals.push(item);
            }
            item += tokens.len() + 1;
        }
        literals
    }

    fn one_literal(&self, at: usize) -> Vec<usize> {
        if self.is_literal(at) && ends_operand(self.sql, self.tokens, at + 1) {
            vec![at]
        } else {
            Vec::new()
        }
    }

    /// Returns the declared type of the column if only a column of a STRICT table can be meant.
    fn strict_type(&mut self, database: &mut QueryDatabase, at: usize) -> Option<String> {
        let column = self.name(at);
        let start = self.start(at);
        // `schema.table.column` is rare.
        if at - start > 2 {
            return None;
        }
        if self.sources.is_none() {
            self.sources = Some(sources(self.sql, self.tokens));
        }
        let sources = self.sources.as_deref().unwrap_or_default();
        let tables: Vec<&str> = if start < at {
            let qualifier = self.name(start);
            let named: Vec<&TableSource> = sources
                .iter()
                .filter(|source| source.name == qualifier)
                .collect();
            // The name must not name anything else, such as a subquery.
            let is_other = |at: usize| {
                let is_qualified = at > 0 && self.is_mark(at - 1, ".");
                let is_qualifier = self.is_mark(at + 1, ".");
                let is_source = named.iter().any(|source| source.tokens.contains(&at));
                self.name(at) == qualifier && !(is_qualified || is_qualifier || is_source)
            };
            if (0..self.tokens.len()).any(is_other) {
                return None;
            }
            named.iter().map(|source| &*source.table).collect()
        } else {
            if self.has_other_sources() || self.is_alias(&column) {
                return None;
            }
            sources.iter().map(|source| &*source.table).collect()
        };
        let mut found = None;
        for table in tables {
            let table = database.table(table)?;
            if !table.is_ordinary {
                return None;
            }
            let Some(declared) = table.column(&column).map(|column| &column.declared_type) else {
                continue;
            };
            if !table.is_strict || found.as_ref().is_some_and(|found| found != declared) {
                return None;
            }
            found = Some(declared.clone());
        }
        found
    }

    /// Returns `true` if the query reads anything but tables: a subquery, a WITH, a function.
    fn has_other_sources(&self) -> bool {
        (0..self.tokens.len()).any(|at| {
            let is_before = self.is_word(at, &["FROM", "JOIN"]) || self.is_mark(at, ",");
            let has_parenthesis = self.is_mark(at + 1, "(") || self.is_mark(at + 2, "(");
            self.is_word(at, &["WITH"]) || is_before && has_parenthesis
        })
    }

    /// Returns `true` if the query names an expression so.
    fn is_alias(&self, name: &str) -> bool {
        (1..self.tokens.len()).any(|at| {
            // The word AS can be absent.
            let is_after_name = matches!(self.tokens[at - 1].kind, Kind::Word | Kind::QuotedWord)
                && !self.is_word(at - 1, BEFORE)
                && !self.is_word(at - 1, BEFORE_NAME);
            self.name(at) == name
                && (is_after_name || self.is_mark(at - 1, ")") || self.is_literal(at - 1))
        })
    }
}
