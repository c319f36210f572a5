//! The draft of a step: its SQL, and the place that each value is to have after the step.

use std::collections::BTreeMap;

use super::model::{Column, Schema, Table};
use super::rng::Rng;
use super::sql::{Transfer, list, q, rebuild};

/// The relation of the results of the two queries of an expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// The same rows, in any order.
    Equal,
    /// One number, which must not have fallen.
    NotLess,
}

/// A statement on the values of a database before and after a step.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    pub(crate) subject: String,
    /// The query before the step.
    pub(crate) before: String,
    /// The query after the step.
    pub(crate) after: String,
    pub(crate) relation: Relation,
}

/// A step of a chain, which becomes a migration file.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) kind: &'static str,
    pub(crate) header: Vec<String>,
    pub(crate) upgrade: Vec<String>,
    /// The statements of the downgrade; empty if the step is irreversible.
    pub(crate) downgrade: Vec<String>,
    /// The schema that an author means to have after the step.
    pub(crate) after: Schema,
    pub(crate) expectations: Vec<Expectation>,
    /// The downgrade gives back each value from before the upgrade.
    pub(crate) restores: bool,
}

/// The origin of the rows and the values of a table. Default: all from the table of this name.
#[derive(Debug, Default)]
pub(crate) struct Intent {
    /// The name of the table before the step.
    origin: Option<String>,
    /// The expressions that give the values of columns from the row before.
    expressions: BTreeMap<String, String>,
    /// The text after `FROM table` for the rows that stay.
    before_tail: String,
    /// The text after `FROM table` for the rows that are not new.
    after_tail: String,
}

impl Intent {
    pub(crate) fn origin(&mut self, name: &str) -> &mut Self {
        self.origin = Some(name.to_owned());
        self
    }

    pub(crate) fn value(&mut self, column: &str, expression: impl Into<String>) -> &mut Self {
        let column = column.to_owned();
        self.expressions.insert(column, expression.into());
        self
    }

    pub(crate) fn keeps(&mut self, tail: impl Into<String>) -> &mut Self {
        self.before_tail = tail.into();
        self
    }

    pub(crate) fn old_rows(&mut self, tail: impl Into<String>) -> &mut Self {
        self.after_tail = tail.into();
        self
    }
}

pub(crate) struct Draft<'r> {
    pub(crate) rng: &'r mut Rng,
    pub(crate) before: Schema,
    pub(crate) after: Schema,
    pub(crate) header: Vec<String>,
    pub(crate) upgrade: Vec<String>,
    pub(crate) downgrade: Vec<String>,
    pub(crate) expectations: Vec<Expectation>,
    pub(crate) restores: bool,
    intents: BTreeMap<String, Intent>,
}

impl<'r> Draft<'r> {
    pub(crate) fn new(rng: &'r mut Rng, before: &Schema) -> Self {
        Self {
            rng,
            before: before.clone(),
            after: before.clone(),
            header: Vec::new(),
            upgrade: Vec::new(),
            downgrade: Vec::new(),
            expectations: Vec::new(),
            restores: false,
            intents: BTreeMap::new(),
        }
    }

    /// Returns a random table that satisfies a condition.
    pub(crate) fn table(&mut self, is_fit: impl Fn(&Schema, &Table) -> bool) -> Option<Table> {
        let schema = &self.before;
        let tables = schema.tables.iter().filter(|table| is_fit(schema, table));
        let tables: Vec<&Table> = tables.collect();
        if tables.is_empty() {
            return None;
        }
        Some((self.rng.pick(&tables)).clone())
    }

    /// Returns a random table and one of its columns that satisfies a condition.
    pub(crate) fn column(
        &mut self,
        is_fit: impl Fn(&Schema, &Table, &Column) -> bool,
    ) -> Option<(Table, Column)> {
        let schema = &self.before;
        let mut found = Vec::new();
        for table in &schema.tables {
            for column in &table.columns {
                if column.generated.is_none() && is_fit(schema, table, column) {
                    found.push((table, column));
                }
            }
        }
        if found.is_empty() {
            return None;
        }
        let (table, column) = self.rng.pick(&found);
        Some((table.clone(), column.clone()))
    }

    pub(crate) fn run(&mut self, sql: impl Into<String>) {
        self.upgrade.push(sql.into());
    }

    pub(crate) fn back(&mut self, sql: impl Into<String>) {
        self.downgrade.push(sql.into());
    }

    pub(crate) fn declare(&mut self, directive: impl Into<String>) {
        self.header.push(directive.into());
    }

    pub(crate) fn intent(&mut self, table: &str) -> &mut Intent {
        self.intents.entry(table.to_owned()).or_default()
    }

    /// Expects that a query after the step has the rows of a query before the step.
    pub(crate) fn expect(&mut self, before: impl Into<String>, after: impl Into<String>) {
        let (before, after) = (before.into(), after.into());
        self.expectations.push(Expectation {
            subject: after.clone(),
            before,
            after,
            relation: Relation::Equal,
        });
    }

    /// Writes a sound rebuild, and often the rebuild that reverts it.
    pub(crate) fn rebuild(&mut self, old: &Table, new: &Table, copy: &Transfer) {
        self.rebuild_as(old, new, new, copy);
        let names = new.stored();
        let is_complete = old.stored().iter().all(|name| names.contains(name));
        if is_complete && self.rng.chance(60) {
            let back = Transfer::of(new, old);
            self.downgrade = rebuild(&self.after, new, old, &back);
            self.restores = copy.pairs == Transfer::of(old, new).pairs && copy.tail.is_empty();
        }
    }

    /// Writes a rebuild that makes the table `made`, where the author means to make `new`.
    pub(crate) fn rebuild_as(&mut self, old: &Table, made: &Table, new: &Table, copy: &Transfer) {
        let statements = rebuild(&self.before, old, made, copy);
        self.upgrade.extend(statements);
        *self.after.table_mut(&old.name) = new.clone();
    }

    pub(crate) fn finish(mut self, kind: &'static str) -> Step {
        for table in &self.after.tables {
            let intent = self.intents.remove(&table.name).unwrap_or_default();
            let origin = intent.origin.clone();
            let origin = origin.unwrap_or_else(|| table.name.clone());
            let Some(old) = self.before.table(&origin) else {
                continue;
            };
            self.expectations.extend(contents(old, table, &intent));
            if old.key == super::model::Key::Counter {
                self.expectations.push(counter(old, table));
            }
        }
        Step {
            kind,
            header: self.header,
            upgrade: self.upgrade,
            downgrade: self.downgrade,
            after: self.after,
            expectations: self.expectations,
            restores: self.restores,
        }
    }
}

/// Returns the expectation for all columns of a table that have a value before the step.
fn contents(old: &Table, new: &Table, intent: &Intent) -> Option<Expectation> {
    let known = old.names();
    let (mut values, mut names) = (Vec::new(), Vec::new());
    for name in new.names() {
        if let Some(expression) = intent.expressions.get(name) {
            values.push(expression.clone());
        } else if known.contains(&name) {
            values.push(q(name));
        } else {
            continue;
        }
        names.push(name);
    }
    if names.is_empty() {
        return None;
    }
    let (from, to) = (q(&old.name), q(&new.name));
    let (values, names) = (values.join(", "), list(&names));
    Some(Expectation {
        subject: new.name.clone(),
        before: format!("SELECT {values} FROM {from} {}", intent.before_tail),
        after: format!("SELECT {names} FROM {to} {}", intent.after_tail),
        relation: Relation::Equal,
    })
}

fn counter(old: &Table, new: &Table) -> Expectation {
    let query = |name: &str| {
        format!("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{name}'")
    };
    Expectation {
        subject: format!("the counter of {}", new.name),
        before: query(&old.name),
        after: query(&new.name),
        relation: Relation::NotLess,
    }
}
