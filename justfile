# What one can do here. Nothing needs just: each recipe is a plain command.

# List what one can do
default:
    @just --list --unsorted

# Serve the space in ~/.syft-space; arguments go to the server, as in `just run --listen 127.0.0.1:9000`
run *ARGS:
    cargo run --release --package syft-space -- serve {{ ARGS }}

# Show the main job in a minute, in a home that is removed afterwards
demo *ARGS:
    cargo run --release -- demo {{ ARGS }}

# Run every test; arguments go to cargo, as in `just test -p syft-space-domain policy::`
test *ARGS:
    cargo test --workspace {{ ARGS }}

# Check format, lints and documentation
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Ask for known weaknesses of the crates that this is built of (needs the database of https://rustsec.org)
advisories:
    .ci/deny advisories

# Do all that is done before a change is taken
ci:
    .ci/run

# Measure single parts
bench *ARGS:
    cargo bench --workspace --bench '*' {{ ARGS }}

# Measure the whole query path under load, against a bare JSON route in the same run
load *ARGS:
    tools/load/run {{ ARGS }}

# Run a long proof, as `just prove kill 50`; without a name, list them
prove NAME="" COUNT="":
    #!/usr/bin/env bash
    set -euo pipefail
    name={{ quote(NAME) }} count={{ quote(COUNT) }}
    if [[ "$name" =~ ^[a-z-]+$ && -x ".ci/prove/$name" ]]; then exec ".ci/prove/$name" ${count:+"$count"}; fi
    for proof in .ci/prove/*; do
        printf '%-13s %s\n' "${proof#.ci/prove/}" "$(sed -n '2s/^# //p' "$proof")"
    done
    [ -z "$name" ] || { echo "There is no proof $name." >&2; exit 2; }
