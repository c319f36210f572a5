//! SQL text as tokens and statements, and functions that inspect single statements.
//!
//! Code belongs here if SQL text is its only input.
//! Nothing in this directory depends on migrations, schemas, or a database.

pub mod calls;
pub mod change;
pub mod cursor;
pub mod inspect;
pub mod keywords;
pub mod references;
pub mod sqlite_messages;
pub mod tokenizer;
