//! The build-time half of [revchain](https://docs.rs/revchain): `embed_migrations!`, which programs take from
//! there, with its documentation.

mod expand;
mod input;

use proc_macro::TokenStream;
use revchain_core::Draft;

/// Called by `revchain::embed_migrations!`, which puts the path of its own crate before the arguments: only it
/// knows under which name the program has that.
#[doc(hidden)]
#[proc_macro]
pub fn embed_migrations(input: TokenStream) -> TokenStream {
    try_embed(input.into()).into()
}

fn try_embed(input: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let input::Input { krate, directory, span } = match input::parse(input) {
        Ok(input) => input,
        Err(broken) => return broken.expand(),
    };
    let draft = Draft::read(&directory.path, &directory.shown);
    #[cfg(feature = "prove")]
    let draft = revchain_runtime::prove(draft, revchain_runtime::Scope::Unlocked);
    match draft.finish() {
        Ok(chain) => expand::chain(&krate, &directory, &chain),
        Err(defects) => expand::errors(&krate, span, defects.iter().map(ToString::to_string)),
    }
}
