//! What the words of a statement tell, where SQLite does not: which things it names, and what kind of statement it is.

use crate::schema::Schema;
use crate::schema::cursor::{self, Cursor};
use crate::sql::{Kind, Token, unquote};

/// The names that a statement gives to things, as far as its words tell: what stands after `TABLE`, `FROM` and the
/// like. All of its names, where none stands so.
pub fn names(sql: &str) -> Vec<String> {
    const BEFORE: &[&str] = &[
        "TABLE",
        "INDEX",
        "VIEW",
        "TRIGGER",
        "EXISTS",
        "INTO",
        "FROM",
        "JOIN",
        "UPDATE",
        "ON",
        "TO",
        "REFERENCES",
    ];
    let tokens = cursor::tokens(sql);
    let is_name = |kind| matches!(kind, Kind::Word | Kind::QuotedWord | Kind::String);
    let fold = |index: usize| unquote(tokens[index].text(sql)).to_ascii_lowercase();
    let mut named = Vec::new();
    for index in 1..tokens.len() {
        let follows = BEFORE.iter().any(|word| tokens[index - 1].is_word(sql, word));
        let is_word_between =
            ["IF", "NOT", "EXISTS", "SELECT"].iter().any(|word| tokens[index].is_word(sql, word));
        if follows && is_name(tokens[index].kind) && !is_word_between {
            // Of `main.users`, the second.
            let dotted =
                tokens.get(index + 1).is_some_and(|token| token.text(sql) == ".") && index + 2 < tokens.len();
            named.push(fold(if dotted { index + 2 } else { index }));
        }
    }
    if named.is_empty() {
        named = (0..tokens.len())
            .filter(|&index| tokens[index].kind != Kind::String && is_name(tokens[index].kind))
            .map(fold)
            .collect();
    }
    named
}

/// Whether a statement gives this name to anything.
pub(crate) fn is_about(sql: &str, name: &str) -> bool {
    names(sql).iter().any(|named| named.eq_ignore_ascii_case(name))
}

pub(crate) fn starts_with_one_of(sql: &str, words: &[&str]) -> bool {
    let tokens = cursor::tokens(sql);
    tokens.first().is_some_and(|first| words.iter().any(|word| first.is_word(sql, word)))
}

/// The name of the table or view that a statement makes, or calls so.
pub(crate) fn made(sql: &str) -> Option<String> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["ALTER", "TABLE"]) {
        cursor.qualified_name()?;
        return if cursor.eat(&["RENAME", "TO"]) { cursor.name() } else { None };
    }
    cursor.eat(&["CREATE"]).then_some(())?;
    let _ = cursor.eat(&["VIRTUAL"]);
    (cursor.eat(&["TABLE"]) || cursor.eat(&["VIEW"])).then_some(())?;
    cursor.eat(&["IF", "NOT", "EXISTS"]);
    cursor.qualified_name()
}

/// Whether a statement reads or changes tables and rows, and does nothing to the connection.
pub fn is_plain(sql: &str) -> bool {
    const PLAIN: &[&str] =
        &["CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "SELECT", "VALUES"];
    starts_with_one_of(sql, PLAIN)
}

/// Whether a statement leaves the schema as it is.
pub fn changes_rows_only(sql: &str) -> bool {
    is_plain(sql) && !starts_with_one_of(sql, &["CREATE", "ALTER", "DROP"])
}

/// What fires a trigger: `INSERT`, `UPDATE` or `DELETE`.
pub fn trigger_event(sql: &str) -> Option<&'static str> {
    let tokens = cursor::tokens(sql);
    let events = ["INSERT", "UPDATE", "DELETE"];
    tokens.iter().find_map(|token| events.into_iter().find(|event| token.is_word(sql, event)))
}

/// Where a name stands in a statement, in bytes.
pub(crate) fn place_of(name: &str, sql: &str) -> Option<usize> {
    let tokens = cursor::tokens(sql);
    let is_name = |token: &&Token| unquote(token.text(sql)).eq_ignore_ascii_case(name);
    tokens.iter().find(is_name).map(|token| token.span.start)
}

pub(crate) fn copies_by_select(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let has = |word: &str| tokens.iter().any(|token| token.is_word(sql, word));
    starts_with_one_of(sql, &["CREATE"]) && has("TABLE") && has("SELECT")
}

pub(crate) fn is_copy_by_place(sql: &str) -> bool {
    let tokens = cursor::tokens(sql);
    let is_star = |pair: &[Token]| pair[0].is_word(sql, "SELECT") && pair[1].text(sql) == "*";
    starts_with_one_of(sql, &["INSERT", "REPLACE"]) && tokens.windows(2).any(is_star)
}

/// The columns that an `INSERT` lists.
pub(crate) fn given_columns(sql: &str) -> Option<Vec<String>> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    while cursor.peek().is_some() && !cursor.eat(&["INTO"]) {
        cursor.next();
    }
    cursor.qualified_name()?;
    let given = cursor.group()?.iter();
    Some(given.map(|token| unquote(token.text(sql)).to_ascii_lowercase()).collect())
}

/// The name in `no such table: main.users` and the like.
pub(crate) fn missing_name(message: &str) -> Option<&str> {
    let (_, name) = ["no such table: ", "no such column: "]
        .into_iter()
        .find_map(|start| Some((start, message.split_once(start)?.1)))?;
    name.rsplit('.').next()
}

/// What SQLite says where something is missing that a program may register.
const REGISTERED: &[&str] = &[
    "no such function",
    "no such module",
    "no such collation sequence",
    "no such tokenizer",
    "unknown tokenizer",
];

/// Whether a statement fails because SQLite lacks what the program may register.
pub fn lacks_what_programs_register(sql: &str, message: &str) -> bool {
    // Of a function that gives a table, SQLite says that there is no such table.
    let is_function = || {
        let tokens = cursor::tokens(sql);
        let is_called = |index: usize| {
            let before = index.checked_sub(1).map(|before| &tokens[before]);
            let is_read = before.is_some_and(|token| {
                ["FROM", "JOIN"].iter().any(|word| token.is_word(sql, word)) || token.text(sql) == ","
            });
            is_read && tokens.get(index + 1).is_some_and(|token| token.text(sql) == "(")
        };
        let name = missing_name(message).filter(|_| message.contains("no such table"))?;
        let is_name = |token: &Token| unquote(token.text(sql)).eq_ignore_ascii_case(name);
        tokens.iter().position(is_name).filter(|&index| is_called(index))
    };
    REGISTERED.iter().any(|start| message.contains(start)) || is_function().is_some()
}

/// Whether the text of a trigger or a view may be what SQLite complains of: where a name is missing, it must have it.
pub fn may_be_to_blame(text: &str, message: &str) -> bool {
    missing_name(message).is_none_or(|name| place_of(name, text).is_some())
}

/// Whether SQLite refuses a statement because there are rows, whatever is in them.
pub fn refuses_any_rows(sql: &str, message: &str, schema: &Schema) -> bool {
    // Others, such as a UNIQUE column, it refuses without any rows, too.
    if ["Cannot add a NOT NULL", "Cannot add a column with non-constant default"]
        .iter()
        .any(|start| message.starts_with(start))
    {
        return true;
    }
    // The default of a new column, which no row satisfies: if nothing in it depends on the row.
    if starts_with_one_of(sql, &["ALTER"]) && message.starts_with("CHECK constraint failed") {
        let others: Vec<&str> =
            names(sql).iter().filter_map(|table| schema.columns(table)).flatten().collect();
        let tokens = cursor::tokens(sql);
        return !tokens.iter().any(|token| {
            let word = unquote(token.text(sql));
            others.iter().any(|other| other.eq_ignore_ascii_case(&word))
        });
    }
    // A column that the statement gives no value, in any row.
    let Some(place) = message.strip_prefix("NOT NULL constraint failed: ") else { return false };
    let column = place.rsplit('.').next().unwrap_or(place);
    given_columns(sql).is_some_and(|given| !given.contains(&column.to_ascii_lowercase()))
}
