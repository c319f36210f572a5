//! What a revision destroys: the tables and columns that hold something before it and are gone after it.
//!
//! A renamed table is not destroyed, nor is one that is rebuilt: copied into a new one that takes its name. What the new
//! one lacks is. So the statements are followed by their words, and the schemas before and after decide.

use std::collections::BTreeMap;

use crate::revision::Half;
use crate::schema::Schema;
use crate::schema::cursor::{self, Cursor};
use crate::sql::{Kind, unquote};

/// A statement that moves or drops a table or a column, or takes rows away.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Act {
    DropTable(String),
    RenameTable(String, String),
    DropColumn(String, String),
    RenameColumn(String, String, String),
    /// `DELETE`, `UPDATE` or `REPLACE` of this table.
    ChangeRows(String),
    /// `ADD COLUMN` with what rows that are there may not satisfy.
    StrainRows(String),
}

/// Something that a revision destroys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destroyed {
    pub(crate) table: String,
    pub(crate) column: Option<String>,
    /// Which statement does it.
    pub(crate) statement: usize,
    /// Whether that drops the whole table, and a new one takes its name.
    pub(crate) is_rebuild: bool,
}

/// What becomes of the tables while the statements run.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    acts: Vec<(Act, usize)>,
}

/// A table from before, followed through the statements.
struct Fate {
    origin: String,
    name: String,
    /// Columns by their name from before, where that is no longer their name.
    renamed: BTreeMap<String, String>,
    dropped_by: Option<usize>,
    /// The last statement that drops a column of it.
    cut_by: Option<usize>,
    /// Whether a column is added that rows may not satisfy.
    is_strained: bool,
}

impl Fates {
    pub(crate) fn of(half: &Half) -> Self {
        let statements = half.statements().enumerate();
        let acts = statements.filter_map(|(index, statement)| Some((act(statement.sql())?, index)));
        Self { acts: acts.collect() }
    }

    /// The tables from before whose rows are at stake: those that are dropped, perhaps after having been copied, and those
    /// that get a column which SQLite may refuse where there are rows.
    pub(crate) fn at_stake(&self, before: &Schema) -> Vec<String> {
        let fates = self.follow(before);
        let at_stake = fates.into_iter().filter(|fate| fate.dropped_by.is_some() || fate.is_strained);
        at_stake.map(|fate| fate.origin).collect()
    }

    /// Whether there is anything that can destroy.
    pub(crate) fn is_harmless(&self) -> bool {
        self.acts.iter().all(|(act, _)| matches!(act, Act::ChangeRows(_) | Act::StrainRows(_)))
    }

    /// What is destroyed on the way from the one schema to the other.
    pub(crate) fn destroyed(&self, before: &Schema, after: &Schema) -> Vec<Destroyed> {
        if self.is_harmless() {
            return Vec::new();
        }
        let fates = self.follow(before);
        fates.iter().flat_map(|fate| fate.destroyed(before, after)).collect()
    }

    fn follow(&self, before: &Schema) -> Vec<Fate> {
        let mut fates: Vec<Fate> = before
            .tables()
            .map(|table| Fate {
                origin: table.to_owned(),
                name: table.to_owned(),
                renamed: BTreeMap::new(),
                dropped_by: None,
                cut_by: None,
                is_strained: false,
            })
            .collect();
        for (act, statement) in &self.acts {
            let (Act::DropTable(name)
            | Act::RenameTable(name, _)
            | Act::DropColumn(name, _)
            | Act::RenameColumn(name, ..)
            | Act::ChangeRows(name)
            | Act::StrainRows(name)) = act;
            let alive = |fate: &&mut Fate| fate.dropped_by.is_none() && fate.name.eq_ignore_ascii_case(name);
            // One that is made on the way has no fate of its own.
            let Some(fate) = fates.iter_mut().find(alive) else { continue };
            match act {
                Act::DropTable(_) => fate.dropped_by = Some(*statement),
                Act::RenameTable(_, to) => fate.name.clone_from(to),
                Act::DropColumn(..) => fate.cut_by = Some(*statement),
                Act::RenameColumn(_, from, to) => fate.rename(before, from, to),
                Act::StrainRows(_) => fate.is_strained = true,
                Act::ChangeRows(_) => {}
            }
        }
        fates
    }

    /// The names under which the rows of a table from before may be found afterwards, the likely one first.
    pub(crate) fn successors(&self, before: &Schema, table: &str) -> Vec<String> {
        let fate = self.follow(before).into_iter().find(|fate| fate.origin.eq_ignore_ascii_case(table));
        match fate {
            Some(fate) if fate.dropped_by.is_some() => vec![fate.origin, fate.name],
            Some(fate) => vec![fate.name],
            None => Vec::new(),
        }
    }

    /// Whether a statement deletes, updates or replaces rows of the table.
    pub(crate) fn changes_rows(&self, table: &str) -> bool {
        self.acts
            .iter()
            .any(|(act, _)| matches!(act, Act::ChangeRows(name) if name.eq_ignore_ascii_case(table)))
    }

    /// Whether rows of the table, or values of the column, may be changed or lost without it being dropped.
    pub(crate) fn may_change(&self, table: &str) -> bool {
        self.acts.iter().any(|(act, _)| match act {
            Act::ChangeRows(name) | Act::DropTable(name) => name.eq_ignore_ascii_case(table),
            _ => false,
        })
    }
}

impl Fate {
    fn rename(&mut self, before: &Schema, from: &str, to: &str) {
        let columns = before.columns(&self.origin).unwrap_or_default();
        let origin = columns.into_iter().find(|column| self.now(column).eq_ignore_ascii_case(from));
        if let Some(origin) = origin.map(str::to_ascii_lowercase) {
            self.renamed.insert(origin, to.to_owned());
        }
    }

    /// What a column from before is called now.
    fn now(&self, column: &str) -> String {
        self.renamed.get(&column.to_ascii_lowercase()).cloned().unwrap_or_else(|| column.to_owned())
    }

    fn destroyed(&self, before: &Schema, after: &Schema) -> Vec<Destroyed> {
        let is_rebuild = self.dropped_by.is_some();
        // A table that was set aside under another name, copied and dropped, is succeeded by one of its first name.
        let names = [&self.origin, &self.name];
        let successor = match is_rebuild {
            false => after.columns(&self.name),
            true => names.iter().find_map(|name| after.columns(name)),
        };
        let statement = self.dropped_by.or(self.cut_by).unwrap_or(0);
        let Some(columns) = successor else {
            return vec![Destroyed {
                table: self.origin.clone(),
                column: None,
                statement,
                is_rebuild: false,
            }];
        };
        let is_gone = |column: &&str| {
            let now = if is_rebuild { (*column).to_owned() } else { self.now(column) };
            !columns.is_empty() && !columns.iter().any(|name| name.eq_ignore_ascii_case(&now))
        };
        let gone = before.columns(&self.origin).unwrap_or_default().into_iter().filter(is_gone);
        gone.map(|column| Destroyed {
            table: self.origin.clone(),
            column: Some(column.to_owned()),
            statement,
            is_rebuild,
        })
        .collect()
    }
}

/// What a statement does of this kind, if it does.
fn act(sql: &str) -> Option<Act> {
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["DROP", "TABLE"]) {
        cursor.eat(&["IF", "EXISTS"]);
        return Some(Act::DropTable(cursor.qualified_name()?));
    }
    if cursor.eat(&["ALTER", "TABLE"]) {
        let table = cursor.qualified_name()?;
        if cursor.eat(&["RENAME", "TO"]) {
            return Some(Act::RenameTable(table, cursor.name()?));
        }
        if cursor.eat(&["RENAME"]) {
            cursor.eat(&["COLUMN"]);
            let from = cursor.name()?;
            return cursor
                .eat(&["TO"])
                .then(|| cursor.name())
                .flatten()
                .map(|to| Act::RenameColumn(table, from, to));
        }
        if cursor.eat(&["DROP"]) {
            cursor.eat(&["COLUMN"]);
            return Some(Act::DropColumn(table, cursor.name()?));
        }
        let strains = ["NULL", "DEFAULT", "CHECK", "GENERATED", "AS", "REFERENCES"];
        let is_strain = cursor.rest().iter().any(|token| strains.iter().any(|word| token.is_word(sql, word)));
        return (cursor.eat(&["ADD"]) && is_strain).then_some(Act::StrainRows(table));
    }
    // With common table expressions before it, or without.
    let is_change = |index: usize| {
        let word = |offset: usize, word: &str| {
            tokens.get(index + offset).is_some_and(|token| token.is_word(sql, word))
        };
        match () {
            () if word(0, "DELETE") && word(1, "FROM") => Some(index + 2),
            () if word(0, "REPLACE") && word(1, "INTO") => Some(index + 2),
            () if word(0, "OR") && word(1, "REPLACE") && word(2, "INTO") => Some(index + 3),
            () if word(0, "UPDATE") && word(1, "OR") => Some(index + 3),
            () if word(0, "UPDATE") => Some(index + 1),
            () => None,
        }
    };
    if !cursor.is_at(&["DELETE", "REPLACE", "INSERT", "UPDATE", "WITH"]) {
        return None;
    }
    let at = (0..tokens.len()).find_map(is_change)?;
    Cursor::new(sql, &tokens[at..]).qualified_name().map(Act::ChangeRows)
}

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
