//! A file that is added to `sql` is built in without further ado: the compiler itself only looks at those it has seen.

fn main() {
    println!("cargo:rerun-if-changed=sql");
    println!("cargo:rerun-if-changed=build.rs");
}
