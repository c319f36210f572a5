//! Random tables and columns.

use super::model::{Check, Column, Generated, Index, Key, Reference, Schema, Table, Trigger, Type};
use super::rng::Rng;

/// Returns a name that nothing else has; a few of them need quotes.
pub(crate) fn fresh(rng: &mut Rng, schema: &mut Schema, stem: &str) -> String {
    schema.names += 1;
    let number = schema.names;
    match rng.below(12) {
        0 => format!("my {stem} {number}"),
        1 => format!("{stem}größe{number}"),
        _ => format!("{stem}{number}"),
    }
}

pub(crate) fn column(rng: &mut Rng, schema: &mut Schema, strict: bool) -> Column {
    let types = [
        Type::Text,
        Type::Text,
        Type::Text,
        Type::Integer,
        Type::Integer,
        Type::Real,
        Type::Blob,
        Type::Any,
        Type::Numeric,
    ];
    // A STRICT table cannot have a column of the type NUMERIC, which is the last one.
    let ty = rng.pick(&types[..types.len() - usize::from(strict)]);
    let mut column = Column::new(fresh(rng, schema, "c"), ty);
    if rng.chance(45) {
        return column;
    }
    if rng.chance(35) {
        column.check = match (ty, rng.below(2)) {
            (Type::Text, 0) => Some(Check::Words),
            (Type::Text, _) => Some(Check::Short),
            (Type::Integer, 0) => Some(Check::Flag),
            (Type::Integer, _) => Some(Check::Digit),
            _ => None,
        };
    }
    column.not_null = rng.chance(40);
    if rng.chance(40) {
        column.default = default(&column);
    }
    column.unique = column.check.is_none() && column.default.is_none() && rng.chance(20);
    column.no_case = ty == Type::Text && rng.chance(15);
    column
}

/// Returns a default that satisfies the CHECK of the column.
pub(crate) fn default(column: &Column) -> Option<&'static str> {
    match (column.ty, column.check) {
        (_, Some(Check::Words)) => Some("'red'"),
        (_, Some(Check::Short)) => Some("''"),
        (_, Some(Check::Flag | Check::Digit)) => Some("1"),
        (Type::Text, _) => Some("'none'"),
        (Type::Integer | Type::Numeric, _) => Some("3"),
        (Type::Real, _) => Some("0.5"),
        (Type::Blob, _) => Some("x'00'"),
        (Type::Any, _) => None,
    }
}

fn reference(rng: &mut Rng, schema: &mut Schema, to: &str, key: Key) -> Column {
    let ty = key.columns()[0].1;
    let mut column = Column::new(fresh(rng, schema, "p"), ty);
    column.not_null = rng.chance(30);
    let actions = ["", "ON DELETE CASCADE", "DEFERRABLE INITIALLY DEFERRED"];
    column.reference = Some(Reference {
        table: to.to_owned(),
        action: rng.pick(&actions),
    });
    column
}

pub(crate) fn table(rng: &mut Rng, schema: &mut Schema) -> Table {
    let keys = [
        Key::Integer,
        Key::Integer,
        Key::Integer,
        Key::Counter,
        Key::Counter,
        Key::Text,
        Key::TextWithoutRowid,
        Key::Pair,
        Key::None,
    ];
    let name = fresh(rng, schema, "t");
    let mut table = Table::new(name, rng.pick(&keys), Vec::new());
    table.strict = rng.chance(15);
    for _ in 0..=1 + rng.below(3) {
        let column = column(rng, schema, table.strict);
        table.columns.push(column);
    }
    add_references(rng, schema, &mut table);
    add_attached(rng, schema, &mut table);
    table
}

fn add_references(rng: &mut Rng, schema: &mut Schema, table: &mut Table) {
    let mut parents = schema.tables.clone();
    parents.retain(|parent| parent.key.is_single());
    if !parents.is_empty() && rng.chance(50) {
        let parent = parents[rng.below(parents.len())].clone();
        let column = reference(rng, schema, &parent.name, parent.key);
        table.columns.push(column);
    }
    if table.key == Key::Integer && rng.chance(15) {
        let name = table.name.clone();
        let mut column = reference(rng, schema, &name, table.key);
        column.not_null = false;
        table.columns.push(column);
    }
}

/// Adds a generated column, indexes and a trigger.
fn add_attached(rng: &mut Rng, schema: &mut Schema, table: &mut Table) {
    let texts = table.columns.iter();
    let text = texts.rev().find(|column| column.ty == Type::Text);
    let text = text.map(|column| column.name.clone());
    if let Some(source) = text.clone().filter(|_| rng.chance(20)) {
        let mut column = Column::new(fresh(rng, schema, "g"), Type::Text);
        column.generated = Some(Generated {
            function: "lower",
            source,
            storage: rng.pick(&["STORED", "VIRTUAL"]),
        });
        table.columns.push(column);
    }
    if rng.chance(40) {
        let column = table.columns[rng.below(table.columns.len())].clone();
        table.indexes.push(Index {
            name: fresh(rng, schema, "i"),
            column: column.name.clone(),
            unique: column.is_free() && column.ty == Type::Text && rng.chance(30),
            partial: rng.chance(25),
        });
    }
    if let Some(column) = text.filter(|_| rng.chance(15)) {
        let name = fresh(rng, schema, "r");
        table.triggers.push(Trigger { name, column });
    }
}
