#!/usr/bin/env bash
# Makes docs/status-page.png: the status page of `nomadns demo`, as Chromium shows it.
# Needs chromium, or another of its family in CHROMIUM, and curl.
# shellcheck source=../.ci/demo.sh
. "$(dirname "${BASH_SOURCE[0]}")/../.ci/demo.sh"
start_demo
# The checks of services that are queried are read, which the page shows.
for service in redis web hello; do
    curl -fsS "http://127.0.0.1:$http_port/resolve?name=$service.default.nomad" >/dev/null
done
sleep 2
"${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$work/profile" \
    --window-size=1100,900 --screenshot="$work/page.png" "http://127.0.0.1:$admin_port/" 2>"$work/chromium.log" ||
    { cat "$work/chromium.log" >&2; fail "chromium makes no picture"; }
cp "$work/page.png" docs/status-page.png
