//! x

#[doc(inline)]
pub use revchain_runtime::*;

#[cfg(feature = "cli")]
#[doc(inline)]
pub use revchain_cli as cli;

/// doc
#[macro_export]
macro_rules! embed_migrations {
    ($($arguments:tt)*) => {
        $crate::__private::embed_migrations!([$crate] $($arguments)*)
    };
}

/// What the macro's output names. Not for programs.
#[doc(hidden)]
pub mod __private {
    pub use revchain_macros::embed_migrations;
    pub use revchain_runtime::private::{Cow, Destroys, Half, date};
    pub use revchain_runtime::{Downgrade, Migrations, Revision};
}
