//! A library that makes a call of a program to the C library fail, or kills the process before it.
//!
//! `LD_PRELOAD` puts it between the program and the C library, on Linux.
//! Only calls on the files in one directory count. The environment selects the fault:
//!
//! - `FAULT_DIRECTORY`: the directory. Calls on other files never fail.
//! - `FAULT_CALLS`: the kind of calls that count: `open`, `read`, `write`, `sync`, `truncate`,
//!   `lock`, `link`, `unlink`, or `any`.
//! - `FAULT_AT`: the number of the call that fails, from 1.
//! - `FAULT_HOW`: the error number, or `kill`. With `+` after it, all later calls fail too, as on a
//!   full or missing disk.
//!
//! The library reports the fault on standard error.

#![cfg(target_os = "linux")]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{env, mem};

use libc::{mode_t, off_t, off64_t, size_t, ssize_t};

/// The fault that the environment selects.
struct Fault {
    directory: Vec<u8>,
    calls: String,
    at: usize,
    /// The error number; `None` to kill the process.
    error: Option<c_int>,
    /// `true` if all later calls fail too.
    goes_on: bool,
}

/// The number of calls that counted so far.
static SEEN: AtomicUsize = AtomicUsize::new(0);

/// The file descriptors of files in the directory, as indices of the `true` elements.
static WATCHED: [AtomicBool; 1024] = [const { AtomicBool::new(false) }; 1024];

fn fault() -> Option<&'static Fault> {
    static FAULT: OnceLock<Option<Fault>> = OnceLock::new();
    FAULT
        .get_or_init(|| {
            let how = env::var("FAULT_HOW").ok()?;
            Some(Fault {
                directory: env::var_os("FAULT_DIRECTORY")?.as_bytes().to_vec(),
                calls: env::var("FAULT_CALLS").ok()?,
                at: env::var("FAULT_AT").ok()?.parse().ok()?,
                error: how.trim_end_matches('+').parse().ok(),
                goes_on: how.ends_with('+'),
            })
        })
        .as_ref()
}

/// Returns `true` if this call on a file in the directory must fail, and then sets `errno`.
///
/// Does not return if the fault kills the process.
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
        // The standard library would call the functions of this library again.
        // SAFETY: the text outlives the call.
        unsafe { libc::syscall(libc::SYS_write, 2, text.as_ptr(), text.len()) };
    }
    match fault.error {
        // SAFETY: the location is valid, and belongs to this thread.
        Some(error) => unsafe { *libc::__errno_location() = error },
        // SAFETY: the arguments are numbers.
        None => unsafe {
            libc::kill(libc::getpid(), libc::SIGKILL);
            libc::pause();
        },
    }
    true
}

/// Returns `true` if a path is in the directory.
///
/// # Safety
///
/// The path must be a C string.
unsafe fn is_watched_path(path: *const c_char) -> bool {
    // SAFETY: the caller guarantees a C string.
    let path = unsafe { CStr::from_ptr(path) };
    fault().is_some_and(|fault| path.to_bytes().starts_with(&fault.directory))
}

fn is_watched(descriptor: c_int) -> bool {
    usize::try_from(descriptor)
        .ok()
        .and_then(|index| WATCHED.get(index))
        .is_some_and(|watched| watched.load(Ordering::SeqCst))
}

fn watch(descriptor: c_int, is_watched: bool) {
    if let Some(watched) = usize::try_from(descriptor)
        .ok()
        .and_then(|index| WATCHED.get(index))
    {
        watched.store(is_watched, Ordering::SeqCst);
    }
}

/// Defines functions of C that fail if the fault selects them, and otherwise call the originals.
macro_rules! replace {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) -> $result:ty, $call:literal if $condition:expr, $failed:expr;)*) => {$(
        $(#[$doc])*
        ///
        /// # Safety
        ///
        /// The requirements are those of the function of C with this name.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            // SAFETY: the caller upholds the requirements of the function.
            #[allow(unused_unsafe)]
            if unsafe { $condition } && fails($call) {
                return $failed;
            }
            type Function = unsafe extern "C" fn($($type),*) -> $result;
            static REAL: OnceLock<usize> = OnceLock::new();
            let real = *REAL.get_or_init(|| {
                let name = concat!(stringify!($name), "\0");
                // SAFETY: the name is a C string.
                unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr().cast()) as usize }
            });
            // SAFETY: the original has this type, and the caller upholds its requirements.
            let result = unsafe { mem::transmute::<usize, Function>(real)($($argument),*) };
            after!($name, result, $($argument),*);
            result
        }
    )*};
}

/// Records the descriptors that a successful call opened or closed.
macro_rules! after {
    (open, $result:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (open64, $result:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (openat, $result:ident, $directory:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (openat64, $result:ident, $directory:ident, $path:ident, $($rest:tt)*) => {
        opened($path, $result)
    };
    (close, $result:ident, $descriptor:ident) => {
        watch($descriptor, false)
    };
    ($($rest:tt)*) => {};
}

fn opened(path: *const c_char, descriptor: c_int) {
    // SAFETY: the C library took the path, so it is a C string.
    watch(
        descriptor,
        descriptor >= 0 && unsafe { is_watched_path(path) },
    );
}

replace! {
    /// Opens a file.
    open(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Opens a file.
    open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Opens a file.
    openat(directory: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Opens a file.
    openat64(directory: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int, "open" if is_watched_path(path), -1;
    /// Closes a file. This call never fails here; the descriptor is only forgotten.
    close(descriptor: c_int) -> c_int, "close" if false, -1;
    /// Reads from a file.
    read(descriptor: c_int, buffer: *mut c_void, count: size_t) -> ssize_t, "read" if is_watched(descriptor), -1;
    /// Reads from a file.
    pread(descriptor: c_int, buffer: *mut c_void, count: size_t, offset: off_t) -> ssize_t, "read" if is_watched(descriptor), -1;
    /// Reads from a file.
    pread64(descriptor: c_int, buffer: *mut c_void, count: size_t, offset: off64_t) -> ssize_t, "read" if is_watched(descriptor), -1;
    /// Writes to a file.
    write(descriptor: c_int, buffer: *const c_void, count: size_t) -> ssize_t, "write" if is_watched(descriptor), -1;
    /// Writes to a file.
    pwrite(descriptor: c_int, buffer: *const c_void, count: size_t, offset: off_t) -> ssize_t, "write" if is_watched(descriptor), -1;
    /// Writes to a file.
    pwrite64(descriptor: c_int, buffer: *const c_void, count: size_t, offset: off64_t) -> ssize_t, "write" if is_watched(descriptor), -1;
    /// Synchronizes a file with the disk.
    fsync(descriptor: c_int) -> c_int, "sync" if is_watched(descriptor), -1;
    /// Synchronizes a file with the disk.
    fdatasync(descriptor: c_int) -> c_int, "sync" if is_watched(descriptor), -1;
    /// Sets the length of a file.
    ftruncate(descriptor: c_int, length: off_t) -> c_int, "truncate" if is_watched(descriptor), -1;
    /// Sets the length of a file.
    ftruncate64(descriptor: c_int, length: off64_t) -> c_int, "truncate" if is_watched(descriptor), -1;
    /// Locks a part of a file, among other operations.
    fcntl(descriptor: c_int, command: c_int, argument: usize) -> c_int, "lock" if is_watched(descriptor) && locks(command), -1;
    /// Locks a part of a file, among other operations.
    fcntl64(descriptor: c_int, command: c_int, argument: usize) -> c_int, "lock" if is_watched(descriptor) && locks(command), -1;
    /// Adds a name to a file.
    link(path: *const c_char, name: *const c_char) -> c_int, "link" if is_watched_path(name), -1;
    /// Adds a name to a file.
    linkat(directory: c_int, path: *const c_char, other: c_int, name: *const c_char, flags: c_int) -> c_int, "link" if is_watched_path(name), -1;
    /// Renames a file.
    rename(path: *const c_char, name: *const c_char) -> c_int, "link" if is_watched_path(name), -1;
    /// Removes a name of a file.
    unlink(path: *const c_char) -> c_int, "unlink" if is_watched_path(path), -1;
}

/// Returns `true` if `fcntl` locks or unlocks by this command.
fn locks(command: c_int) -> bool {
    command == libc::F_SETLK || command == libc::F_SETLKW
}
