//! The crate on clusters of one and of three nodes. Each node is a process with its own directory.

#![allow(clippy::unwrap_used)]

mod chains;
mod cluster;
mod node;
mod one_node;
mod three_nodes;
