//! The progress of a job, as its function sees it.

use std::any::{Any, type_name};

use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, ToSqlOutput, Type, Value, ValueRef};

use crate::settings::ContextValue;

/// The progress of a job: what its function has stored, and stores for the next call.
///
/// revchain commits the progress in the same transaction as the rows that the function changes.
/// So after a crash, the function goes on with the watermark of the last commit.
#[derive(Debug)]
pub struct Progress<'p> {
    revision: &'p str,
    watermark: Value,
    context: Option<&'p ContextValue>,
    /// The number of rows that are done, and of all rows.
    rows: Option<(u64, u64)>,
}

impl<'p> Progress<'p> {
    pub(super) fn new(
        revision: &'p str,
        watermark: Value,
        context: Option<&'p ContextValue>,
    ) -> Self {
        Self {
            revision,
            watermark,
            context,
            rows: None,
        }
    }

    /// Returns the watermark that the function stored last; `None` before the first.
    ///
    /// # Errors
    ///
    /// Fails if the watermark does not have the type `T`.
    pub fn watermark<T: FromSql>(&self) -> rusqlite::Result<Option<T>> {
        let value = ValueRef::from(&self.watermark);
        if value == ValueRef::Null {
            return Ok(None);
        }
        let converted = T::column_result(value);
        converted.map(Some).map_err(|error| {
            let (of, wanted) = (value.data_type(), type_name::<T>());
            let is = if of == Type::Integer { "is an" } else { "is a" };
            let text = match error {
                FromSqlError::InvalidType => format!("the watermark {is} {of}, not a `{wanted}`"),
                FromSqlError::OutOfRange(number) => {
                    format!(
                        "the watermark is {number}, which is outside of the range of `{wanted}`"
                    )
                }
                error => format!("the watermark {is} {of}, but no `{wanted}`: {error}"),
            };
            conversion(of, text.into())
        })
    }

    /// Stores a watermark, such as the key of the last row that is done, for the next call.
    ///
    /// # Errors
    ///
    /// Fails if the value is not one that SQLite can store, such as NaN.
    pub fn set_watermark(&mut self, watermark: impl ToSql) -> rusqlite::Result<()> {
        let invalid = |error: &str| Err(rusqlite::Error::ToSqlConversionFailure(error.into()));
        let watermark = match watermark.to_sql()? {
            ToSqlOutput::Borrowed(value) => owned(value)?,
            ToSqlOutput::Owned(value) => value,
            _ => return invalid("a watermark is a number, a text or a blob"),
        };
        // SQLite stores NULL for NaN, and NaN differs from itself, so the job would never end.
        if matches!(watermark, Value::Real(number) if number.is_nan()) {
            return invalid("a watermark cannot be NaN");
        }
        self.watermark = watermark;
        Ok(())
    }

    /// Reports the rows that the job has done so far, and the number of all rows.
    ///
    /// revchain stores both numbers, and emits [`Event::JobProgress`](crate::Event::JobProgress)
    /// after the commit.
    pub fn rows(&mut self, done: u64, total: u64) {
        self.rows = Some((done, total));
    }

    /// Returns the id of the job's revision.
    pub fn revision(&self) -> &str {
        self.revision
    }

    /// Returns the value that the program has passed to
    /// [`Migrator::context`](crate::Migrator::context).
    ///
    /// Returns `None` if the program has passed none, or a value of another type.
    pub fn context<T: Any>(&self) -> Option<&T> {
        self.context?.downcast_ref()
    }

    pub(super) fn value(&self) -> &Value {
        &self.watermark
    }

    pub(super) fn reported_rows(&self) -> Option<(u64, u64)> {
        self.rows
    }
}

/// Returns a copy of a value. Older versions of rusqlite panic if a text is not UTF-8.
fn owned(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => match String::from_utf8(text.to_vec()) {
            Ok(text) => Value::Text(text),
            Err(error) => return Err(conversion(Type::Text, Box::new(error))),
        },
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
    })
}

fn conversion(
    value_type: Type,
    source: Box<dyn std::error::Error + Send + Sync>,
) -> rusqlite::Error {
    // The watermark is no column of the function's query, so it has no index.
    rusqlite::Error::FromSqlConversionFailure(usize::MAX, value_type, source)
}
