# The checks that CI runs, then commands for daily work. `just --list` shows all.

# What CI runs on every change, except the release build, the clients (`just clients`) and other programs (see .ci/run)
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked
    cargo test --locked
    .ci/supply

# A simulated cluster, and a gateway for it
demo *ARGS:
    cargo run --release --locked -- demo {{ARGS}}

# The gateway for the Nomad at NOMAD_ADDR
run *ARGS:
    cargo run --release --locked -- serve {{ARGS}}

# dig, kdig and curl against the real binary (bind9-dnsutils, knot-dnsutils, curl)
clients:
    cargo test --locked --test clients

# The benchmarks
bench *ARGS:
    cargo bench --locked {{ARGS}}

# How many instructions a cache hit and a change take, compared with the expected figures (valgrind)
instructions:
    .ci/instructions

# Compares nomadns with NSD, Knot, Unbound and others: a quarter of an hour, writes docs/
peers *ARGS:
    benches/peers.sh {{ARGS}}

# Certificates for development, in certs-dev/
certs *ARGS:
    cargo run --release --locked -- certs {{ARGS}}

# The picture of the status page in README (chromium, curl)
picture:
    docs/status-page.sh
