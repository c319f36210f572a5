//! The macro's output: a constant expression of the type `Migrations`.

use std::path::Path;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use revchain_core::{Chain, Destroys, Downgrade, Half, Revision};

use crate::input::Directory;

/// The chain as a constant.
pub(crate) fn chain(krate: &TokenStream, directory: &Directory, chain: &Chain) -> TokenStream {
    let private = quote!(#krate::__private);
    let shown = &directory.shown;
    let tracked = chain.revisions().iter().map(|revision| track(directory, revision));
    let revisions = chain.revisions().iter().map(|value| self::revision(&private, value));
    quote! {
        {
            #(#tracked)*
            // A constant of its own: only there does what a function makes live as long as the program.
            const REVISIONS: &[#private::Revision] = &[#(#revisions),*];
            #private::Migrations::embedded(#shown, REVISIONS)
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
            #krate::__private::Migrations::embedded("", &[])
        }
    }
}

/// Makes cargo build anew when the file is edited or removed. A macro has no stable way to say so but this.
fn track(directory: &Directory, revision: &Revision) -> TokenStream {
    let name = revision.path().rsplit('/').next().unwrap_or_default();
    let relative = Path::new(&directory.shown).join(name);
    let shown = relative.to_string_lossy();
    let path = if relative.is_absolute() {
        quote!(#shown)
    } else {
        // The folder is not written out, so that the output is the same on every machine.
        let shown = format!("/{shown}");
        quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #shown))
    };
    quote!(
        const _: &[u8] = ::core::include_bytes!(#path);
    )
}

fn revision(private: &TokenStream, revision: &Revision) -> TokenStream {
    let Revision { id, parents, path, summary, .. } = revision;
    let parents = parents.iter().map(|parent| quote!(#private::Cow::Borrowed(#parent)));
    let (year, month, day, hour, minute) = revision.date().parts();
    let upgrade = half(private, revision.upgrade());
    let downgrade = downgrade(private, revision.downgrade());
    let destroys = revision.destroys().iter().map(|value| self::destroys(private, value));
    let checksum = bytes(revision.checksum());
    let chain_checksum = bytes(revision.chain_checksum());
    quote! {
        #private::Revision {
            id: #private::Cow::Borrowed(#id),
            parents: #private::Cow::Borrowed(&[#(#parents),*]),
            path: #private::Cow::Borrowed(#path),
            date: #private::date(#year, #month, #day, #hour, #minute),
            summary: #private::Cow::Borrowed(#summary),
            upgrade: #upgrade,
            downgrade: #downgrade,
            destroys: #private::Cow::Borrowed(&[#(#destroys),*]),
            checksum: *#checksum,
            chain_checksum: *#chain_checksum,
        }
    }
}

/// One token instead of an array of 32.
fn bytes(bytes: &[u8]) -> proc_macro2::Literal {
    proc_macro2::Literal::byte_string(bytes)
}

fn half(private: &TokenStream, half: &Half) -> TokenStream {
    let Half { sql, line, statements } = half;
    let statements = statements.iter().map(|(start, end)| quote!((#start, #end)));
    quote! {
        #private::Half {
            sql: #private::Cow::Borrowed(#sql),
            line: #line,
            statements: #private::Cow::Borrowed(&[#(#statements),*]),
        }
    }
}

fn downgrade(private: &TokenStream, downgrade: &Downgrade) -> TokenStream {
    match downgrade {
        Downgrade::Sql(value) => {
            let half = half(private, value);
            quote!(#private::Downgrade::Sql(#half))
        }
        Downgrade::Irreversible(reason) => {
            quote!(#private::Downgrade::Irreversible(#private::Cow::Borrowed(#reason)))
        }
    }
}

fn destroys(private: &TokenStream, destroys: &Destroys) -> TokenStream {
    let Destroys { table, column, reason } = destroys;
    let column = match column {
        Some(column) => quote!(::core::option::Option::Some(#private::Cow::Borrowed(#column))),
        None => quote!(::core::option::Option::None),
    };
    quote! {
        #private::Destroys {
            table: #private::Cow::Borrowed(#table),
            column: #column,
            reason: #private::Cow::Borrowed(#reason),
        }
    }
}
