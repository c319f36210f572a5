//! The schema of a database in normal form, its fingerprint, and the differences between schemas.
//!
//! Code belongs here if it decides whether two schemas mean the same to SQLite, or how they differ.
//! The input is always the SQL in `sqlite_schema`. No file in this directory opens a database.
//!
//! These modules parse SQL into a schema: `render`, `clauses`, `table_parser`, `object_parser`,
//! `normal_form`.
//! The module `compare` makes a diff of two schemas, with the rules in `breaking`.
//! The module `print` makes SQL of a schema, and `print_tokens` decides its lines.
//! The module `loosened` finds the constraints that a rebuild loses, with the parts of a table that
//! `unique_keys` and `references` split.

pub(crate) mod bookkeeping;
mod breaking;
mod clauses;
mod compare;
mod diff;
mod filter;
mod fingerprint;
mod loosened;
mod loosens_kind;
mod normal_form;
mod object;
mod object_parser;
mod print;
mod print_tokens;
mod references;
mod render;
mod source_sql;
mod table;
mod table_parser;
mod tool_tables;
mod unique_keys;

pub use self::compare::diff;
pub use self::diff::Diff;
pub use self::filter::{ColumnOrder, SchemaFilter};
pub use self::loosened::{LostConstraint, Rebuilt, lost_constraints};
pub use self::loosens_kind::LoosensKind;
pub use self::normal_form::{Attached, Schema};
pub use self::print::PrintedObject;
pub use self::render::quote;
pub(crate) use self::render::string;
pub use self::source_sql::{SchemaSql, SchemaSqlHash};
