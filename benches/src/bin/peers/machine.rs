//! The properties of the machine that matter for the results. They do not identify the machine.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

/// Describes the cores, the processor, the memory, the system, the file system, and the compiler.
pub(crate) fn describe(work: &Path) -> String {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let mut parts = vec![format!("{cores} cores")];
    parts.extend(first_value("/proc/cpuinfo", "model name"));
    parts.extend(memory());
    let system = (std::env::consts::OS, std::env::consts::ARCH);
    parts.push(format!("{} on {}", system.0, system.1));
    parts.extend(output(
        Command::new("stat").args(["-f", "-c", "%T"]).arg(work),
    ));
    parts.extend(output(Command::new("rustc").arg("--version")));
    parts.join(", ")
}

fn memory() -> Option<String> {
    let total = first_value("/proc/meminfo", "MemTotal")?;
    let kib: u64 = total.split(' ').next()?.parse().ok()?;
    Some(format!("{} GiB of memory", kib.div_ceil(1 << 20)))
}

/// Returns the first value of a key in a file of lines `key: value`.
fn first_value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Returns the load average of the last minute, if the system reports it.
pub(crate) fn load() -> Option<f64> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    if !output.status.success() {
        return None;
    }
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
