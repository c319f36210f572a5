//! What a reader must know of the machine; nothing that tells whose it is.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

/// Processor, cores, memory, system and file system.
pub(crate) fn describe(work: &Path) -> String {
    let first = |file: &str, key: &str| -> Option<String> {
        let text = fs::read_to_string(file).ok()?;
        let line = text.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let mut parts = vec![format!("{cores} cores")];
    parts.extend(first("/proc/cpuinfo", "model name"));
    let memory = first("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
        .map(|kib| format!("{} GiB of memory", kib.div_ceil(1 << 20)));
    parts.extend(memory);
    parts.push(format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH));
    parts.extend(text(Command::new("stat").args(["-f", "-c", "%T"]).arg(work)));
    parts.extend(text(Command::new("rustc").arg("--version")));
    parts.join(", ")
}

/// How many were busy in the last minute, where the system tells.
pub(crate) fn load() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

fn text(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
