#!/usr/bin/env bash
# The static binary, then the image, with the commands of docs/install.md; from the top of the repository, in namespaces of its own
# (`.ci/image`). STATIC_FOLDER is target/static.
set -euo pipefail
guide=docs/install.md
. tests/install/common.sh
ip link set lo up

work="$(mktemp -d)"
cp tests/install/acl.py "$work/"
# The daemon ends with the namespace of processes; what it has mounted, with that of mounts.
trap 'set +e; [ -z "${dockerd:-}" ] || { kill "$dockerd"; wait "$dockerd" || true; umount "$work/run/netns/default" || true; }; rm -rf "$work"' EXIT
token=0badc0de-aaaa-bbbb-cccc-123456789abc
static="$STATIC_FOLDER/nomadns"
nomad_with_acls "$static" "$work" "$token"

step "the static binary finds host names"
# One in /etc/hosts, and one in DNS, which another gateway answers at port 53.
printf '127.0.0.1 localhost hosts.example\n' >"$work/hosts"
printf 'nameserver 127.0.9.9\n' >"$work/resolv.conf"
mount --bind "$work/hosts" /etc/hosts
mount --bind "$work/resolv.conf" /etc/resolv.conf
printf '[listen]\ndns = ["127.0.9.9:53"]\nhttp = []\nadmin = []\n[[hosts]]\nname = "dns.example"\naddresses = ["127.0.0.1"]\n' >"$work/dns.toml"
"$static" serve --config "$work/dns.toml" 2>"$work/dns.log" &
dns=$!
until_ok dig @127.0.9.9 +tries=1 +timeout=1 dns.example
for host in hosts.example dns.example; do
    NOMAD_ADDR="http://$host:4646" NOMAD_TOKEN="$token" "$static" check --connect >"$work/check" 2>&1 ||
        { cat "$work/check"; failed "the static binary does not reach Nomad at $host"; }
done
if NOMAD_ADDR=http://none.example:4646 "$static" check --connect --timeout 2s >"$work/check" 2>&1; then failed "it reaches none.example"; fi
grep -q 'none.example' "$work/check" || failed "the error does not name the host: $(cat "$work/check")"
kill "$dns"

step "Docker"
dockerd --iptables=false --ip6tables=false --bridge=none --storage-driver=vfs --data-root="$work/docker" --exec-root="$work/run" \
    --host="unix://$work/docker.sock" --pidfile="$work/docker.pid" >"$work/dockerd.log" 2>&1 &
dockerd=$!
export DOCKER_HOST="unix://$work/docker.sock" DOCKER_BUILDKIT=0
for ((try = 0; try < 150; try++)); do
    docker version >/dev/null 2>&1 && break
    sleep 0.2
done
docker version --format 'Docker {{.Server.Version}}' || { tail -n 20 "$work/dockerd.log"; failed "Docker did not start"; }

step "the image"
# The folder may be elsewhere (CARGO_TARGET_DIR).
eval "$(commands "## Docker and Podman" | sed -n "s|target/static\$|$STATIC_FOLDER|; /^docker build/p")"
docker image inspect --format '{{.Config.User}} {{.Config.Healthcheck.Test}} {{.Size}} octets' nomadns
[ "$(docker image inspect --format '{{.Config.User}}' nomadns)" = 65532:65532 ] || failed "the image runs as root"
docker create --name files nomadns >/dev/null
docker export files | tar -t | grep -vE '/$' | LC_ALL=C sort >"$work/files"
docker rm files >/dev/null
diff "$work/files" - <<'FILES' || failed "the image contains something else"
.dockerenv
dev/console
etc/hostname
etc/hosts
etc/mtab
etc/resolv.conf
etc/ssl/certs/ca-certificates.crt
nomadns
FILES

step "without a token it is not ready, and so not healthy"
as_documented "## Docker and Podman" 2
until_ok curl -s -o /dev/null http://127.0.0.1:9153/readyz
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9153/readyz)" = 503 ] || failed "it is ready without a token"
[ "$(docker inspect --format '{{.State.Health.Status}}' nomadns)" != healthy ] || failed "it is healthy without a token"
[ "$(stat -c %u "/proc/$(docker inspect --format '{{.State.Pid}}' nomadns)")" = 65532 ] || failed "it does not run as 65532"
docker stop --time 15 nomadns >/dev/null
[ "$(docker inspect --format '{{.State.ExitCode}}' nomadns)" = 0 ] || failed "it does not end at docker stop"
docker rm nomadns >/dev/null

step "with a token and a configuration"
mkdir "$work/etc"
grep -v state_dir deploy/debian/nomadns.toml >"$work/etc/nomadns.toml"
echo "$token" >"$work/etc/nomad_token"
chown 65532 "$work/etc/nomad_token"
chmod 600 "$work/etc/nomad_token"
eval "$(commands "## Docker and Podman" 3 | sed "s|src=/etc/nomadns,|src=$work/etc,|")"
until_ok curl -sf http://127.0.0.1:9153/readyz
curl -s http://127.0.0.1:9153/readyz
health() { [ "$(docker inspect --format '{{.State.Health.Status}}' nomadns)" = healthy ]; }
for ((try = 0; try < 80; try++)); do health && break; sleep 0.5; done
health || failed "the container is not healthy: $(docker inspect --format '{{json .State.Health}}' nomadns)"
docker ps --filter name=nomadns --format '{{.Status}}'
[ -n "$(dig @127.0.0.1 -p 1053 +short redis.default.nomad)" ] || failed "dig found nothing"
page_shows_services
docker exec nomadns /nomadns lookup --short redis.default.nomad
docker logs nomadns 2>&1 | grep -q "$token" && failed "the token is logged"
docker rm --force nomadns >/dev/null
docker image rm nomadns >/dev/null

step "port 53 of an address of the host"
ip address add 10.0.0.5/32 dev lo
eval "$(commands "## Docker and Podman" | sed -n "s|target/static\$|$STATIC_FOLDER|; /^docker build/p")" >/dev/null
as_documented "## Docker and Podman" 4
until_ok dig @10.0.0.5 +tries=1 +timeout=1 ns.nomad
docker rm --force nomadns >/dev/null
echo "install: the image works"
