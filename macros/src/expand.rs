//! The macro's output: a constant expression of the type `Migrations`.

use std::path::Path;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use revchain_core::lock::FILE_NAME;
use revchain_core::{Chain, Destroys, Downgrade, Half, Revision};

use crate::input::{Directory, Input};

/// The chain as a constant.
pub(crate) fn chain(input: &Input, chain: &Chain, image: &[u8]) -> TokenStream {
    let Input { krate, directory, name, program, .. } = input;
    let image = Literal::byte_string(image);
    let shown = &directory.shown;
    let files = chain.revisions().iter().map(Revision::file_name);
    // `revchain migrate` writes the lock, so with one, a new file is noticed too.
    let lock = directory.path.join(FILE_NAME).exists().then_some(FILE_NAME);
    let tracked = files.chain(lock).map(|file| track(directory, file));
    let (count, columns) = (chain.revisions().len(), columns(chain.revisions()));
    let window = match chain.window {
        Some(window) => quote!(::core::option::Option::Some(#window)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        {
            // The short name keeps the output small, and with it the time that rustc takes over it.
            use #krate::__private as r;
            const _: &[&[::core::primitive::u8]] = &[#(#tracked),*];
            const COLUMNS: r::Columns<#count> = r::Columns { #columns };
            // A constant of its own: only there does what a function makes live as long as the program.
            const REVISIONS: &[r::Revision] = &COLUMNS.revisions();
            r::Migrations::embedded(#shown, #name, #program, REVISIONS, #window, #image)
        }
    }
}

/// Every message as an error of its own, and a value of the right type beside them: the errors are all there
/// is to see.
pub(crate) fn errors(krate: &TokenStream, span: Span, messages: impl Iterator<Item = String>) -> TokenStream {
    let messages = messages.map(|message| quote_spanned!(span=> ::core::compile_error!(#message);));
    quote! {
        {
            #(#messages)*
            #krate::__private::Migrations::embedded("", "", "", &[], ::core::option::Option::None, &[])
        }
    }
}

/// Makes cargo build anew when the file is edited or removed. A macro has no stable way to say so but this.
fn track(directory: &Directory, file: &str) -> TokenStream {
    let relative = Path::new(&directory.shown).join(file);
    let shown = relative.to_string_lossy();
    let path = if relative.is_absolute() {
        quote!(#shown)
    } else {
        // The folder is not written out, so that the output is the same on every machine.
        let shown = format!("/{shown}");
        quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #shown))
    };
    quote!(::core::include_bytes!(#path))
}

/// The fields of `Columns`: lists of literals, over which rustc takes the least time.
fn columns(revisions: &[Revision]) -> TokenStream {
    let ids = revisions.iter().map(Revision::id);
    let parents = revisions.iter().map(|revision| revision.revises().collect::<Vec<_>>().join(" "));
    let paths = revisions.iter().map(Revision::path);
    let dates = revisions.iter().map(|revision| revision.date().number());
    let summaries = revisions.iter().map(Revision::summary);
    let (upgrades, upgrade_lines, upgrade_spans) =
        halves(revisions.iter().map(|revision| half(revision.upgrade())));
    let (downgrades, downgrade_lines, downgrade_spans) =
        halves(revisions.iter().map(|revision| match revision.downgrade() {
            Downgrade::Sql(sql) => half(sql),
            Downgrade::Irreversible(reason) => (&**reason, 0, &[][..]),
        }));
    let destroys = revisions.iter().enumerate().filter(|(_, revision)| !revision.destroys().is_empty());
    let destroys = destroys.map(|(place, revision)| {
        let destroys = revision.destroys().iter().map(self::destroys);
        quote!((#place, &[#(#destroys),*]))
    });
    let compatible = revisions.iter().enumerate().filter(|(_, revision)| revision.is_compatible());
    let compatible = compatible.map(|(place, _)| place);
    let checksums = revisions.iter().map(|revision| Literal::byte_string(revision.checksum()));
    let chain_checksums = revisions.iter().map(|revision| Literal::byte_string(revision.chain_checksum()));
    let proven = || revisions.iter().map_while(Revision::proven);
    let fingerprints = proven().map(|proven| Literal::byte_string(&proven.fingerprint));
    let texts = proven().map(|proven| Literal::byte_string(&proven.texts.to_bytes()));
    quote! {
        ids: [#(#ids),*],
        parents: [#(#parents),*],
        paths: [#(#paths),*],
        dates: [#(#dates),*],
        summaries: [#(#summaries),*],
        upgrades: [#(#upgrades),*],
        upgrade_lines: [#(#upgrade_lines),*],
        upgrade_spans: [#(#upgrade_spans),*],
        downgrades: [#(#downgrades),*],
        downgrade_lines: [#(#downgrade_lines),*],
        downgrade_spans: [#(#downgrade_spans),*],
        destroys: &[#(#destroys),*],
        compatible: &[#(#compatible),*],
        checksums: [#(#checksums),*],
        chain_checksums: [#(#chain_checksums),*],
        fingerprints: &[#(#fingerprints),*],
        texts: &[#(#texts),*],
    }
}

/// The text of a half, its line, and where its statements stand.
fn half(half: &Half) -> (&str, u32, &[u8]) {
    let (line, spans) = half.layout();
    (half.sql(), line, spans)
}

/// One list for each of the three.
fn halves<'h>(
    halves: impl Iterator<Item = (&'h str, u32, &'h [u8])>,
) -> (Vec<&'h str>, Vec<u32>, Vec<Literal>) {
    let (mut texts, mut lines, mut spans) = (Vec::new(), Vec::new(), Vec::new());
    for half in halves {
        texts.push(half.0);
        lines.push(half.1);
        spans.push(Literal::byte_string(half.2));
    }
    (texts, lines, spans)
}

fn destroys(Destroys { table, column, reason }: &Destroys) -> TokenStream {
    let column = match column {
        Some(column) => quote!(::core::option::Option::Some(#column)),
        None => quote!(::core::option::Option::None),
    };
    quote!(r::Destroys::embedded(#table, #column, #reason))
}
