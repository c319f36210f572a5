//! What a whole process takes: a program that opens its database at the head, asks one question and ends.
//!
//! The system tells what all children of a process have taken together. So that these are no others than the ones that are
//! measured, the suite calls itself in between.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};

use crate::Result;

/// What processes took.
#[derive(Default)]
pub(crate) struct Taken {
    /// From before it was started until it had ended, of each.
    pub(crate) wall: Vec<Duration>,
    /// Of the processor, the mean of those of a round.
    pub(crate) cpu: Vec<Duration>,
    /// The peak of memory, in KiB, the most of those of a round.
    pub(crate) memory: Vec<u64>,
}

impl Taken {
    pub(crate) fn add(&mut self, other: Self) {
        self.wall.extend(other.wall);
        self.cpu.extend(other.cpu);
        self.memory.extend(other.memory);
    }

    /// Reads what [`run`] prints.
    pub(crate) fn parse(lines: &[String]) -> Result<Self> {
        let [wall @ .., cpu, memory] = lines else { return Err("no process was measured".into()) };
        let nanos = |line: &String| Ok(Duration::from_nanos(line.parse()?));
        Ok(Self {
            wall: wall.iter().map(nanos).collect::<Result<_>>()?,
            cpu: vec![nanos(cpu)?],
            memory: vec![memory.parse()?],
        })
    }
}

/// The call in between.
pub(crate) fn run(program: &str, file: &str, count: usize) -> Result<()> {
    let start = || -> Result<()> {
        let status = Command::new(program).arg(file).stdout(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
    };
    // One that is not counted: the program's own file is read.
    start()?;
    let before = cpu(&getrusage(UsageWho::RUSAGE_CHILDREN)?)?;
    for _ in 0..count {
        let began = Instant::now();
        start()?;
        println!("{}", began.elapsed().as_nanos());
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    println!("{}", (cpu(&usage)? - before).as_nanos() / count as u128);
    // Told in KiB, but for one system.
    let unit = if cfg!(target_vendor = "apple") { 1024 } else { 1 };
    println!("{}", usage.max_rss() / unit);
    Ok(())
}

fn cpu(usage: &Usage) -> Result<Duration> {
    let mut sum = Duration::ZERO;
    for time in [usage.user_time(), usage.system_time()] {
        sum += Duration::from_secs(time.tv_sec().try_into()?)
            + Duration::from_micros(time.tv_usec().try_into()?);
    }
    Ok(sum)
}
