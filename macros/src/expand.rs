//! The output of the macro: a constant expression of the type `Migrations`.

use std::fs;
use std::path::Path;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use revchain_core::embedded::encode;
use revchain_core::lock_file::FILE_NAME;
use revchain_core::{Chain, Revision};

use crate::code::with_functions;
use crate::input::{Input, Replicated};

/// The results of the proof that the macro emits beside the chain.
pub(crate) struct Proven {
    /// The snapshot, or empty.
    pub(crate) snapshot: Vec<u8>,
    /// The reason why a new cluster must begin with a file, or empty.
    pub(crate) needs_file: String,
    /// A statement that makes the compiler show the notes, or empty.
    pub(crate) warning: TokenStream,
}

/// Returns a constant expression of the type `Migrations` that embeds the chain.
pub(crate) fn migrations(
    krate: &TokenStream,
    input: &Input,
    chain: &Chain,
    proven: &Proven,
) -> TokenStream {
    let name = input.name.as_deref().unwrap_or_default();
    let texts = [&input.directory, name, &input.program];
    let tracked_files = tracked_files(input, chain);
    let migrations = value(
        krate,
        chain,
        &proven.snapshot,
        texts,
        &with_functions(chain, &input.code),
    );
    let migrations = match &input.replicated {
        Some(Replicated { after, .. }) => {
            let after = after.as_deref().unwrap_or_default();
            replicated(krate, &migrations, [after, &proven.needs_file])
        }
        None => migrations,
    };
    let warning = &proven.warning;
    quote! {
        {
            #warning
            #tracked_files
            #migrations
        }
    }
}

/// Returns an expression of the type `Replicated`.
fn replicated(krate: &TokenStream, migrations: &TokenStream, texts: [&str; 2]) -> TokenStream {
    quote!(#krate::__private::Replicated::new(#migrations, #(#texts),*))
}

/// Returns one `compile_error!` per error, and an expression that embeds an empty chain.
///
/// Without this expression, the compiler would report a type error, too. `is_replicated` chooses
/// its type.
pub(crate) fn errors(
    krate: &TokenStream,
    is_replicated: bool,
    errors: impl IntoIterator<Item = (Span, String)>,
) -> TokenStream {
    let errors = errors.into_iter();
    let errors =
        errors.map(|(span, message)| quote_spanned!(span=> ::core::compile_error!(#message);));
    let mut migrations = value(krate, &Chain::EMPTY, &[], [""; 3], &TokenStream::new());
    if is_replicated {
        migrations = replicated(krate, &migrations, [""; 2]);
    }
    quote! {
        {
            #(#errors)*
            #migrations
        }
    }
}

/// Returns an expression of the type `Migrations`.
///
/// `with_functions` is the calls that add functions, or empty.
fn value(
    krate: &TokenStream,
    chain: &Chain,
    snapshot: &[u8],
    texts: [&str; 3],
    with_functions: &TokenStream,
) -> TokenStream {
    let bytes = Literal::byte_string(&encode(chain, snapshot));
    let (id, count) = (chain.head().map_or("", Revision::id), chain.len());
    let salt = option(chain.head_salt());
    let has_snapshot = !snapshot.is_empty();
    quote! {
        {
            use #krate::__private as r;
            // A function can refer to a static. A constant cannot on Rust 1.85.
            fn embedded() -> &'static r::Embedded {
                static EMBEDDED: r::Embedded = r::Embedded::new(#bytes);
                &EMBEDDED
            }
            let head = r::Head { id: #id, count: #count, salt: #salt, has_snapshot: #has_snapshot };
            r::Migrations::embedded(embedded, head, [#(#texts),*])#with_functions
        }
    }
}

/// Returns constants that include the files, so that an edit or a removal rebuilds the crate.
///
/// Stable Rust has no other way to tell cargo which files a macro has read.
/// The constants declare exact types, because rust-analyzer infers no type for `include_bytes!`.
fn tracked_files(input: &Input, chain: &Chain) -> TokenStream {
    let migrations = chain.revisions().iter().map(|revision| {
        let path = include_path(&input.directory, revision.file_name());
        quote!(::core::include_str!(#path))
    });
    let lock_file = include_lock_file(&input.directory, &input.path);
    quote! {
        const _: &[&::core::primitive::str] = &[#(#migrations),*];
        #lock_file
    }
}

/// Returns a constant that includes the lock file, or nothing without a lock file.
///
/// A new migration is not tracked yet. `revchain new` also rewrites the lock file, so tracking the
/// lock file rebuilds the crate.
/// `include_str!` would reject a lock file with bytes that are not UTF-8.
pub(crate) fn include_lock_file(directory: &str, on_disk: &Path) -> TokenStream {
    let lock_file = fs::metadata(on_disk.join(FILE_NAME)).map(|metadata| {
        let path = include_path(directory, FILE_NAME);
        let length = Literal::u64_unsuffixed(metadata.len());
        quote!(const _: &[::core::primitive::u8; #length] = ::core::include_bytes!(#path);)
    });
    lock_file.unwrap_or_default()
}

/// Returns the path of a file in the form that `include_str!` takes.
pub(crate) fn include_path(directory: &str, file_name: &str) -> TokenStream {
    let path = Path::new(directory).join(file_name);
    let display = path.to_string_lossy();
    if path.is_absolute() {
        return quote!(#display);
    }
    // The compiler inserts the package directory, so the output is the same on every machine.
    let display = format!("/{display}");
    quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #display))
}

/// Returns an expression with the value of an `Option`.
fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
