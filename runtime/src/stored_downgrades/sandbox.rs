//! The sandbox: stored SQL can change only the tables of its database.

use rusqlite::Connection;

use super::allow_list::AllowList;
use super::untrusted_schema::UntrustedSchema;
use crate::report::error::{Context, Error, Operation};
use crate::session::guard::Guard;

/// Calls `run`, which executes untrusted SQL, under the rules of an [`AllowList`].
pub(crate) fn run_in_sandbox<T>(
    guard: &Guard,
    connection: &Connection,
    run: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    let allow_list = AllowList::read(connection).context(Operation::Configure)?;
    let _schema = UntrustedSchema::new(connection).context(Operation::Configure)?;
    guard.run(allow_list, run)
}
