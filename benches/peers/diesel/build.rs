//! Rebuilds the program when a migration is added, as the documentation of Diesel recommends.

fn main() {
    let count = if cfg!(feature = "c1000") {
        1000
    } else if cfg!(feature = "c100") {
        100
    } else {
        10
    };
    println!("cargo::rerun-if-changed=../../target/chains/diesel/{count}");
}
