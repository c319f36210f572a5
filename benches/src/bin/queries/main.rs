//! Measures the checks of queries, as a compiler runs them for `sql!`.
//!
//! The first table has the checks alone, in a build that is not optimized, as cargo builds macros.
//! The chain has 10 or 100 revisions. The queries are 1,000 different texts of four kinds.
//!
//! - "The first query" reads the directory, runs the upgrades in memory, and inserts sample rows.
//! - "Each further query" is the median of all further queries.
//!
//! The second table has `cargo check` of three programs with the same queries, 1 or 201:
//!
//! - `text` has the texts as literals, without a check.
//! - `sql!` checks the texts against a chain of 100 revisions.
//! - `sqlx` checks the texts with `query!` in its offline mode, from the files in `.sqlx`.
//!
//! Each measured check follows an edit of the only source file, and compiles only that file.
//! The times are those of the processors, because other programs hardly change them.
//!
//! ```text
//! cargo run --manifest-path benches/Cargo.toml --bin queries
//! ```

mod builds;
mod checks;

use std::error::Error;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let work = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/queries");
    checks::measure(&work)?;
    println!();
    builds::measure(&work)
}
