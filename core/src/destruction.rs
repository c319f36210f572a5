//! What a revision destroys: the tables and columns that hold something before it and are gone after it.
//!
//! A renamed table is not destroyed, nor is one that is rebuilt: copied into a new one that takes its name. What the new
//! one lacks is. So the statements are followed by their words, and the schemas before and after decide.

use std::collections::BTreeMap;

use crate::revision::Half;
use crate::schema::Schema;
use crate::schema::cursor::{self, Cursor, split};
use crate::sql::{Token, unquote};

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
    /// `DROP INDEX` or `DROP TRIGGER`.
    DropAttached(String),
    /// `INSERT INTO table (columns) SELECT …`: the columns, each with the one that it is copied from as it is.
    Copy(String, Vec<(String, String)>),
}

impl Act {
    /// The table that it is about.
    fn table(&self) -> &str {
        let (Self::DropTable(name)
        | Self::RenameTable(name, _)
        | Self::DropColumn(name, _)
        | Self::RenameColumn(name, ..)
        | Self::ChangeRows(name)
        | Self::StrainRows(name)
        | Self::DropAttached(name)
        | Self::Copy(name, _)) = self;
        name
    }
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

/// An index or a trigger that went with the table that it was on, and did not come back with its successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forgotten {
    pub(crate) class: &'static str,
    pub(crate) name: String,
    pub(crate) table: String,
    /// Which statement drops the table.
    pub(crate) statement: usize,
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
        self.acts.iter().all(|(act, _)| {
            matches!(act, Act::ChangeRows(_) | Act::StrainRows(_) | Act::DropAttached(_) | Act::Copy(..))
        })
    }

    /// What is destroyed on the way from the one schema to the other.
    pub(crate) fn destroyed(&self, before: &Schema, after: &Schema) -> Vec<Destroyed> {
        if self.is_harmless() {
            return Vec::new();
        }
        let fates = self.follow(before);
        fates.iter().flat_map(|fate| fate.destroyed(before, after, &self.acts)).collect()
    }

    /// The indexes and triggers that a rebuild forgets to make again.
    pub(crate) fn forgotten(&self, before: &Schema, after: &Schema) -> Vec<Forgotten> {
        let is_dropped = |name: &str| {
            let names = |(act, _): &(Act, usize)| matches!(act, Act::DropAttached(dropped) if dropped.eq_ignore_ascii_case(name));
            self.acts.iter().any(names)
        };
        let mut forgotten = Vec::new();
        for fate in self.follow(before) {
            let (Some(statement), Some(successor)) = (fate.dropped_by, fate.successor(after)) else {
                continue;
            };
            let (here, there) = (before.attached(&fate.origin), after.attached(&successor));
            let gone = fate.destroyed(before, after, &self.acts);
            for &(class, name, text) in &here {
                let columns = listed(text);
                let first = columns.split(',').next().unwrap_or_default().trim();
                // It is there if it has another name, or if a new index begins with the same column.
                let is_there = there.iter().any(|&(_, other, same)| {
                    let is_new = !here.iter().any(|(_, old, _)| old.eq_ignore_ascii_case(other));
                    let takes_its_place = is_new && !first.is_empty() && has_word(listed(same), first);
                    other.eq_ignore_ascii_case(name) || same == text || takes_its_place
                });
                let is_constraint = text.starts_with("UNIQUE") && after.has_key(&successor, columns);
                // What was on a column that is gone has nothing to be on.
                let is_on_gone = gone
                    .iter()
                    .filter_map(|destroyed| destroyed.column.as_deref())
                    .any(|column| has_word(text, column));
                let is_there = is_there || is_constraint;
                if !(is_there || is_on_gone || is_dropped(name)) {
                    forgotten.push(Forgotten {
                        class,
                        name: name.to_owned(),
                        table: fate.origin.clone(),
                        statement,
                    });
                }
            }
        }
        forgotten
    }

    /// The tables from before that the statements name, each followed through them.
    fn follow(&self, before: &Schema) -> Vec<Fate> {
        let mut fates: Vec<Fate> = Vec::new();
        for (act, _) in &self.acts {
            let name = act.table();
            let is_followed = fates.iter().any(|fate| fate.origin.eq_ignore_ascii_case(name));
            if let (false, Some(table)) = (is_followed, before.table_name(name)) {
                fates.push(Fate {
                    origin: table.to_owned(),
                    name: table.to_owned(),
                    renamed: BTreeMap::new(),
                    dropped_by: None,
                    cut_by: None,
                    is_strained: false,
                });
            }
        }
        for (act, statement) in &self.acts {
            let name = act.table();
            let alive = |fate: &&mut Fate| fate.dropped_by.is_none() && fate.name.eq_ignore_ascii_case(name);
            // One that is made on the way has no fate of its own.
            let Some(fate) = fates.iter_mut().find(alive) else { continue };
            match act {
                Act::DropTable(_) => fate.dropped_by = Some(*statement),
                Act::RenameTable(_, to) => fate.name.clone_from(to),
                Act::DropColumn(..) => fate.cut_by = Some(*statement),
                Act::RenameColumn(_, from, to) => fate.rename(before, from, to),
                Act::StrainRows(_) => fate.is_strained = true,
                Act::ChangeRows(_) | Act::DropAttached(_) | Act::Copy(..) => {}
            }
        }
        fates
    }

    /// The names under which the rows of a table from before may be found afterwards, the likely one first.
    pub(crate) fn successors(&self, before: &Schema, table: &str) -> Vec<String> {
        let fate = self.follow(before).into_iter().find(|fate| fate.origin.eq_ignore_ascii_case(table));
        fate.map_or_else(|| vec![table.to_owned()], |fate| fate.names())
    }

    /// Whether a statement deletes, updates or replaces rows of the table.
    pub(crate) fn changes_rows(&self, table: &str) -> bool {
        self.acts
            .iter()
            .any(|(act, _)| matches!(act, Act::ChangeRows(name) if name.eq_ignore_ascii_case(table)))
    }

    /// Whether a statement drops a table of this name.
    pub(crate) fn drops(&self, table: &str) -> bool {
        self.acts
            .iter()
            .any(|(act, _)| matches!(act, Act::DropTable(name) if name.eq_ignore_ascii_case(table)))
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

    /// What the table is called afterwards, or the one that takes its place.
    fn successor(&self, after: &Schema) -> Option<String> {
        self.names().into_iter().find(|name| after.columns(name).is_some())
    }

    /// What it, or the one that takes its place, may be called afterwards, the likely name first.
    fn names(&self) -> Vec<String> {
        let mut names = vec![self.name.clone()];
        if self.dropped_by.is_some() {
            // One that was set aside under another name, copied and dropped, is succeeded by one of its first name.
            names.insert(0, self.origin.clone());
        }
        names
    }

    fn destroyed(&self, before: &Schema, after: &Schema, acts: &[(Act, usize)]) -> Vec<Destroyed> {
        let is_rebuild = self.dropped_by.is_some();
        let statement = self.dropped_by.or(self.cut_by).unwrap_or(0);
        let Some(columns) = self.successor(after).and_then(|name| after.columns(&name)) else {
            return vec![Destroyed {
                table: self.origin.clone(),
                column: None,
                statement,
                is_rebuild: false,
            }];
        };
        let is_gone = |column: &&str| {
            let now = self.now(column);
            // What takes its place may have it under its first name, or under the one that it had last.
            let is_there = |name: &&str| {
                name.eq_ignore_ascii_case(&now) || is_rebuild && name.eq_ignore_ascii_case(column)
            };
            // Or under a new one, into which it is copied.
            let is_moved = |(act, _): &(Act, usize)| match act {
                Act::Copy(_, pairs) if is_rebuild => pairs.iter().any(|(to, from)| {
                    from.eq_ignore_ascii_case(column)
                        && columns.iter().any(|name| name.eq_ignore_ascii_case(to))
                }),
                _ => false,
            };
            !columns.is_empty() && !columns.iter().any(is_there) && !acts.iter().any(is_moved)
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

/// The columns of an index, as its normal form lists them.
fn listed(text: &str) -> &str {
    let list = text.split_once('(').map_or("", |(_, rest)| rest);
    list.rsplit_once(')').map_or(list, |(list, _)| list)
}

/// Whether a text of SQL has a word, in quotes or not.
fn has_word(text: &str, word: &str) -> bool {
    let tokens = cursor::tokens(text);
    tokens.iter().any(|token| unquote(token.text(text)).eq_ignore_ascii_case(&unquote(word)))
}

/// What a statement does of this kind, if it does.
fn act(sql: &str) -> Option<Act> {
    // Most statements make something, and need no closer look.
    let is_other = |word: &&str| !sql.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if ["DROP", "ALTER", "DELETE", "REPLACE", "INSERT", "UPDATE", "WITH"].iter().all(is_other) {
        return None;
    }
    let tokens = cursor::tokens(sql);
    let mut cursor = Cursor::new(sql, &tokens);
    if cursor.eat(&["DROP", "TABLE"]) {
        cursor.eat(&["IF", "EXISTS"]);
        return Some(Act::DropTable(cursor.qualified_name()?));
    }
    if cursor.eat(&["DROP", "INDEX"]) || cursor.eat(&["DROP", "TRIGGER"]) {
        cursor.eat(&["IF", "EXISTS"]);
        return Some(Act::DropAttached(cursor.qualified_name()?));
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
            // Also behind INSERT OR.
            () if word(0, "REPLACE") && word(1, "INTO") => Some(index + 2),
            // Not the one of an INSERT: its table is another's.
            () if index > 0 && tokens[index - 1].is_word(sql, "DO") => None,
            () if word(0, "UPDATE") && word(1, "OR") => Some(index + 3),
            () if word(0, "UPDATE") => Some(index + 1),
            () => None,
        }
    };
    match (0..tokens.len()).find_map(is_change) {
        Some(at) => Cursor::new(sql, tokens.get(at..)?).qualified_name().map(Act::ChangeRows),
        None => copy(cursor),
    }
}

/// `INSERT INTO table (columns) SELECT …`, and which of the columns are copied as they are.
fn copy(mut cursor: Cursor<'_>) -> Option<Act> {
    let sql = cursor.sql;
    while !cursor.eat(&["INTO"]) {
        cursor.next()?;
    }
    let table = cursor.qualified_name()?;
    let columns = split(sql, cursor.group()?);
    cursor.eat(&["SELECT"]).then_some(())?;
    let rest = cursor.rest();
    let list = rest.iter().position(|token| token.is_word(sql, "FROM")).map_or(rest, |from| &rest[..from]);
    let name = |tokens: &[Token]| tokens.last().map(|token| unquote(token.text(sql)));
    let pairs = columns.iter().zip(split(sql, list)).filter_map(|(to, from)| match from {
        [_] => Some((name(to)?, name(from)?)),
        [_, dot, _] if dot.text(sql) == "." => Some((name(to)?, name(from)?)),
        _ => None,
    });
    Some(Act::Copy(table, pairs.collect()))
}
