//! A program that leaves out features of revchain.

use revchain::{Migrations, embed_migrations};

/// The chain of the program, with a full-text index and a rebuilt table.
pub static NOTES: Migrations = embed_migrations!("migrations");

/// The same chain under a name, for a database that several chains share.
pub static SHARED: Migrations = embed_migrations!("migrations", name = "notes");
