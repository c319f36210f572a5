//! A chain of migrations that is proven for a cluster.

use std::borrow::Cow;
use std::ops::Deref;

use crate::migrations::Migrations;

/// A chain of migrations that is proven for a database on several machines.
///
/// `embed_migrations!("…", replicated = "009")` makes the value, which a program keeps in a
/// `static`. An engine for a cluster takes only this type.
/// The proof for a cluster checks that each replica comes to the same database, and that no row
/// is lost while foreign keys are enforced.
///
/// The value is also a [`Migrations`], for a database on one machine.
///
/// ```
/// use revchain::{Replicated, embed_migrations};
///
/// static MIGRATIONS: Replicated = embed_migrations!("../migrations", replicated = "005");
///
/// assert_eq!(MIGRATIONS.after(), Some("005"));
/// assert_eq!(MIGRATIONS.head().map(|head| head.id()), Some("009"));
/// ```
#[derive(Debug, Clone)]
#[must_use = "migrations do nothing until a database is upgraded with them"]
pub struct Replicated {
    migrations: Migrations,
    after: Cow<'static, str>,
    needs_file: &'static str,
}

impl Replicated {
    /// Makes the value that the macro embeds. `after` is `""` if all revisions are proven, and
    /// `needs_file` is `""` if there is no reason.
    #[doc(hidden)]
    pub const fn new(
        migrations: Migrations,
        after: &'static str,
        needs_file: &'static str,
    ) -> Self {
        Self {
            migrations,
            after: Cow::Borrowed(after),
            needs_file,
        }
    }

    /// Makes a value from a chain that was read and proven for a cluster at run time.
    #[doc(hidden)]
    pub fn from_migrations(migrations: Migrations, after: Option<&str>) -> Self {
        Self {
            migrations,
            after: Cow::Owned(after.unwrap_or_default().to_owned()),
            needs_file: "",
        }
    }

    /// Returns the revision after which the revisions are proven for a cluster.
    ///
    /// Returns `None` if all revisions are proven for a cluster.
    ///
    /// ```
    /// # use revchain::{Replicated, embed_migrations};
    /// static ALL: Replicated = embed_migrations!("../migrations", replicated = true);
    ///
    /// assert_eq!(ALL.after(), None);
    /// ```
    pub fn after(&self) -> Option<&str> {
        Some(&*self.after).filter(|after| !after.is_empty())
    }

    /// Returns the reason why a new cluster must begin with the file of a single machine.
    ///
    /// A revision that is not proven for a cluster can differ there even on an empty database: it
    /// can meet rows that earlier revisions insert, or insert the current time.
    /// Returns `None` if a new cluster can run the whole chain.
    ///
    /// ```
    /// # use revchain::{Replicated, embed_migrations};
    /// static MIGRATIONS: Replicated = embed_migrations!("../migrations", replicated = "005");
    ///
    /// assert_eq!(MIGRATIONS.needs_file(), None);
    /// ```
    pub fn needs_file(&self) -> Option<&str> {
        Some(self.needs_file).filter(|reason| !reason.is_empty())
    }
}

impl Deref for Replicated {
    type Target = Migrations;

    fn deref(&self) -> &Migrations {
        &self.migrations
    }
}
