# The house's recipes; `.ci/run` is what must pass before a change lands.

# List the recipes
default:
    @just --list

# Everything that must pass
ci:
    .ci/run

# Format
fmt:
    cargo fmt --all

# Lints
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# All tests
test:
    cargo test --workspace

# Fill in the snapshots of the end-to-end tests and the generated reference
update:
    SNAPSHOTS=overwrite cargo test --workspace

# The documentation of the library
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --open

# All benchmarks with their peers, at full size
bench:
    bench/run

# Show the product at work
demo:
    cargo run --release -- demo
