//! Tests of the proof: each defect that it finds, and each chain that it accepts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accepted;
mod advice;
mod all_defects;
mod arrival;
mod code;
mod compatible;
mod conditions;
mod conversions;
mod creates_nothing;
mod destruction;
mod double_quotes;
mod downgrade;
mod failure;
mod fingerprint;
mod functions;
mod generate;
mod jobs;
mod keys;
mod loosened;
mod merges;
mod messages;
mod pasted_lines;
mod printed_schema;
mod query;
mod random_chains;
mod real_chains;
mod rebuild;
mod replicated;
mod rows;
mod sample_rows;
mod stand_ins;
mod statements;
mod support;
mod token_soup;
mod unproven;
