//! Tests of the token store and its program.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod app_passwords;
mod audit;
mod before_migrations;
mod binding;
mod cli;
mod cli_jobs;
mod fixture;
mod keys;
mod opening;
mod refresh_tokens;
mod scope_separator;
mod webhooks;
