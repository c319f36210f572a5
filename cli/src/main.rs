//! The program `revchain`, which runs the commands on a directory of migrations.

use std::process::ExitCode;

fn main() -> ExitCode {
    revchain_cli::program::main()
}
