#!/usr/bin/env bash
# What a new user does on a clean Debian, with the commands of docs/install.md, then an upgrade, removal and purge.
# `.ci/install` boots the Debian, in which this runs as root below /try; there is no network but loopback.
set -euo pipefail
cd /try
guide=/try/install.md
. /try/common.sh

token=0badc0de-aaaa-bbbb-cccc-123456789abc
# A clean Debian has no sudo, and this is root.
sudo() { "$@"; }
# Stands for Nomad's CLI on the machine of the operator.
nomad() {
    case "$1 $2 $3" in
        "acl policy apply") grep -q read-job "${@: -1}" ;;
        "acl token create") echo "$token" ;;
        *) failed "nomad $*" ;;
    esac
}
files() {
    find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /try -o -path /var/log -o -path /var/cache -o \
        -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/lib/systemd -o -path /var/tmp \) -prune -o -print | sort
}

files >before
step "install"
as_documented "## Debian and Ubuntu" 2
[ "$(systemctl is-enabled nomadns)" = enabled ] || failed "it is not started at boot"
systemctl is-active nomadns || failed "it was not started"

step "the unit"
systemd-analyze verify nomadns.service 2>&1 | tee verify
[ ! -s verify ] || failed "systemd-analyze verify complains"
systemd-analyze security --offline=yes --threshold=20 --no-pager nomadns.service | tail -n 2
pid="$(systemctl show -p MainPID --value nomadns)"
[ "$(stat -c %U "/proc/$pid")" = nomadns ] || failed "it runs as $(stat -c %U "/proc/$pid")"
[ "$(stat -c '%a %U:%G' /etc/nomadns/nomadns.toml /etc/nomadns/nomad_token | xargs)" = "640 root:nomadns 600 root:root" ] ||
    failed "wrong modes: $(stat -c '%n %a %U:%G' /etc/nomadns/*)"

step "a Nomad with ACLs: without a token there is nothing"
cp /usr/bin/nomadns /try/demo
nomad_with_acls /try/demo /try "$token"
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9153/readyz)" = 503 ] || failed "it is ready without a token"

step "a token"
as_documented "### A token"
until_ok curl -sf http://127.0.0.1:9153/readyz

step "does it work?"
as_documented "### Does it work?"
dig @127.0.0.1 -p 1053 +short redis.default.nomad SRV | tee answer
[ -s answer ] || failed "dig found nothing"
page_shows_services
curl -s http://127.0.0.1:9153/readyz
man --pager=cat nomadns-serve | grep -q -- --token-file || failed "there is no manual page"
bash -c '. /usr/share/bash-completion/completions/nomadns && complete -p nomadns' || failed "bash does not complete"
if grep -r "$token" /etc --exclude=nomad_token || journalctl -u nomadns | grep "$token"; then failed "the token is shown"; fi

step "port 53"
sed -i 's|^#dns = .*|dns = ["127.0.0.1:53"]|' /etc/nomadns/nomadns.toml
as_documented "### Change the configuration"
until_ok dig @127.0.0.1 +tries=1 +timeout=1 redis.default.nomad
[ -n "$(dig @127.0.0.1 +short redis.default.nomad)" ] || failed "nothing on port 53"

step "a restart while Nomad is away"
kill "$acl"
systemctl restart nomadns
until_ok dig @127.0.0.1 +tries=1 +timeout=1 redis.default.nomad
[ -n "$(dig @127.0.0.1 +short redis.default.nomad)" ] || failed "the snapshot is not used"

step "upgrade"
was="$(systemctl show -p MainPID --value nomadns)"
as_documented "### Upgrade"
dpkg-query -W -f '${Version} ${Status}\n' nomadns | grep -qx '0.1.0-2 install ok installed' || failed "it is not upgraded"
until_ok systemctl is-active nomadns
[ "$(systemctl show -p MainPID --value nomadns)" != "$was" ] || failed "the old one still runs"
grep -q '127.0.0.1:53' /etc/nomadns/nomadns.toml || failed "the configuration was lost"
grep -qx "$token" /etc/nomadns/nomad_token || failed "the token was lost"
[ "$(stat -c '%a %U:%G' /etc/nomadns/nomadns.toml)" = "640 root:nomadns" ] || failed "the mode was lost"
until_ok dig @127.0.0.1 +tries=1 +timeout=1 redis.default.nomad

step "remove"
eval "$(commands "### Remove" | sed -n '/apt remove/s/apt/apt -y/p')"
if pgrep -u nomadns; then failed "it still runs"; fi
[ -e /etc/nomadns/nomad_token ] && [ -e /var/lib/nomadns ] || failed "removal took the configuration or the state"

step "purge"
eval "$(commands "### Remove" | sed -n '/apt purge/s/apt/apt -y/p')"
files >after
# apt removes nothing that it did not install; caches of man and the like are not ours.
diff before after | grep '^[<>]' | grep -vE '/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$' && failed "something is left"
if getent passwd nomadns || getent group nomadns; then failed "the user is left"; fi
kill "$demo"
echo "install: a clean Debian is clean again"
