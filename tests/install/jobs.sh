#!/usr/bin/env bash
# The jobs of deploy/nomad, from the top of the repository, in namespaces of its own (`.ci/jobs`): a server that is a client too, and
# another client, each with an address of its own. STATIC_FOLDER is target/static.
set -euo pipefail
guide="$PWD/docs/install.md"
. tests/install/common.sh

static="$(realpath "$STATIC_FOLDER")"
work="$(mktemp -d)"
trap 'set +e; kill $(jobs -p) 2>/dev/null; wait; umount -R "$work"/*/alloc/*/*/* 2>/dev/null; rm -rf "$work" || true' EXIT
# Where the commands are run, which write a file.
mkdir "$work/clone"
ln -s "$PWD/deploy" "$work/clone/deploy"
cd "$work/clone"
ip link set lo up
nodes=(10.9.9.1 10.9.9.2)
for node in 1 2; do
    ip link add "node$node" type veth peer name "peer$node"
    ip link set "peer$node" up
    ip address add "10.9.9.$node/24" dev "node$node"
    ip link set "node$node" up
    mkdir "$work/node$node"
    cat >"$work/node$node.hcl" <<HCL
name      = "node$node"
data_dir  = "$work/node$node"
bind_addr = "10.9.9.$node"
acl { enabled = true }
plugin "raw_exec" { config { enabled = true } }
client {
  enabled           = true
  network_interface = "node$node"
  servers           = ["10.9.9.1:4647"]
  meta { dns = "true" }
  # What the node has installed; the binary is static.
  chroot_env {
    "$static/nomadns" = "/usr/bin/nomadns"
    "/etc/passwd"            = "/etc/passwd"
    "/etc/group"             = "/etc/group"
  }
  options = {
    "fingerprint.denylist" = "env_aws,env_gce,env_azure,env_digitalocean,cni,consul,vault"
  }
}
HCL
done
cat >>"$work/node1.hcl" <<'HCL'
server {
  enabled          = true
  bootstrap_expect = 1
}
HCL
agent() { "$NOMAD_BINARY" agent -config "$work/node$1.hcl" >"$work/node$1.log" 2>&1 & }
agent 1
nomad() { "$NOMAD_BINARY" "$@"; }
export NOMAD_ADDR=http://10.9.9.1:4646
bootstrapped() { nomad acl bootstrap -json >"$work/bootstrap"; }
until_ok bootstrapped
NOMAD_TOKEN="$(sed -nE 's/.*"SecretID": ?"([^"]+)".*/\1/p' "$work/bootstrap")"
export NOMAD_TOKEN
# A client that comes before the server can sign identities tries again only after half a minute.
until_ok grep -q 'initialized keyring' "$work/node1.log"
agent 2
both_nodes() { [ "$(nomad node status -quiet 2>/dev/null | wc -l)" -ge 2 ] && [ "$(nomad node status | grep -c ' ready$')" = 2 ]; }
until_ok both_nodes

cat >"$work/web.hcl" <<'HCL'
job "web" {
  group "web" {
    network {
      port "http" {}
    }
    task "web" {
      driver = "raw_exec"
      config {
        command = "/bin/sleep"
        args    = ["600"]
      }
      service {
        name     = "web"
        provider = "nomad"
        port     = "http"
      }
    }
  }
}
HCL
nomad job run -detach "$work/web.hcl" >/dev/null

finds() { [ -n "$(dig "@$1" +tries=1 +timeout=1 +short web.default.nomad SRV)" ]; }
# What a job's gateway may do: one capability, CAP_NET_BIND_SERVICE (10), and it is not root.
privileges() {
    local pid
    for pid in $(pgrep -x nomadns); do
        grep -E '^(Uid|CapEff):' "/proc/$pid/status" | awk '{print $2}' | xargs
    done | sort | uniq -c | xargs
}
explain() { tail -n 30 "$work"/node*/alloc/*/*/logs/*.stderr.0 2>/dev/null || nomad job status "$1"; failed "$2"; }
found() {
    local node try
    for node in "${nodes[@]}"; do
        for ((try = 0; try < 150; try++)); do finds "$node" && break; sleep 0.2; done
        finds "$node" || explain "$1" "no answer from $node"
        curl -sf "http://$node:9153/readyz" | head -n 2
    done
    [ "$(privileges)" = "2 $(id -u nobody) 0000000000000400" ] || failed "privileges: $(privileges)"
}

step "one on each node"
as_documented "## Nomad" 2
as_documented "## Nomad" 1
found nomadns
dig @10.9.9.1 +short nomadns.default.nomad A | sort | xargs
nomad job stop -purge -detach nomadns >/dev/null
gone() { ! pgrep -x nomadns; }
until_ok gone

step "two for the cluster, with one secret for cookies"
pair() { sed -nE 's/^# +(nomad .*)/\1/p' deploy/nomad/nomadns-pair.nomad.hcl; }
pair | sed 's/^/$ /'
[ "$(pair | wc -l)" = 3 ] || failed "the job does not say three commands"
eval "$(pair | sed 's| nomadns-pair.nomad.hcl| deploy/nomad/nomadns-pair.nomad.hcl|')"
found nomadns-pair
# A cookie of one is good at the other.
cookie="$(dig @10.9.9.1 +cookie=0123456789abcdef ns.nomad | sed -nE 's/.*COOKIE: ([0-9a-f]+).*/\1/p')"
dig @10.9.9.2 +cookie="$cookie" ns.nomad | grep -q "COOKIE: .*(good)" || failed "they do not share the secret for cookies"
[ "$(dig @10.9.9.1 +nsid ns.nomad | grep -o 'NSID: .*')" != "$(dig @10.9.9.2 +nsid ns.nomad | grep -o 'NSID: .*')" ] || failed "the same NSID"
nomad job stop -purge -detach nomadns-pair >/dev/null
until_ok gone
echo "install: both jobs work"
