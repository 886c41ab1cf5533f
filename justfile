# What one can do here. Nothing needs just: each recipe is a plain command.

# List what one can do
default:
    @just --list --unsorted

# Serve the space in ~/.syft-space; arguments go to the server, as in `just run --listen 127.0.0.1:9000`
run *ARGS:
    cargo run --release -- serve {{ ARGS }}

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

# Do all that is done before a change is taken
ci:
    .ci/run

# Measure single parts
bench *ARGS:
    cargo bench --workspace --bench '*' {{ ARGS }}

# Measure the whole query path under load, against a bare JSON route in the same run
load *ARGS:
    crates/server/load/run {{ ARGS }}

# Run a long proof: kill, ingest-kill, power (COUNT rounds), writers (COUNT seconds), tokens, differential (COUNT cases), audit (COUNT events), noise (COUNT), memory, quality, fuzz (COUNT seconds), schemathesis (COUNT seconds)
prove NAME COUNT="":
    #!/usr/bin/env bash
    set -euo pipefail
    count={{ quote(COUNT) }}
    http() { cargo test --package syft-space --test http "$@" -- --nocapture; }
    case {{ quote(NAME) }} in
        # kill -9 at random moments under load
        kill) SYFT_SPACE_PROVE_ROUNDS=${count:-300} http kill:: ;;
        # kill -9 at random moments while files are taken in
        ingest-kill) SYFT_SPACE_PROVE_ROUNDS=${count:-50} http cut_off:: ;;
        # the loss of power at random moments
        power) SYFT_SPACE_PROVE_ROUNDS=${count:-30} http power:: ;;
        # 64 writers, and a storm of logins
        writers) SYFT_SPACE_PROVE_SECONDS=${count:-60} http load:: ;;
        # changed tokens, none of which may be accepted
        tokens) PROPTEST_CASES=${count:-100000} cargo test --package syft-space-jwt --test tokens mutation:: ;;
        # the same random units of work in memory and in SQLite
        differential)
            PROPTEST_CASES=${count:-2000} cargo test --package syft-space-sqlite --test all conformance::the_same_units ;;
        # a log of COUNT events: how fast it is searched, what its index costs, and the index after kill -9
        audit)
            SYFT_SPACE_PROVE_ROUNDS=100 cargo test --package syft-space-sqlite --test all audit_index::r1
            cargo run --release --package syft-space-sqlite --example audit -- ${count:-1000000} ;;
        # a running server against its own description of the API
        schemathesis) crates/server/contract/run ${count:-1800} ;;
        # nonsense by anybody: what it leaves in the log, and who is answered meanwhile
        noise) SYFT_SPACE_PROVE_TOKENS=${count:-100000} http noise:: ;;
        # the HTTP tests over the adapters in memory
        memory) SYFT_SPACE_TEST_ADAPTERS=memory http ;;
        # how well and how fast natural questions are answered
        quality) crates/search/quality/run ;;
        # whatever bytes libFuzzer finds for the parsers that see outside ones
        fuzz) crates/fuzz/libfuzzer/run "${count:-60}" ;;
        *) echo "There is no proof of this name: kill, ingest-kill, power, writers, tokens, differential, audit, noise, memory, quality, fuzz, schemathesis." >&2; exit 2 ;;
    esac
