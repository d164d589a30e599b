# What CI runs, then what a person needs while working. `just --list` shows all.

# All that CI holds a change to, but for the release build and the clients (`just clients`)
check:
    cargo fmt --check
    cargo clippy --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked
    cargo test --locked
    .ci/supply

# A simulated cluster and the gateway before it
demo *ARGS:
    cargo run --release --locked -- demo {{ARGS}}

# The gateway before the Nomad at NOMAD_ADDR
run *ARGS:
    cargo run --release --locked -- serve {{ARGS}}

# dig, kdig and curl against the real binary (bind9-dnsutils, knot-dnsutils, curl)
clients:
    cargo test --locked --test clients

# The benchmarks
bench *ARGS:
    cargo bench --locked {{ARGS}}

# How many instructions a hit and a change take, against what is written down (valgrind)
instructions:
    .ci/instructions

# nomadns beside NSD, Knot, Unbound and others: a quarter of an hour, writes docs/
peers *ARGS:
    benches/peers.sh {{ARGS}}

# Certificates for development, in certs-dev/
certs *ARGS:
    cargo run --release --locked -- certs {{ARGS}}
