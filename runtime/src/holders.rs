//! Who holds a database, where the system tells: Linux lists the locks of all processes.

use std::path::Path;

/// The processes that hold the database at `path`, as far as can be seen: their numbers, and their names.
#[cfg(target_os = "linux")]
pub(crate) fn holders(path: &Path) -> Vec<(u32, Option<String>)> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    // In WAL mode, the locks are on another file.
    let mut shared = path.as_os_str().to_owned();
    shared.push("-shm");
    let files = [path, Path::new(&shared)].map(|path| fs::metadata(path).map(|file| file.ino()));
    // `1: POSIX  ADVISORY  WRITE 4711 fe:00:131075 1073741825 1073742335`: the process, and the file.
    let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
    let mut found: Vec<(bool, bool, u32)> = Vec::new();
    for line in locks.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        // What only waits for a lock has an arrow before its kind. A lock that is no process's has -1, and that of a process
        // which cannot be seen from here 0.
        let [_, "POSIX", _, mode, process, file, ..] = words[..] else { continue };
        let inode = file.rsplit(':').next().and_then(|inode| inode.parse::<u64>().ok());
        let is_ours = files.iter().flatten().any(|file| Some(*file) == inode);
        if let (true, Ok(process @ 1..)) = (is_ours, process.parse::<u32>()) {
            found.push((process != std::process::id(), mode == "WRITE", process));
        }
    }
    // Who writes, before who reads, which everybody does who has the database open in WAL mode; and this process, which
    // has locks of its own, only if there is nobody else.
    found.sort_unstable();
    found.dedup();
    let Some(&(is_other, writes, _)) = found.last() else { return Vec::new() };
    found.retain(|holder| (holder.0, holder.1) == (is_other, writes));
    let name = |process: u32| fs::read_to_string(format!("/proc/{process}/comm")).ok();
    let named =
        |(_, _, process): (bool, bool, u32)| (process, name(process).map(|name| name.trim_end().to_owned()));
    found.into_iter().map(named).collect()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn holders(_: &Path) -> Vec<(u32, Option<String>)> {
    Vec::new()
}
