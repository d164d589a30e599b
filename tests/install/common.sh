# What the tests of the package and of the image have in common; sourced.

# Prints the commands of the Nth block (1 by default) of shell commands below a heading of docs/install.md ($guide).
commands() {
    awk -v heading="$1" -v wanted="${2:-1}" '
        /^#/ && !inside { under = ($0 == heading) ; next }
        /^```/ { if (inside) { inside = 0 } else { inside = 1; if (under && $0 == "```sh") count++ } ; next }
        inside && under && count == wanted { print; found = 1 }
        END { exit !found }
    ' "$guide" || { echo "install: $guide has no block ${2:-1} of commands below $1" >&2; return 1; }
}

# Runs these commands as they are written, and prints them.
as_documented() {
    local text
    text="$(commands "$@")"
    printf '%s\n' "$text" | sed 's/^/$ /'
    eval "$text"
}

step() { printf '\n-- %s\n' "$*"; }

failed() { echo "install: FAILED: $*"; exit 1; }

# Waits until a command succeeds, 20 seconds at most.
until_ok() {
    local try
    for ((try = 0; try < 100; try++)); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    failed "this never succeeded: $*"
}

# The status page shows the services of the cluster: their names, or how many there are.
page_shows_services() {
    curl -sf http://127.0.0.1:9153/ | sed 's/<[^>]*>/ /g' | tr -s ' \n' ' ' | grep -oE 'redis|Services [1-9][0-9]*' | head -n 1 ||
        failed "the status page does not show the cluster's services"
}

# Starts a simulated Nomad that wants a token, at Nomad's usual port; sets `demo` and `acl` to their processes.
nomad_with_acls() {
    local binary="$1" folder="$2" token="$3" port
    "$binary" demo --ports auto --change-rate 0 >"$folder/demo.out" 2>&1 &
    demo=$!
    until_ok grep -q '^Nomad ' "$folder/demo.out"
    port="$(sed -nE 's|^Nomad .*http://127.0.0.1:([0-9]+)/.*|\1|p' "$folder/demo.out")"
    python3 "$folder/acl.py" 4646 "$port" "$token" &
    acl=$!
    until_ok curl -sf -H "X-Nomad-Token: $token" http://127.0.0.1:4646/v1/services
    curl -s http://127.0.0.1:4646/v1/services | grep -q 'Permission denied' || failed "the simulated Nomad wants no token"
}
