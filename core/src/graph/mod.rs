//! The graph of the migration files: its conversion to a chain, and rebases and merges of branches.

mod connect;
mod duplicate_was;
mod file_graph;
mod heads;
pub mod merge;
mod order;
pub mod rebase;
pub mod validate;
