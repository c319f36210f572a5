//! The compiler warning with the notes of the proof.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use revchain_core::diagnostics::escape::escape;

use crate::input::Input;

/// The maximum number of notes in the warning.
const MAX_SHOWN: usize = 20;

/// Returns statements that make the compiler show the notes as one warning.
///
/// Stable Rust has no function that emits a warning from a macro.
/// The statements use a deprecated constant, and the compiler shows the note of the deprecation.
/// The crate `proc-macro-warning` uses the same technique.
/// `#[allow(deprecated)]` on the item that contains the expression silences the warning.
pub(crate) fn warning(input: &Input, notes: &[String]) -> TokenStream {
    if notes.is_empty() || !input.shows_notes {
        return TokenStream::new();
    }
    let text = text(input, notes);
    quote_spanned! {input.span=>
        #[deprecated(note = #text)]
        const NOTES: () = ();
        let () = NOTES;
    }
}

/// Returns the text that follows ``use of deprecated constant `…`: `` in the compiler's warning.
fn text(input: &Input, notes: &[String]) -> String {
    let directory = escape(&input.directory);
    let chain = match &input.name {
        Some(name) => format!("the chain `{name}` in {directory}"),
        None => format!("the chain in {directory}"),
    };
    let mut lines = vec![format!("the proof left something unchecked in {chain}")];
    let shown = notes.iter().take(MAX_SHOWN);
    lines.extend(shown.map(|note| format!("  {}", escape(note))));
    let omitted = notes.len().saturating_sub(MAX_SHOWN);
    if omitted > 0 {
        lines.push(format!(
            "  (and {omitted} more: `revchain check {directory}` shows all)"
        ));
    }
    lines.push(
        "help: test these migrations with rows of your own, then lock them: `revchain lock`"
            .to_owned(),
    );
    lines.push("      or silence the warning: `embed_migrations!(…, notes = false)`".to_owned());
    // The compiler indents each line by the width of `warning: `.
    lines.join("\n")
}
