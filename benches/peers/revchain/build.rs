//! Has cargo notice a new file, as revchain's documentation asks for.

fn main() {
    let chain = match () {
        () if cfg!(feature = "c1000") => 1000,
        () if cfg!(feature = "c100") => 100,
        () => 10,
    };
    println!("cargo::rerun-if-changed=../../target/chains/revchain/{chain}");
}
