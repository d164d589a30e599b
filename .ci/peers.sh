# What .ci/differential and .ci/resolvers have in common; sourced from the top of the repository.

# Installs what is missing of Debian packages, without their daemons being started.
packages() {
    local missing=() package sudo=() policy=/usr/sbin/policy-rc.d made= apt
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    # One at a time: some checks run side by side.
    exec {apt}>"${TMPDIR:-/tmp}/nomadns-packages.lock"
    flock "$apt"
    [ "$(id -u)" = 0 ] || sudo=(sudo)
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
        "${sudo[@]}" chmod 755 "$policy"
        made=1
    fi
    local status=0
    "${sudo[@]}" apt-get update -q &&
        "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" ||
        status=$?
    [ -z "$made" ] || "${sudo[@]}" rm "$policy"
    exec {apt}>&-
    return "$status"
}

# Sets `python` to one that has these packages of PyPI, in an environment below the target directory.
python_with() {
    local folder="${CARGO_TARGET_DIR:-$PWD/target}/python"
    python="$folder/bin/python"
    mkdir -p "$folder"
    (
        # One at a time: some checks run side by side.
        flock 9
        [ -x "$python" ] || python3 -m venv "$folder"
        "$python" -m pip install --quiet --disable-pip-version-check "$@"
    ) 9>"$folder/lock"
    export PATH="$PATH:/usr/sbin"
}

# Sets NOMADNS_BINARY, to the debug build unless it is set.
binary() {
    if [ -z "${NOMADNS_BINARY:-}" ]; then
        cargo build --locked --quiet
        NOMADNS_BINARY="${CARGO_TARGET_DIR:-$PWD/target}/debug/nomadns"
    fi
    export NOMADNS_BINARY
}
