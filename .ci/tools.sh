# What the checks that want more tools of cargo have in common; sourced from the top of the repository.

# Installs a command of cargo at a version, unless it is there.
tool() {
    local name="$1" version="$2"
    if ! cargo install --list | grep -qx "$name v$version:"; then
        echo "installing $name $version"
        cargo install --locked --quiet "$name@$version"
    fi
    export PATH="$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
}

# Sets `cargo` to a command that takes options which are not stable yet: the nightly one, or else the usual one that is told to.
unstable() {
    cargo=(cargo)
    if cargo +nightly --version >/dev/null 2>&1; then
        cargo=(cargo +nightly)
    else
        export RUSTC_BOOTSTRAP=1
    fi
}
