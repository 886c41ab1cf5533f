//! The build script: it embeds the migrations again when a file in their folders changes, or one is added.
fn main() {
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
    println!("cargo:rerun-if-changed=../../migrations/sqlite-documents");
    println!("cargo:rerun-if-changed=../../migrations/sqlite-limits");
}
