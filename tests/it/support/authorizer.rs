//! SQLite's authorizer callback, which sees the actions of every statement.

use std::panic::RefUnwindSafe;
use std::sync::{Arc, Mutex};

use revchain::rusqlite::Connection;
use revchain::rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// Sets the authorizer of a connection.
pub(crate) fn authorize<F>(db: &mut Connection, authorizer: F)
where
    F: for<'r> FnMut(AuthContext<'r>) -> Authorization + Send + RefUnwindSafe + 'static,
{
    // Only newer versions of rusqlite return a result.
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(Some(authorizer));
}

/// Removes the authorizer of a connection.
pub(crate) fn clear_authorizer(db: &mut Connection) {
    #[allow(clippy::let_unit_value)]
    let _ = db.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
}

/// Runs a function and returns its result and the tables that SQLite reads meanwhile, in order.
pub(crate) fn read_by<T>(
    db: &mut Connection,
    run: impl FnOnce(&mut Connection) -> T,
) -> (T, Vec<String>) {
    let tables = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tables);
    authorize(db, move |context| {
        if let AuthAction::Read { table_name, .. } = context.action {
            seen.lock().unwrap().push(table_name.to_owned());
        }
        Authorization::Allow
    });
    let result = run(db);
    clear_authorizer(db);
    let tables = tables.lock().unwrap().clone();
    (result, tables)
}
