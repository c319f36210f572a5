//! The warning with the notes of the proof, in crates outside the workspace.

use std::path::Path;

use revchain_core::lock_file;

use crate::downstream::{Crate, USE_IT};
use crate::sources::read;

/// The start of the warning.
const WARNING: &str = "NOTES`: the proof left something unchecked";

/// A revision with a table that takes no rows, and a revision that the proof cannot check then.
const MIGRATIONS: [(&str, &str); 2] = [
    (
        "20260113_1200_001_add_app_passwords.sql",
        "-- A.
-- @revises base
-- @upgrade
CREATE TABLE codes (a TEXT, never TEXT AS (nullif(a, a)) NOT NULL);
-- @downgrade
DROP TABLE codes;
",
    ),
    (
        "20260114_1200_002_add_b.sql",
        "-- B.
-- @revises 001
-- @upgrade
ALTER TABLE codes ADD COLUMN b TEXT NOT NULL DEFAULT '';
-- @downgrade
ALTER TABLE codes DROP COLUMN b;
",
    ),
];

/// Creates a crate whose chain has a note.
fn crate_with_note(name: &str) -> Crate {
    let new = Crate::new(name, USE_IT);
    for (file, text) in MIGRATIONS {
        new.write(&format!("migrations/{file}"), text);
    }
    new
}

/// Builds a program that contains `body`, and returns `true` on success, and the output.
fn build(downstream: &Crate, body: &str) -> (bool, String) {
    downstream.write(
        "src/main.rs",
        &format!("{body}\npub use renamed::{{Migrations, embed_migrations}};\n"),
    );
    downstream.cargo(&["check"])
}

#[test]
fn note_is_one_warning_for_each_chain() {
    let downstream = crate_with_note("notes");
    let (success, output) = build(
        &downstream,
        "static MIGRATIONS: Migrations = embed_migrations!();
         const NAMED: Migrations = embed_migrations!(\"migrations\", name = \"codes\");
         fn main() {
             let local = embed_migrations!(\"migrations\");
             println!(\"{MIGRATIONS:?}{NAMED:?}{local:?}\");
         }",
    );
    assert!(success, "{output}");
    assert_eq!(output.matches(WARNING).count(), 3, "{output}");
    assert!(output.contains("generated 3 warnings"), "{output}");
    // The page on the proof shows the warning.
    let page = read("docs/guide/proof.md");
    let shown = page.split("\n```text\nwarning: ").nth(1).unwrap();
    let shown = shown.split("\n -->").next().unwrap();
    assert!(
        shown.lines().count() == 4 && output.contains(shown),
        "{output}"
    );
    assert!(
        output.contains("the chain `codes` in migrations\n"),
        "{output}"
    );
}

#[test]
fn allow_deprecated_or_notes_false_silences_the_note() {
    let downstream = crate_with_note("notes-silenced");
    let (success, output) = build(
        &downstream,
        "#![deny(warnings)]
         #[allow(deprecated)]
         static MIGRATIONS: Migrations = embed_migrations!();
         #[expect(deprecated)]
         const CONST: Migrations = embed_migrations!();
         static OTHER: Migrations = embed_migrations!(\"migrations\", notes = false);
         fn main() {
             let local = embed_migrations!(notes = false, name = \"codes\");
             #[allow(deprecated)]
             let other = embed_migrations!();
             println!(\"{MIGRATIONS:?}{CONST:?}{OTHER:?}{local:?}{other:?}\");
         }",
    );
    assert!(success && !output.contains("warning"), "{output}");
}

#[test]
fn locked_chain_with_a_note_compiles_if_warnings_are_denied() {
    let downstream = crate_with_note("notes-locked");
    let body = "#![deny(warnings)]
        static MIGRATIONS: Migrations = embed_migrations!();
        fn main() { println!(\"{MIGRATIONS:?}\"); }";
    let (success, output) = build(&downstream, body);
    let error = format!("error: use of deprecated constant `MIGRATIONS::{WARNING}");
    assert!(!success && output.contains(&error), "{output}");

    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("notes-locked/migrations");
    let chain = revchain_core::load::load(&directory, "migrations").unwrap();
    let lock_file = lock_file::render(&chain, chain.revisions());
    downstream.write("migrations/revchain.lock", &lock_file);
    let (success, output) = build(&downstream, body);
    assert!(success && !output.contains("warning"), "{output}");
}
