//! What tells two schemas apart, for people.

use std::fmt;

use super::cursor::{self, Cursor, split};
use super::object::{Body, Class, Key, Object};
use super::table::{Column, Table};
use super::text::{fold, lower, quote};
use super::{ColumnOrder, Schema};
use crate::snippet::escape;
use crate::sql::{Kind, Token, unquote};

/// What tells a schema from the one that it should be, a line for each thing: `- …` where it is missing, `+ …` where it
/// should not be there, `… → …` where it is another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    text: String,
    /// The name that it is about.
    about: String,
    /// Whether a program that was written for the one schema may fail on the other.
    breaks: bool,
}

impl Diff {
    /// The lines.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = &str> {
        self.lines.iter().map(|line| line.text.as_str())
    }

    /// The lines as they stand in a message: each on a line of its own, and set in.
    pub fn indented(&self) -> String {
        if self.is_empty() { String::new() } else { format!("\n{self}").replace('\n', "\n    ") }
    }

    /// What the marks of a diff mean that tells a database from `revision`.
    pub fn legend(revision: &str) -> String {
        format!(
            "`-` is missing in the database, `+` is there and not in {revision}, `→` is {revision} → database"
        )
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The names of what differs: tables, indexes, views, triggers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.about.as_str())
    }

    /// Those of the differences on which a program that was written for the first schema fails: what it reads is gone, or what
    /// it writes is no longer enough. What else a program may have relied on, nobody can know.
    pub fn breaking(&self) -> Self {
        Self { lines: self.lines.iter().filter(|line| line.breaks).cloned().collect() }
    }

    fn push(&mut self, about: &str, text: String, breaks: bool) {
        self.lines.push(Line { text, about: about.to_owned(), breaks });
    }
}

/// How many lines are shown of a diff.
const SHOWN: usize = 20;

impl fmt::Display for Diff {
    /// A line for each difference, and how many more there are than are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.lines.iter().take(SHOWN).enumerate() {
            let end = if index == 0 { "" } else { "\n" };
            write!(f, "{end}{}", escape(&line.text))?;
        }
        match self.lines.len().checked_sub(SHOWN) {
            Some(more) if more > 0 => write!(f, "\n… and {more} more"),
            _ => Ok(()),
        }
    }
}

/// What tells `actual` from `expected`.
pub fn diff(expected: &Schema, actual: &Schema) -> Diff {
    let (old, new): (Vec<&Object>, Vec<&Object>) = (expected.counted().collect(), actual.counted().collect());
    let mut diff = Diff::default();
    for &one in &old {
        match find(&new, &one.key) {
            Some(other) => compare(one, other, expected.order, || constrains(other, &old, &new), &mut diff),
            // What is on a table goes and comes with it.
            None if is_on_one_of(one, &old, &new) => {}
            None => {
                let breaks = matches!(one.class, Class::Table | Class::View | Class::Other);
                diff.push(&one.name, format!("- {}", describe(one)), breaks);
            }
        }
    }
    for &other in &new {
        if find(&old, &other.key).is_none() && !is_on_one_of(other, &new, &old) {
            diff.push(&other.name, format!("+ {}", describe(other)), constrains(other, &old, &new));
        }
    }
    diff
}

/// The object with this key, of objects in the order of theirs.
fn find<'o>(objects: &[&'o Object], key: &Key) -> Option<&'o Object> {
    objects.binary_search_by(|object| object.key.cmp(key)).ok().map(|at| objects[at])
}

/// Whether the object is on a table that only the one schema has.
fn is_on_one_of(object: &Object, one: &[&Object], other: &[&Object]) -> bool {
    let key = object.on.as_deref().map(|table| (false, lower(table)));
    key.is_some_and(|key| find(one, &key).is_some() && find(other, &key).is_none())
}

/// Whether it is a unique index that a row can break of which only the columns are given that there were.
fn constrains(index: &Object, old: &[&Object], new: &[&Object]) -> bool {
    let table = |objects| {
        let table = find(objects, &(false, lower(index.on.as_deref()?)))?;
        if let Body::Table(table) = &table.body { Some(table) } else { None }
    };
    match (table(old), table(new)) {
        (Some(old), Some(new)) if index.class == Class::Index && index.text().starts_with("UNIQUE ") => {
            !names_one_of(index.text(), &null_unless_given(old, new))
        }
        _ => false,
    }
}

/// Whether a row can break a constraint of the table of which only the columns are given that there were.
fn is_broken(constraint: &str, old: &Table, new: &Table) -> bool {
    // NULL is equal to nothing, and points at nothing.
    let can_be_null = || names_one_of(constraint, &null_unless_given(old, new));
    let is_about_old = || names_one_of(constraint, &old.columns.iter().collect::<Vec<_>>());
    match constraint.split(' ').next() {
        Some("UNIQUE") => !can_be_null(),
        Some("FOREIGN") => is_about_old() && !can_be_null(),
        _ => is_about_old(),
    }
}

/// The new columns of a table that are NULL in a row that does not give them.
fn null_unless_given<'t>(old: &Table, new: &'t Table) -> Vec<&'t Column> {
    let is_new = |column: &&Column| definition_of(&old.columns, &column.name).is_none();
    let is_null =
        |column: &&Column| !["NOT", "DEFAULT", "AS"].iter().any(|word| says(&column.definition, word));
    new.columns.iter().filter(is_new).filter(is_null).collect()
}

/// Whether what stands in the first parentheses, which is what a constraint or an index is about, names any of the columns.
fn names_one_of(text: &str, columns: &[&Column]) -> bool {
    let tokens = cursor::tokens(text);
    let own = first_group(text, &tokens);
    own.iter().enumerate().any(|(at, token)| {
        let is_function = own.get(at + 1).is_some_and(|next| next.text(text) == "(");
        let word = unquote(token.text(text));
        matches!(token.kind, Kind::Word | Kind::QuotedWord)
            && !is_function
            && columns.iter().any(|column| column.name.eq_ignore_ascii_case(&word))
    })
}

/// What stands in the first parentheses.
fn first_group<'t>(text: &'t str, tokens: &'t [Token]) -> &'t [Token] {
    let start = tokens.iter().position(|token| token.text(text) == "(").unwrap_or(tokens.len());
    Cursor::new(text, &tokens[start..]).group().unwrap_or_default()
}

/// The names that the arguments of a virtual table begin with, but for its options: nearly always those of its columns.
fn arguments(text: &str) -> Vec<String> {
    let tokens = cursor::tokens(text);
    let arguments = split(text, first_group(text, &tokens));
    let is_option = |argument: &[Token]| argument.get(1).is_some_and(|second| second.text(text) == "=");
    let columns = arguments.into_iter().filter(|argument| !is_option(argument));
    columns.filter_map(|column| Some(lower(&unquote(column.first()?.text(text))))).collect()
}

/// Whether the definition of a column has this keyword, of its own and not of a key.
fn says(definition: &str, word: &str) -> bool {
    let tokens = cursor::tokens(definition);
    let mut cursor = Cursor::new(definition, &tokens);
    while cursor.peek().is_some() {
        if cursor.is_at(&[word]) {
            return true;
        }
        // There, NULL and DEFAULT are what becomes of a row.
        if cursor.is_at(&["REFERENCES"]) {
            return false;
        }
        if cursor.group().is_none() {
            cursor.next();
        }
    }
    false
}

/// Whether a row that does not give the column, or gives NULL, is refused.
fn is_required(definition: &str) -> bool {
    says(definition, "NOT") && !says(definition, "DEFAULT") && !says(definition, "AS")
}

/// Whether what could be written into a column can no longer be.
fn asks_more(old: &str, new: &str) -> bool {
    is_required(new) && !is_required(old)
        || ["UNIQUE", "PRIMARY", "REFERENCES", "AS"].iter().any(|word| says(new, word) && !says(old, word))
}

fn describe(object: &Object) -> String {
    let name = quote(&object.name);
    match (object.class, &object.body) {
        (Class::Table, Body::Table(table)) => {
            let columns: Vec<String> = table.columns.iter().map(|column| quote(&column.name)).collect();
            format!("table {name} ({})", shorten(&columns.join(", ")))
        }
        (Class::Other, Body::Text(text)) => shorten(text),
        (class, Body::Text(text)) => format!("{} {name} {}", class.name(), shorten(text)),
        (class, Body::Table(_)) => format!("{} {name}", class.name()),
    }
}

fn compare(one: &Object, other: &Object, order: ColumnOrder, constrains: impl Fn() -> bool, diff: &mut Diff) {
    if one.digest(order) == other.digest(order) {
        return;
    }
    let name = quote(&one.name);
    if one.class != other.class {
        diff.push(&one.name, format!("- {}", describe(one)), true);
        diff.push(&one.name, format!("+ {}", describe(other)), true);
        return;
    }
    match (&one.body, &other.body) {
        (Body::Table(old), Body::Table(new)) => compare_tables(&one.name, old, new, order, diff),
        (Body::Text(old), Body::Text(new)) => {
            let breaks = match one.class {
                Class::Index => constrains(),
                Class::Table => arguments(old).iter().any(|column| !arguments(new).contains(column)),
                class => class == Class::Other,
            };
            let (old, new) = around_the_difference(old, new);
            diff.push(&one.name, format!("{} {name}: {old} → {new}", one.class.name()), breaks);
        }
        _ => {
            diff.push(&one.name, format!("- {}", describe(one)), true);
            diff.push(&one.name, format!("+ {}", describe(other)), true);
        }
    }
}

#[inline(never)]
fn definition_of<'t>(columns: &'t [Column], name: &str) -> Option<&'t str> {
    let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))?;
    Some(&column.definition)
}

fn has_constraint(table: &Table, key: &str) -> bool {
    table.constraints.binary_search_by(|(other, _)| other.as_str().cmp(key)).is_ok()
}

fn compare_tables(name: &str, old: &Table, new: &Table, order: ColumnOrder, diff: &mut Diff) {
    let table = quote(name);
    let or_none = |definition: &str| match definition {
        "" => "(no type)".to_owned(),
        definition => shorten(definition),
    };
    for Column { name: column, definition } in &old.columns {
        let place = format!("{table}.{}", quote(column));
        match definition_of(&new.columns, column) {
            None => diff.push(name, format!("- {}", format!("{place} {definition}").trim_end()), true),
            Some(now) if fold(definition) == fold(now) => {}
            Some(now) => {
                let text = format!("{place}: {} → {}", or_none(definition), or_none(now));
                diff.push(name, text, asks_more(definition, now));
            }
        }
    }
    for Column { name: column, definition } in &new.columns {
        if definition_of(&old.columns, column).is_none() {
            let added = format!("{table}.{} {definition}", quote(column));
            // The second row that does not give it has the same as the first.
            let is_twice = says(definition, "UNIQUE") && says(definition, "DEFAULT");
            diff.push(name, format!("+ {}", added.trim_end()), is_required(definition) || is_twice);
        }
    }
    let common = |columns: &[Column], others: &[Column]| -> Vec<String> {
        let both = columns.iter().filter(|column| definition_of(others, &column.name).is_some());
        both.map(|column| lower(&column.name)).collect()
    };
    let (before, after) = (common(&old.columns, &new.columns), common(&new.columns, &old.columns));
    if before != after && order == ColumnOrder::Fixed {
        diff.push(
            name,
            format!("{table}: columns in the order {} → {}", before.join(", "), after.join(", ")),
            false,
        );
    } else if before.len() == old.columns.len()
        && order == ColumnOrder::Fixed
        && !new.columns.iter().zip(&old.columns).all(|(new, old)| new.name.eq_ignore_ascii_case(&old.name))
    {
        let names: Vec<String> = new.columns.iter().map(|column| quote(&column.name)).collect();
        diff.push(name, format!("{table}: columns in the order {}", names.join(", ")), false);
    }
    for (key, constraint) in &old.constraints {
        if !has_constraint(new, key) {
            diff.push(name, format!("- {table} {}", shorten(constraint)), false);
        }
    }
    for (key, constraint) in &new.constraints {
        if !has_constraint(old, key) {
            diff.push(name, format!("+ {table} {}", shorten(constraint)), is_broken(constraint, old, new));
        }
    }
    if old.options != new.options {
        let breaks = new.options.split(", ").any(|option| !old.options.contains(option));
        let said =
            |options: &str| if options.is_empty() { "no options".to_owned() } else { options.to_owned() };
        diff.push(name, format!("{table}: {} → {}", said(&old.options), said(&new.options)), breaks);
    }
}

/// The longest text that is shown whole, in characters.
const LONGEST: usize = 160;

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// Two texts, each from a little before where they part to a little after.
fn around_the_difference(one: &str, other: &str) -> (String, String) {
    let [one, other] = [one, other].map(|text| text.split(' ').collect::<Vec<_>>());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let shorter = one.len().min(other.len());
    let start = one.iter().zip(&other).take_while(same).count();
    let end = one.iter().rev().zip(other.iter().rev()).take_while(same).count().min(shorter - start);
    let cut = |words: &[&str]| {
        let (first, last) = (start.saturating_sub(AROUND), (words.len() - end + AROUND).min(words.len()));
        let before = if first > 0 { "… " } else { "" };
        let after = if last < words.len() { " …" } else { "" };
        format!("{before}{}{after}", shorten(&words[first..last].join(" ")))
    };
    (cut(&one), cut(&other))
}

/// How many words are shown on either side of a difference.
const AROUND: usize = 4;
