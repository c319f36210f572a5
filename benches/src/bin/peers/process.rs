//! Measures whole processes, which open a database at the head, run one query, and exit.
//!
//! The system reports the resources of all children of a process together.
//! So the suite starts itself as an intermediate process, which only starts measured processes.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};

use crate::Result;

/// The time and the memory of processes.
#[derive(Default)]
pub(crate) struct ProcessUsage {
    /// The time from the start to the exit of each process.
    pub(crate) wall: Vec<Duration>,
    /// The mean processor time of each round.
    pub(crate) cpu: Vec<Duration>,
    /// The peak memory of each round, in KiB.
    pub(crate) memory: Vec<u64>,
}

impl ProcessUsage {
    pub(crate) fn extend(&mut self, other: Self) {
        self.wall.extend(other.wall);
        self.cpu.extend(other.cpu);
        self.memory.extend(other.memory);
    }

    /// Parses the output of [`run`].
    pub(crate) fn parse(lines: &[String]) -> Result<Self> {
        let [wall @ .., cpu, memory] = lines else {
            return Err("no process was measured".into());
        };
        Ok(Self {
            wall: wall
                .iter()
                .map(|line| parse_nanos(line))
                .collect::<Result<_>>()?,
            cpu: vec![parse_nanos(cpu)?],
            memory: vec![memory.parse()?],
        })
    }
}

fn parse_nanos(line: &str) -> Result<Duration> {
    Ok(Duration::from_nanos(line.parse()?))
}

/// Starts a program `count` times, and prints the resources that it used.
///
/// This function runs in the intermediate process.
pub(crate) fn run(program: &str, database: &str, count: usize) -> Result<()> {
    // The first process does not count, because it reads the file of the program.
    start(program, database)?;
    let before = cpu_time(&getrusage(UsageWho::RUSAGE_CHILDREN)?)?;
    for _ in 0..count {
        let start_time = Instant::now();
        start(program, database)?;
        println!("{}", start_time.elapsed().as_nanos());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu_time = cpu_time(&usage)? - before;
    println!("{}", cpu_time.as_nanos() / count as u128);
    // The unit is KiB, except on systems of Apple.
    let unit = if cfg!(target_vendor = "apple") {
        1024
    } else {
        1
    };
    println!("{}", usage.max_rss() / unit);
    Ok(())
}

fn start(program: &str, database: &str) -> Result<()> {
    let mut command = Command::new(program);
    let status = command.arg(database).stdout(Stdio::null()).status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{program}: {status}").into())
    }
}

fn cpu_time(usage: &Usage) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for time in [usage.user_time(), usage.system_time()] {
        sum += Duration::from_secs(time.tv_sec().try_into()?);
        sum += Duration::from_micros(time.tv_usec().try_into()?);
    }
    Ok(sum)
}
