//! What is done to a database while the system fails: `fault-child WHAT DATABASE`. It ends with 0, or says what error revchain
//! gave and ends with 1.

#[path = "../work.rs"]
mod work;

use std::path::Path;
use std::process::ExitCode;

use revchain::rusqlite::Connection;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(what), Some(database)) = (arguments.next(), arguments.next()) else {
        return ExitCode::from(2);
    };
    let mut connection = match work::is_by_connection(&what).then(|| Connection::open(&database)).transpose()
    {
        Ok(connection) => connection,
        Err(error) => {
            println!("the test's own connection cannot be opened: {error}");
            return ExitCode::FAILURE;
        }
    };
    match work::run(&what, Path::new(&database), connection.as_mut()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}
