//! The graph of the migration files: its conversion to a chain, rebases and merges of branches,
//! and pictures.

mod connect;
pub mod drawing;
mod duplicate_was;
mod file_graph;
mod heads;
mod jobs;
pub mod merge;
mod order;
pub mod rebase;
pub mod validate;
