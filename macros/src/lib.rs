//! The procedural macros of [revchain](https://docs.rs/revchain): `embed_migrations!` and `sql!`.
//!
//! Programs call them as `revchain::embed_migrations!` and `revchain::sql!`. The crate `revchain`
//! documents both.

mod code;
mod expand;
mod input;
mod notes;
mod sql;

use std::mem;

use proc_macro::TokenStream;
use revchain_core::{Chain, LoadedMigrations, check_code};

use expand::Proven;
use input::Input;

/// Expands `revchain::embed_migrations!`.
///
/// `revchain::embed_migrations!` passes `[$crate]` before the arguments of the program.
/// A procedural macro cannot know the name of the crate `revchain` in the program.
#[doc(hidden)]
#[proc_macro]
pub fn embed_migrations(input: TokenStream) -> TokenStream {
    let (krate, arguments) = input::split(input.into());
    let is_replicated = input::names_replicated(&arguments);
    let expanded = match syn::parse2(arguments) {
        Ok(input) => embed(&krate, &input),
        Err(error) => expand::errors(&krate, is_replicated, [(error.span(), error.to_string())]),
    };
    expanded.into()
}

/// Expands `revchain::sql!`.
#[proc_macro]
pub fn sql(input: TokenStream) -> TokenStream {
    sql::expand(input.into()).into()
}

fn embed(krate: &proc_macro2::TokenStream, input: &Input) -> proc_macro2::TokenStream {
    let mut loaded = LoadedMigrations::read(&input.path, &input.directory);
    let functions: Vec<String> = input.code.iter().map(|code| code.name.clone()).collect();
    // For a cluster, the proof rejects functions of the program.
    if input.replicated.is_none() {
        check_code(&mut loaded, &functions);
    }
    #[cfg(feature = "prove")]
    {
        loaded = match prove(loaded, input) {
            Ok(loaded) => loaded,
            Err(error) => return expand::errors(krate, true, [error]),
        };
    }
    let is_replicated = input.replicated.is_some();
    let warning = notes::warning(input, &mem::take(&mut loaded.notes));
    let needs_file = loaded.needs_file.take().unwrap_or_default();
    let chain = match loaded.into_chain() {
        Ok(chain) => chain,
        Err(defects) => {
            let errors = defects
                .iter()
                .map(|defect| (input.span, defect.to_string()));
            return expand::errors(krate, is_replicated, errors);
        }
    };
    let superfluous = code::superfluous(&chain, &input.code);
    if !superfluous.is_empty() {
        return expand::errors(krate, is_replicated, superfluous);
    }
    let snapshot = if input.has_snapshot {
        snapshot(input, &chain).unwrap_or_default()
    } else {
        Vec::new()
    };
    let proven = Proven {
        snapshot,
        needs_file,
        warning,
    };
    expand::migrations(krate, input, &chain, &proven)
}

/// Proves the chain, also for a cluster if the arguments ask for this.
///
/// Fails if the argument `replicated` names an unknown revision.
#[cfg(feature = "prove")]
fn prove(
    loaded: LoadedMigrations,
    input: &Input,
) -> Result<LoadedMigrations, (proc_macro2::Span, String)> {
    let scope = revchain_prove::Scope::Unlocked;
    let (Some(replicated), Some(chain)) = (&input.replicated, &loaded.chain) else {
        return Ok(revchain_prove::prove(loaded, scope));
    };
    let revisions = revchain_core::replicated_revisions(chain, replicated.after.as_deref());
    let revisions = revisions.map_err(|error| (replicated.span, error.to_string()))?;
    Ok(revchain_prove::prove_replicated(loaded, scope, &revisions))
}

/// Builds the snapshot that the program embeds. Returns `None` if the chain has no snapshot.
#[cfg(all(feature = "prove", feature = "bundled"))]
fn snapshot(input: &Input, chain: &Chain) -> Option<Vec<u8>> {
    let mut migrations = revchain_runtime::Migrations::from_chain(chain.clone(), String::new());
    if let Some(name) = &input.name {
        migrations = migrations.named(name).ok()?;
    }
    revchain_prove::build_snapshot(&migrations.stamped_by(&input.program))
}

/// Returns `None`, because only a proven chain on a bundled SQLite has a snapshot.
#[cfg(not(all(feature = "prove", feature = "bundled")))]
fn snapshot(_: &Input, _: &Chain) -> Option<Vec<u8>> {
    None
}
