//! The files and the environment variable that a crate with queries depends on.

use std::collections::HashSet;
use std::env;
use std::sync::{LazyLock, Mutex, PoisonError};

use proc_macro2::TokenStream;
use quote::quote;
use revchain_prove::QUERIES_VARIABLE;

use super::input::SqlInput;
use super::record::Recording;
use crate::expand::{include_lock_file, include_path};

/// The crates that have been seen, each with a directory of migrations.
///
/// A compiler process compiles one crate. The process of rust-analyzer serves all crates.
static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// Returns constants that make cargo track the files, at the first expansion of a crate.
///
/// One expansion is enough, because cargo checks a crate as a whole.
pub(super) fn of_first_expansion(
    input: &SqlInput,
    recording: Option<&Recording>,
) -> Option<TokenStream> {
    let name = ["CARGO_MANIFEST_DIR", "CARGO_CRATE_NAME"].map(env::var);
    let name: Vec<String> = name.into_iter().flatten().collect();
    let name = name.join("\n");
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_first_of_crate = seen.insert(name.clone());
    let is_first_of_directory = seen.insert(format!("{name}\n{}", input.path.display()));
    if is_first_of_crate {
        if let Some(recording) = recording {
            recording.clear();
        }
    }
    drop(seen);
    if !is_first_of_directory {
        return None;
    }
    let files = revchain_prove::migration_files(&input.path);
    let files = files.iter().map(|file| {
        let path = include_path(&input.directory, file);
        quote!(::core::include_str!(#path))
    });
    let lock_file = include_lock_file(&input.directory, &input.path);
    Some(quote! {
        const _: &[&::core::primitive::str] = &[#(#files),*];
        #lock_file
        // Cargo compiles the crate again if the variable changes: then its queries are recorded.
        const _: ::core::option::Option<&::core::primitive::str> =
            ::core::option_env!(#QUERIES_VARIABLE);
    })
}
