//! The values of sample rows.

use rusqlite::types::Value;

use super::hint::ColumnHints;
use super::hints::Hints;
use super::pattern::{matching_glob, matching_like};
use super::table::{Affinity, Column};

/// The kind of a sample row, which decides the values that the row gets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowKind {
    /// A row whose values differ from all other values.
    Distinct,
    /// A row whose texts are digits with a leading zero.
    Digits,
    /// A row that repeats the values of the row with this number.
    Duplicate(usize),
    /// A row with NULL in each column that allows NULL.
    Null,
    /// A row with NULL in the columns whose position has this bit, or lacks it.
    ///
    /// The rows for three bits tell any two of the first eight columns apart.
    NullInSome { bit: usize, is_set: bool },
    /// A row with empty texts and zeros.
    Empty,
    /// A row with long texts, negative numbers, and blobs that are no text.
    Extreme,
    /// A row whose unique texts differ from those of the first row only in their case.
    Uppercase,
    /// A row whose unique texts differ from those of the first row only in blanks around them.
    Padded,
}

impl RowKind {
    /// Returns `true` if a row of this kind prefers NULL in the column at `position`.
    pub(super) fn is_null(self, position: usize) -> bool {
        match self {
            Self::Null => true,
            Self::NullInSome { bit, is_set } => ((position >> bit) & 1 == 1) == is_set,
            _ => false,
        }
    }

    /// Returns a unique text of the first row as a row of this kind has it.
    pub(super) fn variant(self, text: &str) -> Option<String> {
        match self {
            Self::Uppercase => Some(text.to_uppercase()),
            Self::Padded => Some(format!(" {text} ")),
            _ => None,
        }
    }
}

/// The position of a row: its number in the table, and the number of the column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) kind: RowKind,
    /// A number that no other cell has. It is large for a key, and small for other cells.
    pub(super) number: i64,
}

/// The hints for the columns of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableHints<'h> {
    /// The hints from the table, its indexes and its triggers.
    pub(super) own: &'h Hints,
    /// The hints from the scripts of the revision.
    pub(super) script: &'h Hints,
    /// `true` if a script inserts rows into the table, so that a key can be one of the script's.
    pub(super) gets_keys: bool,
}

impl<'h> TableHints<'h> {
    fn of(self, column: &Column) -> impl Iterator<Item = &'h ColumnHints> {
        [self.own, self.script]
            .into_iter()
            .filter_map(|hints| hints.get(&column.name))
    }
}

/// Returns the values to try for a cell, the preferred value first.
pub(super) fn candidates(column: &Column, place: Place, hints: TableHints<'_>) -> Vec<Value> {
    let distinct = distinct_value(column, place);
    let mut values = Vec::new();
    // These rows have a NULL in some columns, and values next to a condition in the others.
    let is_boundary = matches!(place.kind, RowKind::NullInSome { .. });
    let is_null = place.kind.is_null(place.column) && !column.is_required;
    if is_boundary && !is_null {
        values.extend(boundary_value(column, place, hints));
    }
    let checks_json = hints.script.checks_json(&column.name);
    let must_be_json = column.is_json && !checks_json || hints.own.reads_json(&column.name);
    let json = hints.of(column).any(|hints| hints.is_json);
    let date = hints.of(column).any(|hints| hints.is_date);
    if is_null {
        values.push(Value::Null);
    } else if json {
        // Without a constraint or a type that says so, a user's row can have any text.
        if matches!(place.kind, RowKind::Empty | RowKind::Extreme) && !must_be_json {
            values.extend(preferred(column, place));
        }
        if place.kind == RowKind::Digits && !column.must_differ() {
            values.extend(column.default.clone());
        }
        values.extend(json_values(place, hints));
    } else if date {
        values.extend(date_values(place));
    } else {
        let domain = domain(column, hints, &distinct);
        if domain.is_empty() || column.must_differ() {
            values.extend(preferred(column, place));
        } else {
            if domain.contains(&distinct) {
                values.extend(preferred(column, place));
            }
            let start = pattern_index(place, domain.len());
            let (before, after) = domain.split_at(start);
            values.extend(after.iter().chain(before).cloned());
        }
    }
    values.push(distinct);
    values.extend(fallbacks(column, place, hints));
    values.retain(|value| *value == Value::Null || fits(column, value));
    if !column.is_required {
        values.push(Value::Null);
    }
    let mut unique: Vec<Value> = Vec::with_capacity(values.len());
    for value in values {
        if !unique.contains(&value) {
            unique.push(value);
        }
    }
    unique
}

/// Returns the index of a cell's value in its domain.
///
/// The indexes of two columns differ in at least one row, so the values identify the column.
fn pattern_index(place: Place, length: usize) -> usize {
    // With two values, these numbers would give the same value to all rows.
    let column = place.column + usize::from(place.column >= 10);
    let exponent = u32::try_from(place.row).unwrap_or_default();
    let digit = column / length.saturating_pow(exponent).max(1) % length;
    (digit + place.row) % length
}

/// Returns the values of a column that takes only some values; empty if any value is possible.
///
/// The values lie on both sides of each condition that compares the column with a literal.
fn domain(column: &Column, hints: TableHints<'_>, distinct: &Value) -> Vec<Value> {
    if column.is_boolean {
        return vec![Value::Integer(0), Value::Integer(1)];
    }
    let conditions: Vec<&Vec<Value>> = hints
        .of(column)
        .flat_map(|hints| &hints.conditions)
        .collect();
    let mut values: Vec<Value> = Vec::new();
    let literals = conditions.iter().copied().flatten();
    for value in literals.chain(&column.default) {
        if fits(column, value) && !values.contains(value) {
            values.push(value.clone());
        }
    }
    if conditions.is_empty() {
        return Vec::new();
    }
    let covers_both_sides = conditions
        .iter()
        .all(|condition| values.iter().any(|value| !condition.contains(value)));
    if !covers_both_sides {
        values.push(distinct.clone());
    }
    values
}

/// Returns a value for which a condition of the scripts is true or false, another in each row.
///
/// A key gets no value that a script writes or may write: the script would fail on the same key.
fn boundary_value(column: &Column, place: Place, hints: TableHints<'_>) -> Option<Value> {
    if column.must_differ() && hints.gets_keys {
        return None;
    }
    let script = hints.script;
    let hints = script.get(&column.name)?;
    let seed = usize::try_from(place.number).unwrap_or_default();
    let mut values: Vec<Value> = hints
        .bounds
        .iter()
        .flat_map(|bound| near(bound, 0))
        .collect();
    let globs = hints.globs.iter().map(|glob| matching_glob(glob, seed));
    let likes = hints.likes.iter().map(|like| matching_like(like, seed));
    values.extend(globs.chain(likes).map(Value::Text));
    let parts = hints.parts.iter();
    let parts = parts.flat_map(|part| [part.clone(), format!("{part}{seed}")]);
    values.extend(parts.map(Value::Text));
    if column.must_differ() {
        values.extend(hints.conditions.iter().flatten().cloned());
        // Few programs use an empty text as a key.
        let is_empty = |value: &Value| matches!(value, Value::Text(text) if text.is_empty());
        values.retain(|value| !script.writes(value) && !is_empty(value));
    }
    values.retain(|value| fits(column, value));
    // A column that allows NULL has a value in one of the two rows for each bit.
    let number = match place.kind {
        RowKind::NullInSome { bit, is_set } if column.is_required => 2 * bit + usize::from(is_set),
        RowKind::NullInSome { bit, .. } => bit,
        _ => place.row,
    };
    let index = (number + place.column) % values.len().max(1);
    values.into_iter().nth(index)
}

/// Returns a value that no other cell has.
fn distinct_value(column: &Column, place: Place) -> Value {
    let number = place.number;
    let text = format!("revchain {} {number}", column.name);
    match column.affinity {
        Affinity::Integer | Affinity::Numeric => Value::Integer(number),
        Affinity::Real => Value::Real(with_fraction(number)),
        Affinity::Text => Value::Text(text),
        Affinity::Blob if column.has_no_type => Value::Text(text),
        Affinity::Blob => Value::Blob([text.as_bytes(), &[0xff]].concat()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the number is small")]
fn with_fraction(number: i64) -> f64 {
    number as f64 + 0.5
}

/// Returns the preferred value of a cell for the kind of its row.
fn preferred(column: &Column, place: Place) -> Option<Value> {
    let number = place.number;
    let is_text = column.affinity == Affinity::Text;
    let is_blob = column.affinity == Affinity::Blob && !column.has_no_type;
    let is_text = is_text || column.has_no_type;
    match place.kind {
        RowKind::Digits if is_text => Some(Value::Text(format!("0{number}"))),
        RowKind::Digits => column.default.clone().filter(|_| !column.must_differ()),
        RowKind::Empty if column.must_differ() => None,
        RowKind::Empty if is_text => Some(Value::Text(String::new())),
        RowKind::Empty if is_blob => Some(Value::Blob(Vec::new())),
        RowKind::Empty => Some(Value::Integer(0)),
        RowKind::Extreme if column.must_differ() => None,
        RowKind::Extreme if is_text => Some(Value::Text("Ä Long, Text/ ".repeat(50))),
        RowKind::Extreme if is_blob => Some(Value::Blob(vec![0xff, 0x00, 0xfe])),
        RowKind::Extreme => Some(Value::Integer(-number)),
        _ => None,
    }
}

/// Returns JSON texts. The first text has each key that the statements read.
fn json_values(place: Place, hints: TableHints<'_>) -> Vec<Value> {
    let number = place.number;
    let paths = [hints.own, hints.script]
        .into_iter()
        .flat_map(Hints::json_paths);
    let mut members: Vec<String> = paths
        .map(|path| {
            let value = format!("\"revchain {number}\"");
            let keys = path.split('.').rev();
            keys.fold(value, |value, key| format!("{{\"{key}\": {value}}}"))
        })
        .map(|object| object[1..object.len() - 1].to_owned())
        .collect();
    members.push(format!("\"revchain\": {number}"));
    members.dedup();
    let mut texts = vec![
        format!("{{{}}}", members.join(", ")),
        format!("[{number}, \"revchain\"]"),
        format!("\"revchain {number}\""),
    ];
    if place.kind == RowKind::Empty {
        texts.insert(0, "{}".to_owned());
    }
    texts.into_iter().map(Value::Text).collect()
}

fn date_values(place: Place) -> Vec<Value> {
    let number = place.number.unsigned_abs();
    let date = format!(
        "{:04}-{:02}-{:02}",
        1990 + number / 336 % 60,
        number / 28 % 12 + 1,
        number % 28 + 1
    );
    let texts = [
        format!("{date} 12:00:00"),
        format!("{date}T12:00:00Z"),
        date,
    ];
    texts.map(Value::Text).to_vec()
}

/// Returns the values to try if a constraint rejects the preferred values.
fn fallbacks(column: &Column, place: Place, hints: TableHints<'_>) -> Vec<Value> {
    let number = place.number;
    let seed = usize::try_from(number).unwrap_or_default();
    let mut values = Vec::new();
    // A script that inserts a literal key would fail on the same key.
    let script = Some(hints.script).filter(|_| !column.must_differ());
    let usable = [Some(hints.own), script].into_iter().flatten();
    for hints in usable.filter_map(|hints| hints.get(&column.name)) {
        values.extend(hints.conditions.iter().flatten().cloned());
        for bound in &hints.bounds {
            values.extend(near(bound, place.row));
        }
        let globs = hints.globs.iter().map(|glob| matching_glob(glob, seed));
        let likes = hints.likes.iter().map(|like| matching_like(like, seed));
        values.extend(globs.chain(likes).map(Value::Text));
        let parts = hints.parts.iter();
        let parts = parts.flat_map(|part| [format!("{part}{number}"), format!("{number}{part}")]);
        values.extend(parts.map(Value::Text));
        let open = hints.globs.iter().filter(|glob| glob.ends_with('*'));
        for (glob, &length) in open.flat_map(|glob| hints.lengths.iter().map(move |n| (glob, n))) {
            let start = matching_glob(glob.trim_end_matches('*'), seed);
            let count = length.min(1_000).saturating_sub(start.chars().count());
            values.push(Value::Text(format!("{start}{seed:0>count$}")));
        }
        for &length in &hints.lengths {
            values.extend(with_length(column, length, seed));
        }
    }
    let small = i64::try_from(place.row).unwrap_or_default() + 1;
    values.extend([small, 0, 1, -1, number, -number].map(Value::Integer));
    values.extend([0.5, -0.5].map(Value::Real));
    values.extend(json_values(place, hints));
    values.extend(date_values(place));
    let texts = [
        format!("r{number}"),
        format!("R{number}"),
        format!("{number}"),
        format!("r{number}@example.org"),
        format!("https://example.org/{number}"),
        format!("00000000-0000-4000-8000-{number:012}"),
        "a".to_owned(),
        "revchain".to_owned(),
        String::new(),
    ];
    values.extend(texts.map(Value::Text));
    values
}

/// Returns numbers on both sides of a bound.
fn near(bound: &Value, row: usize) -> Vec<Value> {
    let row = i64::try_from(row).unwrap_or_default();
    match bound {
        Value::Integer(number) => [row + 1, 0, -row - 1]
            .map(|offset| Value::Integer(number.saturating_add(offset)))
            .to_vec(),
        Value::Real(number) => [0.5, 0.0, -0.5]
            .map(|offset| Value::Real(number + offset))
            .to_vec(),
        other => vec![other.clone()],
    }
}

/// Returns texts or blobs of about this length.
fn with_length(column: &Column, length: usize, seed: usize) -> Vec<Value> {
    // A CHECK can contain any number, but a long value serves no purpose.
    let lengths = [length, length + 1, length.saturating_sub(1)];
    let lengths = lengths.into_iter().filter(|&length| length <= 100_000);
    lengths
        .map(|length| {
            let mut digits = format!("{seed:0>length$}");
            let text = digits.split_off(digits.len() - length);
            match column.affinity {
                Affinity::Blob => Value::Blob(text.into_bytes()),
                _ => Value::Text(text),
            }
        })
        .collect()
}

fn fits(column: &Column, value: &Value) -> bool {
    match value {
        Value::Integer(_) | Value::Real(_) => column.affinity != Affinity::Text,
        Value::Text(_) => !matches!(column.affinity, Affinity::Integer | Affinity::Real),
        Value::Blob(_) => column.affinity == Affinity::Blob,
        Value::Null => false,
    }
}
