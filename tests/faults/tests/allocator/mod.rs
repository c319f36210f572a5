//! Stands between SQLite and the memory that it takes, and has one allocation fail: the n-th that a thread makes while it asks
//! for that. SQLite says so with `SQLITE_NOMEM`. What Rust allocates itself is not meant: where that fails, the program ends, as
//! Rust has it, and what becomes of the database then is what becomes of it when the process is killed.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::OnceLock;

use revchain::rusqlite::ffi::{
    SQLITE_CONFIG_GETMALLOC, SQLITE_CONFIG_LOOKASIDE, SQLITE_CONFIG_MALLOC, SQLITE_OK, sqlite3_config,
    sqlite3_initialize, sqlite3_mem_methods,
};

/// What SQLite would allocate with.
struct Real {
    malloc: unsafe extern "C" fn(c_int) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void),
    realloc: unsafe extern "C" fn(*mut c_void, c_int) -> *mut c_void,
}

static REAL: OnceLock<Real> = OnceLock::new();

/// When allocations of this thread fail.
#[derive(Clone, Copy)]
struct Fault {
    at: usize,
    goes_on: bool,
    seen: usize,
}

// Each thread has its own, so that several can be tried at once.
thread_local! {
    static FAULT: Cell<Option<Fault>> = const { Cell::new(None) };
    static HELD: Cell<isize> = const { Cell::new(0) };
}

/// The memory that SQLite takes for each connection at once, and has small things in as long as there is room: with it, they are not
/// allocated, and cannot fail.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "each test has its own")]
pub(crate) enum Lookaside {
    AsItIs,
    None,
}

/// Has SQLite allocate here: before anything else is asked of SQLite in this process.
pub(crate) fn install(lookaside: Lookaside) {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let mut methods = MaybeUninit::<sqlite3_mem_methods>::uninit();
        // SAFETY: this asks for a pointer to what is then filled.
        let asked = unsafe { sqlite3_config(SQLITE_CONFIG_GETMALLOC, methods.as_mut_ptr()) };
        assert_eq!(asked, SQLITE_OK, "somebody was here before");
        // SAFETY: so it was.
        let mut methods = unsafe { methods.assume_init() };
        let real = Real {
            malloc: methods.xMalloc.unwrap(),
            free: methods.xFree.unwrap(),
            realloc: methods.xRealloc.unwrap(),
        };
        assert!(REAL.set(real).is_ok());
        methods.xMalloc = Some(malloc);
        methods.xFree = Some(free);
        methods.xRealloc = Some(realloc);
        // SAFETY: SQLite copies the methods, which do what its own do, or give no memory, which it must bear.
        assert_eq!(unsafe { sqlite3_config(SQLITE_CONFIG_MALLOC, &raw mut methods) }, SQLITE_OK);
        if let Lookaside::None = lookaside {
            // SAFETY: two numbers.
            assert_eq!(unsafe { sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) }, SQLITE_OK);
        }
        // SAFETY: it has no arguments. What SQLite allocates only once is not any one thread's.
        assert_eq!(unsafe { sqlite3_initialize() }, SQLITE_OK);
    });
}

/// What came of having an allocation fail.
pub(crate) struct Tried<T> {
    pub(crate) result: T,
    /// Whether there were as many.
    pub(crate) fired: bool,
    /// How many allocations SQLite made and did not free. A connection that is not closed has some.
    pub(crate) leaked: isize,
}

/// Has the n-th allocation fail that SQLite makes while this runs; and all later ones, if it goes on.
pub(crate) fn fail<T>(at: usize, goes_on: bool, run: impl FnOnce() -> T) -> Tried<T> {
    let held = HELD.get();
    FAULT.set(Some(Fault { at, goes_on, seen: 0 }));
    let result = run();
    let seen = FAULT.replace(None).map_or(0, |fault| fault.seen);
    Tried { result, fired: seen >= at, leaked: HELD.get() - held }
}

/// Whether this allocation fails.
fn fails() -> bool {
    let Some(mut fault) = FAULT.get() else { return false };
    fault.seen += 1;
    FAULT.set(Some(fault));
    fault.seen == fault.at || fault.goes_on && fault.seen > fault.at
}

fn real() -> &'static Real {
    REAL.get().unwrap()
}

/// # Safety
///
/// As of `malloc`.
unsafe extern "C" fn malloc(size: c_int) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the caller's.
    let memory = unsafe { (real().malloc)(size) };
    HELD.set(HELD.get() + isize::from(!memory.is_null()));
    memory
}

/// # Safety
///
/// As of `free`.
unsafe extern "C" fn free(memory: *mut c_void) {
    HELD.set(HELD.get() - isize::from(!memory.is_null()));
    // SAFETY: the caller's.
    unsafe { (real().free)(memory) }
}

/// # Safety
///
/// As of `realloc`; SQLite has it neither allocate nor free.
unsafe extern "C" fn realloc(memory: *mut c_void, size: c_int) -> *mut c_void {
    if fails() {
        return ptr::null_mut();
    }
    // SAFETY: the caller's.
    unsafe { (real().realloc)(memory, size) }
}
