//! Rebuilds the program when a migration is added.

fn main() {
    // Cargo detects edits and removals without this line: the macro names the files that it read.
    // On stable Rust a macro cannot name the directory, so cargo would miss a new file.
    println!("cargo::rerun-if-changed=migrations");
}
