//! A secret is printed, or written as JSON.

use syft_space_domain::secret::Secret;

fn main() {
    let secret = Secret::new(String::from("hunter2"));
    println!("{secret}");
    println!("{secret:?}");
    let _ = serde_json::to_string(&secret);
}
