//! The argument of a function that a migration runs.

use std::any::Any;
use std::fmt;
use std::ops::Deref;

use revchain_core::Revision;
use rusqlite::Connection;

use crate::report::event::Event;
use crate::settings::ContextValue;

/// The step of a migration in which a function of the program runs.
///
/// A script names the function on a line `-- @code NAME`, and the program passes the function to
/// `embed_migrations!`.
/// The step derefs to the connection, inside the transaction of the request.
///
/// The function may read rows of the chain's tables, and insert, update and delete such rows.
/// SQLite rejects everything else: DDL, PRAGMA, ATTACH, transaction control, the history, and
/// tables of other owners.
/// So the schema after the function is the schema that was proven.
///
/// If the function returns an error or panics, the request rolls back, with all of its revisions.
///
/// ```
/// use revchain::{Step, rusqlite};
///
/// /// Hashes each token that is still in plain text.
/// fn hash_tokens(step: &mut Step<'_>) -> rusqlite::Result<()> {
///     let mut select = step.prepare("SELECT id, token FROM tokens WHERE token IS NOT NULL")?;
///     let tokens = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
///     let tokens: Vec<(i64, String)> = tokens.collect::<rusqlite::Result<_>>()?;
///     let mut update = step.prepare("UPDATE tokens SET hash = ?2, token = NULL WHERE id = ?1")?;
///     for (index, (id, token)) in tokens.iter().enumerate() {
///         update.execute((id, hash(token)))?;
///         step.progress(index as u64 + 1, tokens.len() as u64);
///     }
///     Ok(())
/// }
/// # fn hash(token: &str) -> String { token.to_uppercase() }
/// ```
pub struct Step<'s> {
    pub(super) connection: &'s Connection,
    pub(super) revision: &'s Revision,
    pub(super) function: &'s str,
    pub(super) context: Option<&'s ContextValue>,
    pub(super) emit: &'s dyn Fn(&Event<'_>),
}

impl Step<'_> {
    /// Returns the id of the revision.
    pub fn revision(&self) -> &str {
        self.revision.id()
    }

    /// Returns the value that the program has passed to [`Migrator::context`].
    ///
    /// Returns `None` if the program has passed none, or a value of another type.
    ///
    /// [`Migrator::context`]: crate::Migrator::context
    pub fn context<T: Any>(&self) -> Option<&T> {
        self.context?.downcast_ref()
    }

    /// Emits [`Event::Progress`]: `done` of `total` rows are done.
    ///
    /// A command shows the last values, so a call for every row is fine.
    pub fn progress(&self, done: u64, total: u64) {
        (self.emit)(&Event::Progress {
            revision: self.revision,
            function: self.function,
            done,
            total,
        });
    }
}

impl Deref for Step<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl fmt::Debug for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("revision", &self.revision())
            .field("function", &self.function)
            .finish_non_exhaustive()
    }
}
