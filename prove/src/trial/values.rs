//! Comparisons of values before and after a script.

use rusqlite::types::Value;

/// Returns `true` if both values are the same, or if a conversion between them loses nothing.
///
/// So `7`, `7.0` and `'7'` are the same, and `'007'` differs from `7`.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    a == b || matches!((canonical(a), canonical(b)), (Some(a), Some(b)) if a == b)
}

/// Returns the shortest text for a value; `None` for NULL.
///
/// Two values are the same if they have the same text.
pub(super) fn canonical(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string().into_bytes()),
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        Value::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some((*number as i64).to_string().into_bytes())
        }
        Value::Real(number) => Some(number.to_string().into_bytes()),
        Value::Text(text) => Some(text.clone().into_bytes()),
        Value::Blob(bytes) => Some(bytes.clone()),
    }
}

/// Returns `true` if SQLite's numeric affinity converts the text to a number and loses characters.
pub(super) fn is_lossy_conversion(old: &Value, new: &Value) -> bool {
    let Value::Text(text) = old else {
        return false;
    };
    let number: Option<f64> = text.trim().parse().ok();
    #[expect(clippy::cast_precision_loss, reason = "sample values are small")]
    let stored = match new {
        Value::Integer(number) => Some(*number as f64),
        Value::Real(number) => Some(*number),
        _ => None,
    };
    number.is_some() && number == stored && !same(old, new)
}

/// Returns `true` if the new value is only a part of the old value: a number without its fraction,
/// or a piece of a text.
pub(super) fn is_part(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Real(old), new) => {
            #[expect(clippy::cast_precision_loss, reason = "sample values are small")]
            let new = match new {
                Value::Integer(new) => *new as f64,
                Value::Real(new) => *new,
                _ => return false,
            };
            old.fract() != 0.0 && (new == old.trunc() || new == old.round())
        }
        (Value::Text(old), Value::Text(new)) => {
            new.len() < old.len() && !new.is_empty() && old.contains(new.as_str())
        }
        _ => false,
    }
}

/// Returns `true` if a column without the value would lose something.
///
/// NULL, an empty text and an empty blob count as no value.
pub(super) fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Text(text) => !text.is_empty(),
        Value::Blob(bytes) => !bytes.is_empty(),
        _ => true,
    }
}

/// Returns `true` if the value is unlikely to occur in two places by chance.
///
/// The sample values of flags and lists are not identifying, and neither is NULL.
pub(super) fn is_identifying(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Integer(number) => number.unsigned_abs() > 300,
        Value::Real(number) => number.abs() > 300.0,
        Value::Text(text) => text.chars().count() >= 4,
        Value::Blob(bytes) => bytes.len() >= 4,
    }
}

/// Returns the value as SQL, shortened to one line.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) if text.chars().count() > 24 => {
            let start: String = text.chars().take(20).collect();
            format!("'{start}…'")
        }
        Value::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Blob(bytes) => {
            let start = bytes.iter().take(8).map(|byte| format!("{byte:02x}"));
            let more = if bytes.len() > 8 { "…" } else { "" };
            format!("x'{}{more}'", start.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::{is_lossy_conversion, same};

    #[test]
    fn conversion_that_can_be_reverted_loses_nothing() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert!(same(&Value::Integer(7), &text("7")));
        assert!(same(&Value::Real(7.0), &Value::Integer(7)));
        assert!(!same(&Value::Null, &Value::Null) || Value::Null == Value::Null);
        assert!(is_lossy_conversion(&text("007"), &Value::Integer(7)));
        assert!(!is_lossy_conversion(&text("7"), &Value::Integer(7)));
        assert!(!is_lossy_conversion(&text("seven"), &Value::Integer(7)));
    }
}
