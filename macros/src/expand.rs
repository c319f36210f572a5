//! The macro's output: a constant expression of the type `Migrations`.

use std::path::Path;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use revchain_core::lock::FILE_NAME;
use revchain_core::{Chain, Destroys, Downgrade, Half, Revision};

use crate::input::{Directory, Input};

/// The chain as a constant.
pub(crate) fn chain(input: &Input, chain: &Chain, image: &[u8]) -> TokenStream {
    let Input { krate, directory, name, .. } = input;
    let image = Literal::byte_string(image);
    let shown = &directory.shown;
    let files = chain.revisions().iter().map(Revision::file_name);
    // `revchain migrate` writes the lock, so with one, a new file is noticed too.
    let lock = directory.path.join(FILE_NAME).exists().then_some(FILE_NAME);
    let tracked = files.chain(lock).map(|file| track(directory, file));
    let revisions = chain.revisions().iter().map(revision);
    let window = match chain.window {
        Some(window) => quote!(::core::option::Option::Some(#window)),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        {
            // The short name keeps the output small, and with it the time that rustc takes over it.
            use #krate::__private as r;
            const _: &[&[::core::primitive::u8]] = &[#(#tracked),*];
            // A constant of its own: only there does what a function makes live as long as the program.
            const REVISIONS: &[r::Revision] = &[#(#revisions),*];
            r::Migrations::embedded(#shown, #name, REVISIONS, #window, #image)
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
            #krate::__private::Migrations::embedded("", "", &[], ::core::option::Option::None, &[])
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

fn revision(revision: &Revision) -> TokenStream {
    let (id, path, summary) = (revision.id(), revision.path(), revision.summary());
    let parents = revision.revises().collect::<Vec<_>>().join(" ");
    let date = revision.date().number();
    let upgrade = half(revision.upgrade());
    let downgrade = match revision.downgrade() {
        Downgrade::Sql(sql) => {
            let half = half(sql);
            quote!(r::Downgrade::embedded(#half))
        }
        Downgrade::Irreversible(reason) => quote!(r::Downgrade::irreversible(#reason)),
    };
    let destroys = destroys(revision.destroys());
    // One token each, instead of an array of 32.
    let checksum = Literal::byte_string(revision.checksum());
    let chain_checksum = Literal::byte_string(revision.chain_checksum());
    // Empty where it is not known.
    let proven = revision.proven().map(|proven| [&proven.fingerprint[..], &proven.texts.to_bytes()].concat());
    let proven = Literal::byte_string(&proven.unwrap_or_default());
    quote! {
        r::Revision::embedded(
            #id, #parents, #path, #date, #summary, r::Half::embedded(#upgrade), #downgrade,
            #destroys, #checksum, #chain_checksum, #proven
        )
    }
}

/// The arguments of `Half::embedded`.
fn half(half: &Half) -> TokenStream {
    let sql = half.sql();
    let (line, spans) = half.layout();
    let spans = spans.iter().map(|(start, end)| quote!((#start, #end)));
    quote!(#sql, #line, &[#(#spans),*])
}

fn destroys(destroys: &[Destroys]) -> TokenStream {
    if destroys.is_empty() {
        return quote!(&[]);
    }
    let destroys = destroys.iter().map(|Destroys { table, column, reason }| {
        let column = match column {
            Some(column) => quote!(::core::option::Option::Some(#column)),
            None => quote!(::core::option::Option::None),
        };
        quote!(r::Destroys::embedded(#table, #column, #reason))
    });
    // A constant of its own: as an argument, what might have to be dropped cannot live as long as the program.
    quote!({ const D: &[r::Destroys] = &[#(#destroys),*]; D })
}
