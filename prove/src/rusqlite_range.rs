//! The differences between the versions of rusqlite that this crate accepts.

/// Drops the result of setting a hook: `()` or a `Result`, depending on the version of rusqlite.
pub(crate) fn drop_result<T>(_: T) {}
