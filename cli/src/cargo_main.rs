//! The program `cargo-revchain`, which cargo runs as `cargo revchain`.

use std::process::ExitCode;

fn main() -> ExitCode {
    revchain_cli::program::main()
}
