# A clean Debian 12 that boots with systemd, for .ci/install and .ci/restart; sourced after .ci/peers.sh. Wants root.

# Makes the Debian below the folder of Cargo unless it is there, and unpacks it; sets `root` to where. It is removed at the end.
clean_debian() {
    local folder base
    folder="$(realpath -m "${CARGO_TARGET_DIR:-target}")/install"
    base="$folder/bookworm.tar"
    packages mmdebstrap systemd-container
    if [ ! -e "$base" ]; then
        echo "-- a clean Debian 12"
        mkdir -p "$folder"
        mmdebstrap --quiet --variant=apt --format=tar bookworm "$base.part" \
            --include=systemd,systemd-sysv,dbus,man-db,curl,bind9-dnsutils,python3,procps,dnsperf,nghttp2-client,haproxy
        mv "$base.part" "$base"
    fi
    root="$(mktemp -d "$folder/root.XXXXXX")"
    trap 'rm -rf "$root"' EXIT
    tar -C "$root" -xf "$base"
    # It is there to be used, not to run by itself.
    systemctl --root="$root" disable --quiet haproxy
    mkdir "$root/try"
}

# Boots it, without a network but loopback, runs a script of its folder /try as root within so many seconds, and ends it. What
# the script printed is printed; it fails as the script did.
boot_debian() {
    local script="$1" seconds="$2" status
    cat >"$root/etc/systemd/system/try.service" <<UNIT
[Service]
Type=oneshot
ExecStart=/bin/bash -c 'bash /try/$script >/try/log 2>&1; echo \$\$? >/try/status'
ExecStopPost=systemctl --no-block poweroff
TimeoutStartSec=$seconds
[Install]
WantedBy=multi-user.target
UNIT
    systemctl --root="$root" enable --quiet try.service
    timeout --kill-after=10 "$((seconds + 60))" systemd-nspawn --quiet --directory="$root" --boot --private-network --register=no \
        --keep-unit --console=pipe --resolv-conf=off --machine="nomadns-${script%.sh}-$$" </dev/null >"$root/try/console" 2>&1 ||
        { cat "$root/try/console"; echo "the Debian did not end by itself"; }
    cat "$root/try/log"
    status="$(cat "$root/try/status" 2>/dev/null || echo 1)"
    [ "$status" = 0 ] || { journalctl --root="$root" --no-pager -u 'nomadns*' 2>/dev/null | tail -n 60; return 1; }
}
