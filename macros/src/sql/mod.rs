//! The macro `sql!`: the text of a query, checked against the schema of a chain.

mod input;
#[cfg(feature = "prove")]
mod record;
#[cfg(feature = "prove")]
mod tracking;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use input::SqlInput;

/// Expands to the text of the query, or to its compile errors.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input = match SqlInput::parse(input) {
        Ok(input) => input,
        Err((span, message)) => return errors([(span, message)], &quote!("")),
    };
    checked(&input)
}

/// Returns one `compile_error!` for each error, and the text, so that there is no type error.
fn errors(errors: impl IntoIterator<Item = (Span, String)>, literal: &TokenStream) -> TokenStream {
    let errors = errors.into_iter();
    let errors =
        errors.map(|(span, message)| quote_spanned!(span=> ::core::compile_error!(#message);));
    quote!({ #(#errors)* #literal })
}

#[cfg(feature = "prove")]
fn checked(input: &SqlInput) -> TokenStream {
    let functions = SqlInput::names(&input.functions);
    let collations = SqlInput::names(&input.collations);
    let modules = SqlInput::names(&input.modules);
    let request = revchain_prove::QueryRequest {
        sql: &input.text,
        revision: input.revision.as_deref(),
        allows_all_rows: input.allows_all_rows,
        functions: &functions,
        collations: &collations,
        modules: &modules,
    };
    let recording = record::Recording::from_environment();
    let check = revchain_prove::check_query(&input.path, &request, recording.is_some());
    let tracking = tracking::of_first_expansion(input, recording.as_ref());
    if let (Some(recording), Some(usage)) = (&recording, &check.usage) {
        if let Err(message) = recording.write(input, usage) {
            return errors([(input.span, message)], &input.literal);
        }
    }
    if !check.defects.is_empty() {
        let defects = check.defects.iter();
        let messages = defects.map(|defect| (input.span, defect.to_string()));
        return errors(messages, &input.literal);
    }
    let literal = &input.literal;
    // The first expansion of a crate has a block for `tracking`. Without a block, another expansion
    // could stand where only a literal can, until it becomes the first.
    quote!({ #tracking #literal })
}

/// Returns the text, because only a proven chain has a schema.
#[cfg(not(feature = "prove"))]
fn checked(input: &SqlInput) -> TokenStream {
    let literal = &input.literal;
    quote!({ #literal })
}
