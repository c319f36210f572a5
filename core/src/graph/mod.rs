//! The graph of the migration files: its conversion to a chain, and the rebase of a branch.

mod connect;
mod duplicate_was;
mod file_graph;
mod heads;
mod order;
pub mod rebase;
pub mod validate;
