//! Random tables in random spellings.

use proptest::prelude::*;
use revchain_core::schema::diff;
use revchain_runtime::rusqlite::Connection;

use super::{assert_round_trip, database, describe, read};

/// A column of a random table.
#[derive(Debug, Clone)]
struct Column {
    name: &'static str,
    kind: &'static str,
    not_null: bool,
    unique: bool,
    default: Option<&'static str>,
    collation: Option<&'static str>,
    /// The literal in its CHECK.
    check: Option<&'static str>,
    /// The action on delete of its foreign key.
    references: Option<&'static str>,
}

/// A random table.
#[derive(Debug, Clone)]
struct Table {
    columns: Vec<Column>,
    /// The columns of the primary key, each with `true` if it is in descending order.
    key: Vec<(usize, bool)>,
    is_without_rowid: bool,
    is_strict: bool,
}

const NAMES: [&str; 6] = ["id", "name", "order", "key", "a b", "größe"];
const KINDS: [&str; 5] = ["TEXT", "INT", "REAL", "BLOB", "ANY"];
const DEFAULTS: [&str; 6] = ["1", "-1", "'x'", "'X'", "TRUE", "CURRENT_DATE"];
const COLLATIONS: [&str; 2] = ["NOCASE", "RTRIM"];
const LITERALS: [&str; 4] = ["'a'", "'A'", "'it''s'", "7"];
const ACTIONS: [&str; 4] = ["NO ACTION", "CASCADE", "SET NULL", "RESTRICT"];

fn column() -> impl Strategy<Value = Column> {
    let of = proptest::sample::select::<&'static str>;
    let maybe =
        |list: &'static [&'static str]| proptest::option::of(proptest::sample::select(list));
    let optional = (
        maybe(&DEFAULTS),
        maybe(&COLLATIONS),
        maybe(&LITERALS),
        maybe(&ACTIONS),
    );
    (of(&KINDS), any::<bool>(), any::<bool>(), optional).prop_map(
        |(kind, not_null, unique, optional)| Column {
            name: "",
            kind,
            not_null,
            unique,
            default: optional.0,
            collation: optional.1,
            check: optional.2,
            references: optional.3,
        },
    )
}

fn table() -> impl Strategy<Value = Table> {
    let columns = proptest::collection::vec(column(), 2..=NAMES.len());
    let key = proptest::sample::subsequence(vec![0, 1], 1..=2);
    (columns, key, any::<[bool; 4]>()).prop_map(
        |(mut columns, key, [desc, reversed, wr, is_strict])| {
            for (column, name) in columns.iter_mut().zip(NAMES) {
                column.name = name;
            }
            let mut key: Vec<(usize, bool)> =
                key.into_iter().map(|column| (column, desc)).collect();
            if reversed {
                key.reverse();
            }
            // With table options, NOT NULL and UNIQUE on a key column have no effect.
            for &(column, _) in &key {
                columns[column].not_null = false;
                columns[column].unique = false;
            }
            Table {
                columns,
                key,
                is_without_rowid: wr,
                is_strict,
            }
        },
    )
}

/// A function that writes a part of a table.
type SchemaFilter<'t, 'b> = Box<dyn Fn(&mut Style<'b>) + 't>;

/// A writer of SQL that chooses the spelling by random bytes.
struct Style<'b> {
    bytes: std::iter::Cycle<std::slice::Iter<'b, u8>>,
    text: String,
}

impl<'b> Style<'b> {
    fn new(bytes: &'b [u8]) -> Self {
        Self {
            bytes: bytes.iter().cycle(),
            text: String::new(),
        }
    }

    fn choose(&mut self, choices: usize) -> usize {
        usize::from(*self.bytes.next().unwrap()) % choices
    }

    fn yes(&mut self) -> bool {
        self.choose(2) == 0
    }

    fn space(&mut self) {
        let space = [" ", "\n", "\t ", " /* a 'b */ ", " -- \"c\n", "\r\n  "][self.choose(6)];
        self.text += space;
    }

    /// Writes keywords in any case.
    fn words(&mut self, words: &str) {
        for word in words.split(' ') {
            self.space();
            let word = match self.choose(3) {
                0 => word.to_ascii_lowercase(),
                1 => word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase(),
                _ => word.to_ascii_uppercase(),
            };
            self.text += &word;
        }
    }

    fn mark(&mut self, mark: &str) {
        if self.yes() {
            self.space();
        }
        self.text += mark;
        if self.yes() {
            self.space();
        }
    }

    fn literal(&mut self, literal: &str) {
        self.space();
        self.text += literal;
    }

    /// Writes a name in any quotes and any case.
    fn name(&mut self, name: &str) {
        self.space();
        let needs_quotes = name.contains(' ') || name == "order";
        let name = if self.yes() {
            name.to_ascii_uppercase()
        } else {
            name.to_owned()
        };
        let quotes = if needs_quotes {
            1 + self.choose(3)
        } else {
            self.choose(6)
        };
        self.text += &match quotes {
            1 => format!("\"{name}\""),
            2 => format!("`{name}`"),
            3 => format!("[{name}]"),
            _ => name,
        };
    }

    /// Writes an optional name of a constraint.
    fn named(&mut self) {
        if self.choose(3) == 0 {
            self.words("CONSTRAINT");
            self.name("some name");
        }
    }

    fn check(&mut self, column: &Column) {
        let Some(literal) = column.check else { return };
        self.words("CHECK");
        self.mark("(");
        self.name(column.name);
        self.mark("<>");
        self.literal(literal);
        self.words("OR");
        self.name("id");
        self.words("IS NULL");
        self.mark(")");
    }

    fn references(&mut self, action: &str) {
        self.words("REFERENCES");
        self.name("p");
        self.mark("(");
        self.name("x");
        self.mark(")");
        let is_said = action != "NO ACTION" || self.yes();
        if is_said {
            self.words("ON DELETE");
            self.words(action);
        }
        if self.yes() {
            self.words("NOT DEFERRABLE");
        }
    }

    fn default(&mut self, default: &str) {
        self.words("DEFAULT");
        let is_in_parentheses = self.yes();
        if is_in_parentheses {
            self.mark("(");
        }
        match default.strip_prefix('-') {
            Some(number) => {
                self.mark("-");
                self.literal(number);
            }
            None if default.starts_with('\'') => self.literal(default),
            None => self.words(default),
        }
        if is_in_parentheses {
            self.mark(")");
        }
    }

    fn table(mut self, table: &Table) -> String {
        self.words("CREATE TABLE");
        self.name("t");
        self.mark("(");
        let mut later: Vec<SchemaFilter<'_, 'b>> = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            if index > 0 {
                self.mark(",");
            }
            self.name(column.name);
            self.words(column.kind);
            let mut here: Vec<SchemaFilter<'_, 'b>> = Vec::new();
            if table.key.as_slice() == [(index, false)] {
                self.single_key(table, &mut here, &mut later);
            }
            self.values(column, &mut here);
            self.constraints(column, &mut here, &mut later);
            while !here.is_empty() {
                let next = here.remove(self.choose(here.len()));
                next(&mut self);
            }
        }
        if table.key.as_slice() != [(table.key[0].0, false)] {
            later.push(Box::new(|style| style.key(table)));
        }
        while !later.is_empty() {
            let next = later.remove(self.choose(later.len()));
            self.mark(",");
            next(&mut self);
        }
        self.mark(")");
        self.options(table);
        self.text
    }

    /// Adds a key of one column to the parts of the column, or to the parts of the table.
    fn single_key<'t>(
        &mut self,
        table: &'t Table,
        here: &mut Vec<SchemaFilter<'t, 'b>>,
        later: &mut Vec<SchemaFilter<'t, 'b>>,
    ) {
        if self.yes() {
            here.push(Box::new(|style| {
                style.named();
                style.words("PRIMARY KEY");
            }));
        } else {
            later.push(Box::new(|style| style.key(table)));
        }
    }

    /// Adds NOT NULL, the default and the collation to the parts of the column.
    fn values<'t>(&mut self, column: &'t Column, here: &mut Vec<SchemaFilter<'t, 'b>>) {
        if column.not_null {
            here.push(Box::new(|style| style.words("NOT NULL")));
        } else if self.yes() {
            here.push(Box::new(|style| style.words("NULL")));
        }
        match column.default {
            Some(default) => here.push(Box::new(move |style| style.default(default))),
            None if self.yes() => here.push(Box::new(|style| style.words("DEFAULT NULL"))),
            None => {}
        }
        let collation = column
            .collation
            .or(if self.yes() { Some("BINARY") } else { None });
        if let Some(collation) = collation {
            here.push(Box::new(move |style| {
                style.words("COLLATE");
                style.name(collation);
            }));
        }
    }

    /// Adds each constraint to the parts of the column, or to the parts of the table.
    fn constraints<'t>(
        &mut self,
        column: &'t Column,
        here: &mut Vec<SchemaFilter<'t, 'b>>,
        later: &mut Vec<SchemaFilter<'t, 'b>>,
    ) {
        if column.unique {
            if self.yes() {
                here.push(Box::new(|style| style.words("UNIQUE")));
            } else {
                later.push(Box::new(|style| {
                    style.named();
                    style.words("UNIQUE");
                    style.mark("(");
                    style.name(column.name);
                    style.mark(")");
                }));
            }
        }
        if column.check.is_some() {
            let list = if self.yes() { &mut *here } else { &mut *later };
            list.push(Box::new(|style| style.check(column)));
        }
        if let Some(action) = column.references {
            if self.yes() {
                here.push(Box::new(move |style| style.references(action)));
            } else {
                later.push(Box::new(move |style| {
                    style.named();
                    style.words("FOREIGN KEY");
                    style.mark("(");
                    style.name(column.name);
                    style.mark(")");
                    style.references(action);
                }));
            }
        }
    }

    fn options(&mut self, table: &Table) {
        let mut options = Vec::new();
        options.extend(table.is_without_rowid.then_some("WITHOUT ROWID"));
        options.extend(table.is_strict.then_some("STRICT"));
        if self.yes() {
            options.reverse();
        }
        for (index, option) in options.iter().enumerate() {
            if index > 0 {
                self.mark(",");
            }
            self.words(option);
        }
    }

    fn key(&mut self, table: &Table) {
        self.named();
        self.words("PRIMARY KEY");
        for (index, &(column, is_desc)) in table.key.iter().enumerate() {
            self.mark(if index == 0 { "(" } else { "," });
            self.name(table.columns[column].name);
            if is_desc {
                self.words("DESC");
            } else if self.yes() {
                self.words("ASC");
            }
        }
        self.mark(")");
    }
}

/// Returns a value of the list that differs from `than`.
fn other(list: &[&'static str], than: Option<&'static str>) -> Option<&'static str> {
    list.iter().copied().find(|value| Some(*value) != than)
}

/// Changes that make a table another one. Changes of a column affect the last column.
const CHANGES: &[fn(&mut Table)] = &[
    |table| last(table).kind = other(&KINDS, Some(last(table).kind)).unwrap(),
    |table| {
        last(table).not_null ^= !table
            .key
            .iter()
            .any(|(column, _)| column + 1 == table.columns.len())
    },
    |table| last(table).unique ^= true,
    |table| last(table).default = other(&DEFAULTS, last(table).default),
    |table| last(table).collation = other(&COLLATIONS, last(table).collation),
    |table| last(table).check = other(&LITERALS, last(table).check),
    |table| {
        last(table).check = if last(table).check.is_some() {
            None
        } else {
            Some("7")
        }
    },
    |table| last(table).references = other(&ACTIONS, last(table).references),
    |table| {
        last(table).references = if last(table).references.is_some() {
            None
        } else {
            Some("CASCADE")
        }
    },
    |table| last(table).name = "another",
    |table| {
        // The columns change their order, and the key refers to the same columns.
        table.columns.swap(0, 1);
        table
            .key
            .iter_mut()
            .for_each(|(column, _)| *column = 1 - *column);
    },
    |table| table.key[0].1 ^= true,
    |table| match table.key.len() {
        1 => table.key.push((1 - table.key[0].0, false)),
        _ => table.key.reverse(),
    },
    |table| table.is_without_rowid ^= true,
    |table| table.is_strict ^= true,
    |table| {
        let mut column = table.columns[1].clone();
        column.name = "one more";
        table.columns.push(column);
    },
];

fn last(table: &mut Table) -> &mut Column {
    table.columns.last_mut().unwrap()
}

/// Creates a database with a random table and its parent table.
fn create(sql: &str) -> Connection {
    database(&format!("CREATE TABLE p (x UNIQUE); {sql}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn table_in_any_spelling_has_the_same_fingerprint(
        table in table(),
        one in proptest::collection::vec(any::<u8>(), 16..200),
        other in proptest::collection::vec(any::<u8>(), 16..200),
    ) {
        let [one, other] = [one, other].map(|bytes| Style::new(&bytes).table(&table));
        let (mut first, mut second) = (create(&one), create(&other));
        let [description_first, description_second] = [&mut first, &mut second].map(|connection| describe(connection, "t"));
        // The two spellings must define the same table.
        prop_assert_eq!(&description_first[1..].join("\n").to_lowercase(), &description_second[1..].join("\n").to_lowercase());
        let (first, second) = (read(&first), read(&second));
        prop_assert_eq!(diff(&first, &second).to_string(), "", "{}\n{}", one, other);
        prop_assert_eq!(first.fingerprint(), second.fingerprint());
        assert_round_trip(&create(&one));
    }

    #[test]
    fn changed_table_has_another_fingerprint(
        table in table(),
        bytes in proptest::collection::vec(any::<u8>(), 16..200),
        change in 0..CHANGES.len(),
    ) {
        let mut changed = table.clone();
        CHANGES[change](&mut changed);
        let was_changed = format!("{table:?}") != format!("{changed:?}");
        let [one, other] = [&table, &changed].map(|table| Style::new(&bytes).table(table));
        let (first, second) = (read(&create(&one)), read(&create(&other)));
        prop_assert_eq!(first.fingerprint() != second.fingerprint(), was_changed, "{}\n{}", one, other);
        prop_assert_eq!(diff(&first, &second).is_empty(), !was_changed, "{}\n{}", one, other);
    }
}
