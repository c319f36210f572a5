//! An allocator for SQLite that makes the n-th allocation of a thread fail with `SQLITE_NOMEM`.
//!
//! Allocations of Rust are not affected. If one of them fails, the program ends.
//! The tests that kill the process cover that case.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use revchain::rusqlite::ffi::{
    SQLITE_CONFIG_GETMALLOC, SQLITE_CONFIG_LOOKASIDE, SQLITE_CONFIG_MALLOC, SQLITE_OK,
    sqlite3_config, sqlite3_initialize, sqlite3_mem_methods,
};

/// The original allocation functions of SQLite.
struct Originals {
    malloc: unsafe extern "C" fn(c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    realloc: unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void,
}

static ORIGINALS: OnceLock<Originals> = OnceLock::new();

/// The allocation of this thread that fails.
#[derive(Clone, Copy)]
struct Fault {
    at: usize,
    goes_on: bool,
    seen: usize,
}

// Each thread has its own fault, so that tests can run in parallel.
thread_local! {
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    static ALLOCATED: Cell<isize> = const { Cell::new(0) };
}

/// The buffer that SQLite allocates for the small objects of each connection.
///
/// Objects in this buffer need no allocation, and cannot fail.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each test uses one variant")]
pub(crate) enum Lookaside {
    Default,
    None,
}

/// Installs this allocator. This must be the first call of SQLite in this process.
pub(crate) fn install(lookaside: Lookaside) {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let mut methods = MaybeUninit::<sqlite3_mem_methods>::uninit();
        // SAFETY: the pointer is valid, and SQLite fills the structure.
        let result = unsafe { sqlite3_config(SQLITE_CONFIG_GETMALLOC, methods.as_mut_ptr()) };
        assert_eq!(result, SQLITE_OK, "another allocator was installed");
        // SAFETY: SQLite filled the structure.
        let mut methods = unsafe { methods.assume_init() };
        let originals = Originals {
            malloc: methods.xMalloc.unwrap(),
            free: methods.xFree.unwrap(),
            realloc: methods.xRealloc.unwrap(),
        };
        assert!(ORIGINALS.set(originals).is_ok());
        methods.xMalloc = Some(malloc);
        methods.xFree = Some(free);
        methods.xRealloc = Some(realloc);
        // SAFETY: SQLite copies the methods. They call the originals or return no memory.
        assert_eq!(
            unsafe { sqlite3_config(SQLITE_CONFIG_MALLOC, &raw mut methods) },
            SQLITE_OK
        );
        if let Lookaside::None = lookaside {
            // SAFETY: the option takes two numbers.
            assert_eq!(
                unsafe { sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) },
                SQLITE_OK
            );
        }
        // SAFETY: there are no arguments. SQLite makes its global allocations here.
        assert_eq!(unsafe { sqlite3_initialize() }, SQLITE_OK);
    });
}

/// The result of a run with a fault.
pub(crate) struct Trial<T> {
    pub(crate) result: T,
    /// `true` if there were enough allocations to reach the fault.
    pub(crate) has_fault: bool,
    /// The number of allocations that SQLite did not free. An open connection holds some.
    pub(crate) leaked: isize,
}

/// Makes the n-th allocation of SQLite fail during `run`, and all later ones if `goes_on`.
pub(crate) fn fail<T>(at: usize, goes_on: bool, run: impl FnOnce() -> T) -> Trial<T> {
    let allocated = ALLOCATED.get();
    FAULT.set(Some(Fault {
        at,
        goes_on,
        seen: 0,
    }));
    let result = run();
    let seen = FAULT.replace(None).map_or(0, |fault| fault.seen);
    Trial {
        result,
        has_fault: seen >= at,
        leaked: ALLOCATED.get() - allocated,
    }
}

/// Returns `true` if this allocation fails.
fn fails() -> bool {
    let Some(mut fault) = FAULT.get() else {
        return false;
    };
    fault.seen += 1;
    FAULT.set(Some(fault));
    fault.seen == fault.at || fault.goes_on && fault.seen > fault.at
}

fn originals() -> &'static Originals {
    ORIGINALS.get().unwrap()
}

/// # Safety
///
/// The requirements are those of `malloc`.
unsafe extern "C" fn malloc(size: c_int) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the caller upholds the requirements.
    let memory = unsafe { (originals().malloc)(size) };
    ALLOCATED.set(ALLOCATED.get() + isize::from(!memory.is_null()));
    memory
}

/// # Safety
///
/// The requirements are those of `free`.
unsafe extern "C" fn free(memory: *mut c_void) {
    ALLOCATED.set(ALLOCATED.get() - isize::from(!memory.is_null()));
    // SAFETY: the caller upholds the requirements.
    unsafe { (originals().free)(memory) }
}

/// # Safety
///
/// The requirements are those of `realloc`. SQLite never calls it to allocate or to free.
unsafe extern "C" fn realloc(memory: *mut c_void, size: c_int) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the caller upholds the requirements.
    unsafe { (originals().realloc)(memory, size) }
}
