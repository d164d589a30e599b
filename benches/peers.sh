#!/usr/bin/env bash
# Measures nomadns beside NSD, Knot, Unbound, PowerDNS, dnsdist, nginx, Knot Resolver and, where $COREDNS_BIN
# is one, CoreDNS: under 15 minutes from a clean clone, on two cores that have nothing else to do.
# Installs missing Debian packages; writes docs/peers.json, docs/peers.svg and the table of docs/benchmarks.md.
# `benches/peers.sh --help` has the options; $NOMADNS_BINARY spares the build.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=.ci/peers.sh
. .ci/peers.sh
export PATH="$PATH:/usr/sbin"

packages nsd knot knot-dnsutils iproute2 unbound pdns-server pdns-backend-bind dnsdist nginx-light knot-resolver dnsperf nghttp2-client python3
if [ -z "${NOMADNS_BINARY:-}" ]; then
    cargo build --release --locked
    NOMADNS_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/nomadns"
fi
exec python3 benches/peers/main.py --binary "$NOMADNS_BINARY" --repository . "$@"
