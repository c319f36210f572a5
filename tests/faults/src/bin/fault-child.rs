//! A program that runs one task on a database while system calls fail: `fault-child TASK DATABASE`.
//!
//! It exits with 0, or prints the error and exits with 1.

#[path = "../jobs.rs"]
mod jobs;
#[path = "../work.rs"]
mod work;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use revchain::rusqlite::Connection;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(task), Some(database)) = (arguments.next(), arguments.next()) else {
        return ExitCode::from(2);
    };
    let mut connection = None;
    if work::is_by_connection(&task) {
        match Connection::open(&database) {
            Ok(opened) => connection = Some(opened),
            Err(error) => {
                println!("the connection of the test cannot be opened: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let ran = match (&*task, &mut connection) {
        ("jobs", Some(connection)) => jobs::JOBS.run_jobs(connection, Duration::MAX).map(drop),
        ("required-job", Some(connection)) => jobs::JOBS.upgrade(connection).map(drop),
        (task, connection) => work::run(task, Path::new(&database), connection.as_mut()),
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
