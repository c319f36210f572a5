//! Random rows, such as those of users, in a database at any revision.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::model::{Check, Column, Key, Schema, Table, Type};
use super::rng::Rng;
use super::sql::{list, q};

/// Inserts up to `most` rows into each table, then deletes some.
///
/// SQLite rejects some of the rows, for example duplicates: then the table has fewer rows.
pub(crate) fn insert(db: &Connection, rng: &mut Rng, schema: &Schema, most: usize) {
    db.execute_batch("PRAGMA foreign_keys = ON").unwrap();
    // A table may reference a table that comes later, so the second pass finds more parents.
    for _ in 0..2 {
        for table in &schema.tables {
            for _ in 0..rng.below(most + 1) {
                insert_row(db, rng, table);
            }
        }
    }
    for table in &schema.tables {
        delete_some(db, rng, table);
    }
}

fn insert_row(db: &Connection, rng: &mut Rng, table: &Table) {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (name, ty) in table.key.columns() {
        let is_automatic = matches!(table.key, Key::Integer | Key::Counter) && rng.chance(60);
        if !is_automatic {
            names.push(*name);
            values.push(key_value(rng, *ty));
        }
    }
    for column in &table.columns {
        let is_left_out = column.default.is_some() && rng.chance(20);
        if column.generated.is_none() && !is_left_out {
            names.push(&column.name);
            values.push(value(db, rng, column));
        }
    }
    let marks = vec!["?"; names.len()].join(", ");
    let (to, names) = (q(&table.name), list(&names));
    let sql = if marks.is_empty() {
        format!("INSERT INTO {to} DEFAULT VALUES")
    } else {
        format!("INSERT INTO {to} ({names}) VALUES ({marks})")
    };
    // SQLite rejects duplicates, children of parents that are no longer there, and so on.
    let _ = db.execute(&sql, params_from_iter(values));
}

/// Deletes rows in the middle and at the end, so that there are gaps, and counters above the rows.
fn delete_some(db: &Connection, rng: &mut Rng, table: &Table) {
    let name = q(&table.name);
    if matches!(table.key, Key::Integer | Key::Counter) && rng.chance(60) {
        let sql = format!("DELETE FROM {name} WHERE id = (SELECT max(id) FROM {name})");
        // A child may need the row.
        let _ = db.execute(&sql, []);
    }
    if table.key != Key::TextWithoutRowid && rng.chance(40) {
        let row = rng.below(4);
        let sql = format!(
            "DELETE FROM {name} WHERE rowid = (SELECT rowid FROM {name} LIMIT 1 OFFSET {row})"
        );
        let _ = db.execute(&sql, []);
    }
}

fn key_value(rng: &mut Rng, ty: Type) -> Value {
    if ty == Type::Integer {
        let number = [0, -5, 7, 10, 1000, 40_000, 999_999][rng.below(7)];
        return Value::Integer(number + i64::try_from(rng.below(50)).unwrap());
    }
    let number = rng.below(1000);
    let text = match rng.below(6) {
        0 => format!("0{number}"),
        1 => format!("ключ {number}"),
        2 => format!("K{number}"),
        3 => format!("k{number}"),
        _ => format!("{number}"),
    };
    Value::Text(text)
}

fn value(db: &Connection, rng: &mut Rng, column: &Column) -> Value {
    if !column.not_null && rng.chance(25) {
        return Value::Null;
    }
    if let Some(reference) = &column.reference {
        let row = rng.below(6);
        let parent = q(&reference.table);
        let sql = format!("SELECT id FROM {parent} ORDER BY id LIMIT 1 OFFSET {row}");
        let parent: Option<Value> = db.query_row(&sql, [], |row| row.get(0)).optional().unwrap();
        return parent.unwrap_or(Value::Null);
    }
    match column.check {
        Some(Check::Words) => text(rng.pick(&["red", "green", "blue"])),
        Some(Check::Flag) => integer(rng, &[0, 1]),
        Some(Check::Digit) => integer(rng, &[1, 2, 5, 9]),
        Some(Check::Short) => text(rng.pick(&["", "a", "007", "short", "süß", "A b"])),
        None => free_value(rng, column.ty),
    }
}

fn integer(rng: &mut Rng, numbers: &[i64]) -> Value {
    Value::Integer(rng.pick(numbers))
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn free_value(rng: &mut Rng, ty: Type) -> Value {
    let number = rng.below(90);
    match ty {
        Type::Integer => integer(rng, &[0, 1, 1, 2, 3, -1, 77, 1234, i64::MAX, i64::MIN]),
        Type::Text => free_text(rng),
        Type::Real => Value::Real(rng.pick(&[0.5, -1.25, 1e300, 2.75, 1e-9, 0.1])),
        Type::Blob => Value::Blob(match number % 4 {
            0 => Vec::new(),
            1 => vec![0, 0xff, 0xfe],
            2 => vec![b'a', 0x80],
            _ => vec![u8::try_from(number).unwrap(); 40],
        }),
        Type::Numeric => match number % 3 {
            0 => Value::Real(1.5),
            1 => text("about ten"),
            _ => integer(rng, &[4, 5, 6, 1_000_000]),
        },
        Type::Any => match number % 4 {
            0 => free_text(rng),
            1 => integer(rng, &[8, 9, 10]),
            2 => Value::Real(2.5),
            _ => Value::Blob(vec![0xc3, 0x28]),
        },
    }
}

fn free_text(rng: &mut Rng) -> Value {
    let number = rng.below(500);
    match rng.below(16) {
        0 => text(""),
        1 | 2 => text("a"),
        3 => text("A"),
        4 => text("0123"),
        5 => Value::Text(format!("00{number}")),
        6 => text("1e5"),
        7 => text("  padded  "),
        8 => text("it's \"quoted\""),
        9 => Value::Text("long ".repeat(60)),
        10 => text("größer 😀 e\u{301}"),
        11 => text("NULL"),
        12 => text("2024-02-29"),
        13 => text("{\"a\": [1]}"),
        _ => Value::Text(format!("word {number}")),
    }
}
