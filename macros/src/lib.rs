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
    let input = match input::parse(input) {
        Ok(input) => input,
        Err(broken) => return broken.expand(),
    };
    let draft = Draft::read(&input.directory.path, &input.directory.shown);
    #[cfg(feature = "prove")]
    let draft = revchain_runtime::prove(draft, revchain_runtime::Scope::Unlocked);
    match draft.finish() {
        Ok(chain) => {
            let image = if input.image { make_image(&chain, &input) } else { Vec::new() };
            expand::chain(&input, &chain, &image)
        }
        Err(defects) => expand::errors(&input.krate, input.span, defects.iter().map(ToString::to_string)),
    }
}

/// A database at the head; empty where there can be none.
#[cfg(all(feature = "prove", feature = "bundled"))]
fn make_image(chain: &revchain_core::Chain, input: &input::Input) -> Vec<u8> {
    let migrations = revchain_runtime::Migrations::of_chain(chain.clone(), String::new(), &input.name);
    revchain_runtime::build_image(&migrations.stamped_by(&input.program)).unwrap_or_default()
}

#[cfg(not(all(feature = "prove", feature = "bundled")))]
fn make_image(_: &revchain_core::Chain, _: &input::Input) -> Vec<u8> {
    Vec::new()
}
