//! The output of the macro: a constant expression of the type `Migrations`.

use std::fs;
use std::path::Path;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use revchain_core::lock_file::FILE_NAME;
use revchain_core::{Assumes, Chain, Destroys, Downgrade, Revision};

use crate::input::Input;

/// Returns a constant expression of the type `Migrations` that embeds the chain.
///
/// `warning` is a statement that makes the compiler show the notes of the proof, or empty.
pub(crate) fn migrations(
    krate: &TokenStream,
    input: &Input,
    chain: &Chain,
    snapshot: &[u8],
    warning: &TokenStream,
) -> TokenStream {
    let (directory, program) = (&input.directory, &input.program);
    let name = input.name.as_deref().unwrap_or_default();
    let snapshot = bytes(snapshot);
    let tracked_files = tracked_files(input, chain);
    let count = chain.len();
    let columns = columns(chain.revisions());
    let hash_offset = option(chain.hash_offset());
    quote! {
        {
            // A short name keeps the output small, and small output compiles faster.
            use #krate::__private as r;
            #warning
            #tracked_files
            const COLUMNS: r::Columns<#count> = r::Columns { #columns };
            // In a constant, a reference to the result of a function call is `'static`.
            const REVISIONS: &[r::Revision] = &COLUMNS.revisions();
            let chain = r::Chain::embedded(REVISIONS, #hash_offset);
            r::Migrations::embedded(chain, #directory, #name, #program, #snapshot)
        }
    }
}

/// Returns one `compile_error!` per message, and an expression that embeds an empty chain.
///
/// Without this expression, the compiler would report a type error, too.
pub(crate) fn errors(
    krate: &TokenStream,
    span: Span,
    messages: impl IntoIterator<Item = String>,
) -> TokenStream {
    let errors = messages.into_iter();
    let errors = errors.map(|message| quote_spanned!(span=> ::core::compile_error!(#message);));
    quote! {
        {
            #(#errors)*
            use #krate::__private as r;
            let chain = r::Chain::embedded(&[], ::core::option::Option::None);
            r::Migrations::embedded(chain, "", "", "", &[])
        }
    }
}

/// Returns constants that include the files, so that an edit or a removal rebuilds the crate.
///
/// Stable Rust has no other way to tell cargo which files a macro has read.
/// The constants declare exact types, because rust-analyzer infers no type for `include_bytes!`.
fn tracked_files(input: &Input, chain: &Chain) -> TokenStream {
    let migrations = chain.revisions().iter().map(|revision| {
        let path = include_path(input, revision.file_name());
        quote!(::core::include_str!(#path))
    });
    // A new migration is not tracked yet. `revchain migrate` also rewrites the lock file, so
    // tracking the lock file rebuilds the crate.
    // `include_str!` would reject a lock file with bytes that are not UTF-8.
    let lock_file = fs::metadata(input.path.join(FILE_NAME)).map(|metadata| {
        let path = include_path(input, FILE_NAME);
        let length = Literal::u64_unsuffixed(metadata.len());
        quote!(const _: &[::core::primitive::u8; #length] = ::core::include_bytes!(#path);)
    });
    let lock_file = lock_file.unwrap_or_default();
    quote! {
        const _: &[&::core::primitive::str] = &[#(#migrations),*];
        #lock_file
    }
}

/// Returns the path of a file in the form that `include_str!` takes.
fn include_path(input: &Input, file_name: &str) -> TokenStream {
    let path = Path::new(&input.directory).join(file_name);
    let display = path.to_string_lossy();
    if path.is_absolute() {
        return quote!(#display);
    }
    // The compiler inserts the package directory, so the output is the same on every machine.
    let display = format!("/{display}");
    quote!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #display))
}

/// Returns the fields of `Columns` as lists of literals, because such lists compile fastest.
fn columns(revisions: &[Revision]) -> TokenStream {
    let ids = revisions.iter().map(Revision::id);
    let parents = revisions.iter().map(parents);
    let paths = revisions.iter().map(Revision::path);
    let dates = revisions.iter().map(|revision| revision.date().number());
    let summaries = revisions.iter().map(Revision::summary);
    let mut upgrades = ScriptColumns::default();
    let mut downgrades = ScriptColumns::default();
    let (mut destroys, mut assumes, mut compatible) = (Vec::new(), Vec::new(), Vec::new());
    for (index, revision) in revisions.iter().enumerate() {
        let upgrade = revision.upgrade();
        upgrades.push(upgrade.sql(), upgrade.layout());
        match revision.downgrade() {
            Downgrade::Sql(script) => downgrades.push(script.sql(), script.layout()),
            Downgrade::Irreversible(reason) => downgrades.push(reason, (0, &[])),
        }
        if !revision.destroys().is_empty() {
            let declared = revision.destroys().iter().map(self::destroys);
            destroys.push(quote!((#index, &[#(#declared),*])));
        }
        if !revision.assumes().is_empty() {
            let declared = revision.assumes().iter().map(self::assumes);
            assumes.push(quote!((#index, &[#(#declared),*])));
        }
        if revision.is_compatible() {
            compatible.push(index);
        }
    }
    let upgrades = upgrades.fields("upgrade");
    let downgrades = downgrades.fields("downgrade");
    let checksums = revisions.iter().map(|revision| bytes(revision.checksum()));
    let chain_checksums = revisions.iter().map(Revision::chain_checksum);
    let chain_checksums = chain_checksums.map(|checksum| bytes(checksum));
    let proven: Vec<_> = revisions.iter().map_while(Revision::proven).collect();
    let fingerprints = proven.iter().map(|proven| bytes(&proven.fingerprint));
    let sql_hashes = proven.iter().map(|proven| proven.sql_hash.to_bytes());
    let sql_hashes = sql_hashes.map(|hash| bytes(&hash));
    quote! {
        ids: [#(#ids),*],
        parents: [#(#parents),*],
        paths: [#(#paths),*],
        dates: [#(#dates),*],
        summaries: [#(#summaries),*],
        #upgrades
        #downgrades
        destroys: &[#(#destroys),*],
        assumes: &[#(#assumes),*],
        compatible: &[#(#compatible),*],
        checksums: [#(#checksums),*],
        chain_checksums: [#(#chain_checksums),*],
        fingerprints: &[#(#fingerprints),*],
        sql_hashes: &[#(#sql_hashes),*],
    }
}

fn parents(revision: &Revision) -> String {
    revision.revises().collect::<Vec<_>>().join(" ")
}

fn bytes(bytes: &[u8]) -> Literal {
    Literal::byte_string(bytes)
}

/// The scripts of one direction. Each field is a list with one item per script.
#[derive(Default)]
struct ScriptColumns<'s> {
    sql: Vec<&'s str>,
    lines: Vec<u32>,
    spans: Vec<Literal>,
}

impl<'s> ScriptColumns<'s> {
    fn push(&mut self, sql: &'s str, (line, spans): (u32, &[u8])) {
        self.sql.push(sql);
        self.lines.push(line);
        self.spans.push(bytes(spans));
    }

    fn fields(&self, direction: &str) -> TokenStream {
        let Self { sql, lines, spans } = self;
        let sql_field = format_ident!("{direction}s");
        let lines_field = format_ident!("{direction}_lines");
        let spans_field = format_ident!("{direction}_spans");
        quote! {
            #sql_field: [#(#sql),*],
            #lines_field: [#(#lines),*],
            #spans_field: [#(#spans),*],
        }
    }
}

fn destroys(declared: &Destroys) -> TokenStream {
    let (table, reason) = (&declared.table, &declared.reason);
    let column = option(declared.column.as_ref());
    quote!(r::Destroys::embedded(#table, #column, #reason))
}

fn assumes(declared: &Assumes) -> TokenStream {
    let (table, columns, reason) = (&declared.table, declared.columns.iter(), &declared.reason);
    // The name of the variant.
    let kind = format_ident!("{}", format!("{:?}", declared.kind));
    // An inline constant, because a list of names that are dropped is `'static` only there.
    let columns = quote!(const { &[#(r::Cow::Borrowed(#columns)),*] });
    quote!(r::Assumes::embedded(#table, #columns, r::AssumesKind::#kind, #reason))
}

/// Returns an expression with the value of an `Option`.
fn option(value: Option<impl ToTokens>) -> TokenStream {
    match value {
        Some(value) => quote!(::core::option::Option::Some(#value)),
        None => quote!(::core::option::Option::None),
    }
}
