//! Stands between a program and the C library (by `LD_PRELOAD`, on Linux), and has one call fail, or the process die before
//! it: the n-th of those that are about the files in one folder. What it does is said by the environment:
//!
//! - `FAULT_FOLDER`: the folder; other files are left alone.
//! - `FAULT_CALLS`: which calls count: `open`, `read`, `write`, `sync`, `truncate`, `lock`, `link`, `unlink`, or `any`.
//! - `FAULT_AT`: the number of the call that fails, from 1.
//! - `FAULT_HOW`: the number of the error that it fails with, or `kill`. With `+` after it, every later call fails, too, as
//!   when a disk is full or gone.
//!
//! Where it has done so, it says so on the standard error.

#![cfg(target_os = "linux")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{env, mem};

use libc::{mode_t, off_t, off64_t, size_t, ssize_t};

/// What is to be done.
struct Fault {
    folder: Vec<u8>,
    calls: String,
    at: usize,
    /// `None` to kill the process.
    error: Option<c_int>,
    goes_on: bool,
}

static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Which file descriptors are of files in the folder.
static WATCHED: [AtomicBool; 1024] = [const { AtomicBool::new(false) }; 1024];

fn fault() -> Option<&'static Fault> {
    static FAULT: OnceLock<Option<Fault>> = OnceLock::new();
    FAULT
        .get_or_init(|| {
            let how = env::var("FAULT_HOW").ok()?;
            Some(Fault {
                folder: env::var_os("FAULT_FOLDER")?.as_bytes().to_vec(),
                calls: env::var("FAULT_CALLS").ok()?,
                at: env::var("FAULT_AT").ok()?.parse().ok()?,
                error: how.trim_end_matches('+').parse().ok(),
                goes_on: how.ends_with('+'),
            })
        })
        .as_ref()
}

/// Whether this call, which is about a file in the folder, is to fail; then `errno` is set. It does not return where the
/// process is to die.
fn fails(call: &str) -> bool {
    let Some(fault) = fault() else { return false };
    if fault.calls != call && fault.calls != "any" {
        return false;
    }
    let number = SEEN.fetch_add(1, Ordering::SeqCst) + 1;
    if number != fault.at && !(fault.goes_on && number > fault.at) {
        return false;
    }
    if number == fault.at {
        let text = format!("fault at {call} {number}\n");
        // SAFETY: the text lives while it is written. Not through the standard library, which would come back here.
        unsafe { libc::syscall(libc::SYS_write, 2, text.as_ptr(), text.len()) };
    }
    match fault.error {
        // SAFETY: `errno` is this thread's own; and to kill oneself needs no leave.
        Some(error) => unsafe { *libc::__errno_location() = error },
        None => unsafe {
            libc::kill(libc::getpid(), libc::SIGKILL);
            libc::pause();
        },
    }
    true
}

/// Whether a path is in the folder.
///
/// # Safety
///
/// It must be a C string.
unsafe fn is_watched_path(path: *const c_char) -> bool {
    // SAFETY: the caller says so.
    let path = unsafe { CStr::from_ptr(path) };
    fault().is_some_and(|fault| path.to_bytes().starts_with(&fault.folder))
}

fn is_watched(descriptor: c_int) -> bool {
    usize::try_from(descriptor)
        .ok()
        .and_then(|index| WATCHED.get(index))
        .is_some_and(|watched| watched.load(Ordering::SeqCst))
}

fn watch(descriptor: c_int, is_watched: bool) {
    if let Some(watched) = usize::try_from(descriptor).ok().and_then(|index| WATCHED.get(index)) {
        watched.store(is_watched, Ordering::SeqCst);
    }
}

/// Defines functions of C that fail where they should, and else call those that they stand in for.
macro_rules! stand_in {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty, $call:literal if $condition:expr, $failed:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// As of the function of C that has this name.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            // SAFETY: what is asked of the arguments is what C asks.
            #[allow(unused_unsafe)]
            if unsafe { $condition } && fails($call) {
                return $failed;
            }
            type Function = unsafe extern "C" fn($($type),*) -> $result;
            static REAL: OnceLock<usize> = OnceLock::new();
            let real = *REAL.get_or_init(|| {
                let name = concat!(stringify!($name), "\0");
                // SAFETY: it is a C string.
                unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast()) as usize }
            });
            // SAFETY: the function of that name has these arguments, and they are the caller's.
            let result = unsafe { mem::transmute::<usize, Function>(real)($($argument),*) };
            after!($name, result, $($argument),*);
            result
        }
    )*};
}

/// What is to be remembered of a call that was done.
macro_rules! after {
    (open, $result:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (open64, $result:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (openat, $result:ident, $folder:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (openat64, $result:ident, $folder:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (close, $result:ident, $descriptor:ident) => {
        watch($descriptor, false)
    };
    ($($rest:tt)*) => {};
}

fn opened(path: *const c_char, descriptor: c_int) {
    // SAFETY: it was opened, so it is a C string.
    watch(descriptor, descriptor >= 0 && unsafe { is_watched_path(path) });
}

stand_in! {
    /// Opens a file.
    open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Opens a file.
    open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Opens a file.
    openat(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Opens a file.
    openat64(folder: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Closes one, which does not fail here: it is only forgotten.
    close(descriptor: c_int) -> c_int, "close" if false, -1;
    /// Reads.
    read(descriptor: c_int, buffer: *mut c_void, count: size_t) -> ssize_t, "read" if is_watched(descriptor), -1;
    /// Reads.
    pread(descriptor: c_int, buffer: *mut c_void, count: size_t, offset: off_t) -> ssize_t, "read" if is_watched(descriptor), -1;
    /// Reads.
    pread64(descriptor: c_int, buffer: *mut c_void, count: size_t, offset: off64_t) -> ssize_t, "read" if is_watched(descriptor), -1;
    /// Writes.
    write(descriptor: c_int, buffer: *const c_void, count: size_t) -> ssize_t, "write" if is_watched(descriptor), -1;
    /// Writes.
    pwrite(descriptor: c_int, buffer: *const c_void, count: size_t, offset: off_t) -> ssize_t, "write" if is_watched(descriptor), -1;
    /// Writes.
    pwrite64(descriptor: c_int, buffer: *const c_void, count: size_t, offset: off64_t) -> ssize_t, "write" if is_watched(descriptor), -1;
    /// Makes sure that what was written is on the disk.
    fsync(descriptor: c_int) -> c_int, "sync" if is_watched(descriptor), -1;
    /// Makes sure that what was written is on the disk.
    fdatasync(descriptor: c_int) -> c_int, "sync" if is_watched(descriptor), -1;
    /// Sets a file's length.
    ftruncate(descriptor: c_int, length: off_t) -> c_int, "truncate" if is_watched(descriptor), -1;
    /// Sets a file's length.
    ftruncate64(descriptor: c_int, length: off64_t) -> c_int, "truncate" if is_watched(descriptor), -1;
    /// Locks, among other things.
    fcntl(descriptor: c_int, command: c_int, argument: usize) -> c_int, "lock" if is_watched(descriptor) && locks(command), -1;
    /// Locks, among other things.
    fcntl64(descriptor: c_int, command: c_int, argument: usize) -> c_int, "lock" if is_watched(descriptor) && locks(command), -1;
    /// Gives a file another name.
    link(path: *const c_char, name: *const c_char) -> c_int, "link" if is_watched_path(name), -1;
    /// Gives a file another name.
    linkat(folder: c_int, path: *const c_char, other: c_int, name: *const c_char, flags: c_int) -> c_int, "link" if is_watched_path(name), -1;
    /// Gives a file one name for another.
    rename(path: *const c_char, name: *const c_char) -> c_int, "link" if is_watched_path(name), -1;
    /// Takes a name away.
    unlink(path: *const c_char) -> c_int, "unlink" if is_watched_path(path), -1;
}

fn locks(command: c_int) -> bool {
    command == libc::F_SETLK || command == libc::F_SETLKW
}
