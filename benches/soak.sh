#!/usr/bin/env bash
# Changes, outages, followers that lag and attacks, over all transports, against an oracle that knows what was true: see
# benches/soak. The argument is how many seconds (7200 unless given). NOMADNS_BINARY names the binary, else the release build is
# made. It ends with a failure for an answer that is wrong or lost; after an hour and more, also for memory that grows.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=.ci/peers.sh
. .ci/peers.sh
packages python3-venv
python_with hpack==4.2.0
if [ -z "${NOMADNS_BINARY:-}" ]; then
    cargo build --release --locked --quiet
    NOMADNS_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/release/nomadns"
fi
NOMADNS_BINARY="$(realpath "$NOMADNS_BINARY")"
export NOMADNS_BINARY
exec "$python" benches/soak/run.py "${1:-7200}"
