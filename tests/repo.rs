//! Rules of the repository.

#![allow(clippy::unwrap_used)]

#[path = "repo/catalogue.rs"]
mod catalogue;
#[path = "repo/checkout.rs"]
mod checkout;
#[path = "repo/comments.rs"]
mod comments;
#[path = "repo/console.rs"]
mod console;
#[path = "repo/console_ci.rs"]
mod console_ci;
#[path = "repo/documents.rs"]
mod documents;
#[path = "repo/downstream.rs"]
mod downstream;
#[path = "repo/functions.rs"]
mod functions;
#[path = "repo/imported.rs"]
mod imported;
#[path = "repo/imports.rs"]
mod imports;
#[path = "repo/lexer.rs"]
mod lexer;
#[path = "repo/links.rs"]
mod links;
#[path = "repo/manifests.rs"]
mod manifests;
#[path = "repo/notes.rs"]
mod notes;
#[path = "repo/sources.rs"]
mod sources;
#[path = "repo/types.rs"]
mod types;
