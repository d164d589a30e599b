# For the proofs beside this file, which source it: a demo on free ports, and the tools that drive it.
# The binary is $NOMADNS_BINARY, or the debug build. All that is made ends with the script.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

target="${CARGO_TARGET_DIR:-$PWD/target}"
work="$(mktemp -d)"
started=()
end() {
    local process
    for process in "${started[@]}"; do
        kill "$process" 2>/dev/null && wait "$process" || true
    done
    rm -rf "$work"
}
trap end EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# The path of the binary, built if need be.
binary() {
    if [ -z "${NOMADNS_BINARY:-}" ]; then
        cargo build --quiet --locked --bin nomadns >&2
        NOMADNS_BINARY="$target/debug/nomadns"
    fi
    echo "$NOMADNS_BINARY"
}

# Starts the demo with the arguments given; sets the ports.
start_demo() {
    local nomadns
    nomadns="$(binary)"
    : >"$work/demo.log"
    "$nomadns" demo --ports auto "$@" >>"$work/demo.log" 2>&1 &
    demo=$!
    started+=("$demo")
    for _ in $(seq 600); do
        grep -q '^Ctrl-C' "$work/demo.log" && break
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.1
    done
    grep -q '^Ctrl-C' "$work/demo.log" || {
        cat "$work/demo.log" >&2
        fail "the demo does not start"
    }
    dns_port="$(port --dns-port)" tls_port="$(port --tls-port)"
    https_port="$(port --https-port)" http_port="$(port --http-port)"
    admin_port="$(sed -nE 's|^Metrics .*:([0-9]+)/metrics$|\1|p' "$work/demo.log")"
    for _ in $(seq 600); do
        curl -fsS "http://127.0.0.1:$admin_port/readyz" >/dev/null 2>&1 && return
        sleep 0.1
    done
    fail "the demo does not get ready"
}

port() { sed -nE "s/^All .* $1 ([0-9]+).*/\1/p" "$work/demo.log"; }

# Checks that the demo still runs and answers; a proof ends with it.
demo_lives() {
    kill -0 "$demo" 2>/dev/null || fail "the gateway ended"
    curl -fsS "http://127.0.0.1:$http_port/resolve?name=redis.default.nomad" | grep -q '"Status":0' ||
        fail "the gateway does not answer any more"
    local panics
    panics="$(curl -fsS "http://127.0.0.1:$admin_port/metrics" | grep -i panic | grep -v '^#' | grep -v ' 0$' || true)"
    [ -z "$panics" ] || fail "it panicked: $panics"
}

# Puts a package of PyPI, at a version, into an environment of its own; sets $tool to what it brings.
python_tool() {
    local name="$1" version="$2" place="$target/proofs/$1-$2"
    tool="$place/bin/$name"
    if [ ! -x "$tool" ]; then
        python3 -m venv "$place" || fail "python3 -m venv (Debian: python3-venv)"
        "$place/bin/pip" install --quiet --disable-pip-version-check "$name==$version"
    fi
    python="$place/bin/python"
}
