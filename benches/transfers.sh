#!/usr/bin/env bash
# Measures zone transfers beside NSD and Knot: what a zone of a million records takes to send, what queries take meanwhile, and what a
# transfer of one change takes. Four minutes on two cores that have nothing else to do. $NOMADNS_BINARY spares the build.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=.ci/peers.sh
. .ci/peers.sh
export PATH="$PATH:/usr/sbin"

packages nsd knot python3
if [ -z "${NOMADNS_BINARY:-}" ]; then
    cargo build --release --locked
    NOMADNS_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/nomadns"
fi
exec python3 benches/transfers/main.py "$(realpath "$NOMADNS_BINARY")"
