#!/usr/bin/env bash
# Restarts of the service while dnsperf and h2load ask it; `.ci/restart` boots the Debian, in which this runs as root below /try.
# There is no network but loopback.
set -euo pipefail
cd /try
. /try/common.sh
seconds="$(cat seconds)"

printf '%s\n' 'redis.default.nomad A' 'hello.default.nomad SRV' 'redis.default.nomad TXT' 'nomad SOA' >names
query='AAABAAABAAAAAAAABXJlZGlzB2RlZmF1bHQFbm9tYWQAAAEAAQ'

# Asks at a port by UDP until the time is over: all must be answered, and well.
dnsperf_loses_nothing() {
    local name="$1" port="$2"
    dnsperf -s 127.0.0.1 -p "$port" -d names -l "$seconds" -Q 1000 -t 5 >"$name" 2>&1 || failed "dnsperf ended: $(cat "$name")"
    grep -E 'Queries (sent|lost)|Response codes' "$name" | tr -s ' ' | paste -sd ';'
    grep -qE 'Queries lost: +0 ' "$name" || failed "queries were lost: $(cat "$name")"
    grep -qE 'Response codes: +NOERROR [0-9]+ \(100\.00%\)$' "$name" || failed "not all answers are good: $(cat "$name")"
}

# The same by TCP, with a connection for each query: what is sent on a connection that the server is closing has to be sent again
# (RFC 7766 section 6.2.4), which dnsperf does not do.
dig_over_tcp_loses_nothing() {
    local name="$1" port="$2" end=$((SECONDS + seconds)) count=0
    while ((SECONDS < end)); do
        dig @127.0.0.1 -p "$port" +tcp +tries=1 +timeout=5 -f names >"$name" 2>&1 || failed "dig ended: $(cat "$name")"
        [ "$(grep -c 'status: NOERROR' "$name")" = 4 ] || failed "not all answers are good: $(cat "$name")"
        count=$((count + 4))
    done
    echo "dig: $count queries over TCP, none lost"
}

# Asks by DNS over HTTP/2, again and again, through HAProxy: h2load itself does not connect again when a server ends a connection
# (GOAWAY), as HAProxy, browsers and curl do.
h2load_fails_never() {
    local name="$1" port="$2" end=$((SECONDS + seconds)) requests=0
    while ((SECONDS < end)); do
        h2load --requests=400 --clients=4 --max-concurrent-streams=4 --rps=200 "http://127.0.0.1:$port/dns-query?dns=$query" >"$name" 2>&1 ||
            failed "h2load ended: $(cat "$name")"
        grep -qE '400 done, 400 succeeded, 0 failed, 0 errored, 0 timeout' "$name" || failed "requests failed: $(cat "$name")"
        grep -qE 'status codes: 400 2xx' "$name" || failed "not all answers are good: $(cat "$name")"
        requests=$((requests + 400))
    done
    echo "h2load: $requests requests, none failed"
}

# Runs these loads beside a command that goes on restarting; fails when one of them does.
under_load() {
    local restart="$1" loads=() load
    shift
    for load; do
        $load & loads+=($!)
    done
    local end=$((SECONDS + seconds - 3)) count=0
    while ((SECONDS < end)); do
        sleep 1
        "$restart" "$count"
        count=$((count + 1))
    done
    for load in "${loads[@]}"; do wait "$load" || failed "under load, after $count restarts"; done
    echo "$count restarts"
}

# Prints a configuration with these ports for DNS, HTTP and the operator. Without `state_dir`: each start has to read the cluster.
configuration() {
    cat <<TOML
[nomad]
addresses = ["$nomad"]
[listen]
dns = ["127.0.0.1:$1"]
http = ["127.0.0.1:$2"]
admin = ["127.0.0.1:$3"]
TOML
}

step "the unit, as docs/operations.md has it"
systemd-sysusers
mkdir /etc/nomadns
touch /etc/nomadns/nomad_token
nomadns demo --ports auto --change-rate 0 >demo.out 2>&1 &
until_ok grep -q '^Nomad ' demo.out
nomad="$(sed -nE 's|^Nomad .*(http://127.0.0.1:[0-9]+)/.*|\1|p' demo.out)"
configuration 1053 8053 9153 >/etc/nomadns/nomadns.toml
chown -R nomadns: /etc/nomadns
systemd-analyze verify --man=no /etc/systemd/system/nomadns.service 2>&1 | tee verify
[ ! -s verify ] || failed "systemd-analyze verify complains"
systemctl start nomadns
until_ok sh -c 'systemctl status nomadns | grep "Status: \"ready: "'
systemctl status --no-pager nomadns | grep -E 'Status|FD Store|Active'

cat >haproxy.cfg <<'CFG'
defaults
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout check 2s
    retries 3
    option redispatch
    retry-on conn-failure empty-response response-timeout
listen one
    mode http
    bind 127.0.0.1:8000 proto h2
    server one 127.0.0.1:8053 proto h2
listen pair-dns
    mode tcp
    bind 127.0.0.1:1153
    option httpchk GET /readyz
    default-server check inter 300ms fall 1 rise 1
    server one 127.0.0.1:1051 port 9151
    server two 127.0.0.1:1052 port 9152
listen pair-doh
    mode http
    bind 127.0.0.1:8153 proto h2
    option httpchk GET /readyz
    default-server check inter 300ms fall 1 rise 1
    server one 127.0.0.1:8051 port 9151 proto h2 check-proto h1
    server two 127.0.0.1:8052 port 9152 proto h2 check-proto h1
CFG

step "one gateway that is restarted, $seconds s"
restarted() { systemctl restart nomadns; }
haproxy -D -f haproxy.cfg
under_load restarted "dnsperf_loses_nothing udp 1053" "dig_over_tcp_loses_nothing tcp 1053" "h2load_fails_never h2 8000"

step "systemctl reload"
sed -i '1i ttl = 77' /etc/nomadns/nomadns.toml
systemctl reload nomadns
until_ok sh -c 'dig @127.0.0.1 -p 1053 +noall +answer redis.default.nomad | grep "[^0-9]77[^0-9]"'
until_ok systemctl is-active nomadns

step "a gateway that does not answer is restarted by the watchdog"
mkdir /etc/systemd/system/nomadns.service.d
printf '[Service]\nWatchdogSec=2\n' >/etc/systemd/system/nomadns.service.d/watchdog.conf
systemctl daemon-reload
systemctl restart nomadns
pid="$(systemctl show -p MainPID --value nomadns)"
# Longer than the watchdog allows: it is fed.
sleep 5
[ "$(systemctl show -p MainPID --value nomadns)" = "$pid" ] || failed "it was restarted though it answers"
kill -STOP "$pid"
# The query waits in the socket for the next one.
dig @127.0.0.1 -p 1053 +tries=1 +timeout=20 +short redis.default.nomad | tee answer
[ -s answer ] || failed "the query was lost"
[ "$(systemctl show -p MainPID --value nomadns)" != "$pid" ] || failed "it was not restarted"

step "a lameduck is waited for that is longer than TimeoutStopSec= and WatchdogSec="
cp /etc/nomadns/nomadns.toml before.toml
printf '[limits]\nlameduck_ms = 4000\n' >>/etc/nomadns/nomadns.toml
printf '[Service]\nTimeoutStopSec=1\n' >/etc/systemd/system/nomadns.service.d/stop.conf
systemctl daemon-reload
systemctl restart nomadns
begun="$(date +%s%N)"
systemctl stop nomadns
took="$((($(date +%s%N) - begun) / 1000000))"
[ "$took" -ge 4000 ] || failed "it was stopped after $took ms"
[ "$(systemctl show -p Result --value nomadns)" = success ] || failed "it was killed: $(systemctl show -p Result --value nomadns)"
rm /etc/systemd/system/nomadns.service.d/stop.conf
systemctl daemon-reload
# The same file: who may read it stays as it was.
cat before.toml >/etc/nomadns/nomadns.toml
systemctl start nomadns

step "systemctl stop closes the sockets"
systemctl stop nomadns
dig @127.0.0.1 -p 1053 +tries=1 +timeout=2 redis.default.nomad >answer || true
grep -q 'connection refused' answer || failed "a socket is left: $(cat answer)"

step "the socket of a unit starts it, with no privilege for port 53"
cp /try/nomadns.socket /etc/systemd/system/
printf '[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n' >/etc/systemd/system/nomadns.service.d/privilege.conf
systemctl daemon-reload
systemctl start nomadns.socket
systemctl is-active nomadns && failed "it runs already"
for way in +notcp +tcp; do
    dig @127.0.0.1 $way +tries=1 +timeout=10 +short redis.default.nomad | tee answer
    [ -s answer ] || failed "no answer to the first query"
done
until_ok systemctl is-active nomadns
under_load restarted "dnsperf_loses_nothing unit 53"
systemctl stop nomadns.socket nomadns

step "two gateways behind HAProxy, restarted one after the other, $seconds s"
for number in 1 2; do
    configuration "105$number" "805$number" "915$number" >"gateway$number.toml"
    # Not a service that systemd restarts: nothing keeps its sockets, as in a job of Nomad or in a container.
    printf '[Service]\nExecStart=/usr/bin/nomadns serve --config /try/gateway%s.toml\nSuccessExitStatus=0\n' "$number" \
        >"/run/systemd/system/nomadns-pair$number.service"
done
systemctl daemon-reload
systemctl start nomadns-pair1 nomadns-pair2
for number in 1 2; do until_ok curl -sf "http://127.0.0.1:915$number/readyz"; done
# HAProxy has seen it when it passes queries on.
until_ok dig @127.0.0.1 -p 1153 +tcp +tries=1 +timeout=5 redis.default.nomad
until_ok curl -sf --http2-prior-knowledge "http://127.0.0.1:8153/dns-query?dns=$query" -o /dev/null
sleep 1
roll() {
    local number=$(($1 % 2 + 1))
    systemctl restart "nomadns-pair$number"
    until_ok curl -sf "http://127.0.0.1:915$number/readyz"
    # HAProxy sees it too.
    sleep 1
}
under_load roll "dig_over_tcp_loses_nothing pair 1153" "h2load_fails_never pairs 8153"
echo "restart: nothing was lost"
