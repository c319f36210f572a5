//! The objects of the program for which the proof registers stand-ins.
//!
//! Only the proof needs them, so the program does not embed them.

use std::fmt;

use crate::schema::quote;

/// The functions, collations and modules that the directives of a file declare.
///
/// The names are as in the file. Each list has the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StandIns {
    /// The functions, from `@function NAME(N)`.
    pub functions: Vec<FunctionStandIn>,
    /// The names of the collations, from `@collation NAME`.
    pub collations: Vec<String>,
    /// The names of the modules of virtual tables, from `@module NAME`.
    pub modules: Vec<String>,
}

impl StandIns {
    /// Returns `true` if the file declares no object of the program.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.collations.is_empty() && self.modules.is_empty()
    }
}

/// An SQL function that the program registers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FunctionStandIn {
    /// The name of the function.
    pub name: String,
    /// The number of arguments that the function takes.
    pub arguments: ArgumentCount,
}

impl fmt::Display for FunctionStandIn {
    /// Writes the function as in the directive: `normalize(1)` or `join_all(*)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = quote(&self.name);
        match self.arguments {
            ArgumentCount::Exactly(count) => write!(f, "{name}({count})"),
            ArgumentCount::Any => write!(f, "{name}(*)"),
        }
    }
}

/// The number of arguments of an SQL function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArgumentCount {
    /// Exactly this many arguments.
    Exactly(u8),
    /// Any number of arguments, written `*`.
    Any,
}
