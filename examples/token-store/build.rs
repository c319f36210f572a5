//! Builds the program again when a migration is added.

fn main() {
    // On stable Rust a macro can tell cargo which files it has read, so edits and removals are seen without this;
    // which directory it looked into, it cannot, so a new file in it would be missed.
    println!("cargo::rerun-if-changed=migrations");
}
