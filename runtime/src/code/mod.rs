//! Functions of the program that scripts run, at the lines `-- @code NAME`.
//!
//! A function runs in the transaction of its request, under the rules in `rules.rs`.
//! A chain without functions has no [`CodeTable`](table::CodeTable).
//! Then nothing refers to the code that runs functions, so the linker leaves that code out.

mod call;
pub(crate) mod contain;
pub(crate) mod function;
pub(crate) mod rules;
pub(crate) mod runner;
pub(crate) mod step;
pub(crate) mod table;
