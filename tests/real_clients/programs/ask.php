<?php
// Asks as PHP programs do: of the server in /etc/resolv.conf.
function records(string $name, int $type): array
{
    $found = dns_get_record($name, $type);
    if ($found === false) {
        fwrite(STDERR, "$name: dns_get_record() fails\n");
        exit(1);
    }
    return $found;
}

$crowd = array_column(records("crowd.default.nomad", DNS_A), "ip");
// It takes as many as the C library gives, which it asks by a call of old: at most 35.
$by_name = gethostbynamel("crowd.default.nomad");
if (!$by_name || array_diff($by_name, $crowd)) {
    fwrite(STDERR, "gethostbynamel() gives " . json_encode($by_name) . "\n");
    exit(1);
}
$srv = records("_crowd._tcp.default.nomad", DNS_SRV);
echo json_encode([
    "crowd" => $crowd,
    "crowd SRV" => array_map(fn ($each) => "{$each['port']} {$each['target']}", $srv),
    "alias-chain" => gethostbynamel("alias-chain.default.nomad"),
    "alias-nowhere" => gethostbynamel("alias-nowhere.default.nomad") === false ? "denied" : "found",
    "redis TXT" => array_column(records("redis.default.nomad", DNS_TXT), "txt"),
    "redis ANY" => array_column(records("redis.default.nomad", DNS_ANY), "ip"),
]);
