//! Threads that serve requests wait for nothing: an async function awaits a receipt, and never blocks on one.

use std::fs;

use crate::house::words::{root, sources};

/// Whether a line begins a function, and then whether that is async.
fn begins_function(line: &str) -> Option<bool> {
    let mut words = line.split_whitespace();
    words.find(|word| !word.starts_with("pub") && *word != "const" && *word != "in").and_then(|word| {
        match word {
            "async" => (words.next() == Some("fn")).then_some(true),
            "fn" => Some(false),
            _ => None,
        }
    })
}

#[test]
fn no_async_function_blocks_on_a_receipt() {
    let mut waits = 0;
    for member in ["domain", "server"] {
        for file in sources(&root().join("crates").join(member).join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            let own = text.split("#[cfg(test)]").next().unwrap_or_default();
            let mut is_async = false;
            for (number, line) in (1..).zip(own.lines()) {
                is_async = begins_function(line).unwrap_or(is_async);
                if line.contains(".wait()") || line.contains("block_on(") {
                    assert!(!is_async, "{}:{number} blocks a thread that serves requests", file.display());
                    waits += 1;
                }
            }
        }
    }
    assert!(waits > 5, "threads that may block do wait: {waits}");
}
