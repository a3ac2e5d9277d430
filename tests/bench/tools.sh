#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# How fast the tools are, all in one run, each beside something it can be
# compared with. Called by `make bench-tools`.
set -eu
cd "$(dirname "$0")/../.."
bin=${BIN:-build/bin}
spawn=$1 crypt=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure N COMMAND...: sets us (median wall time) and kib (resident size).
measure() {
    set -- $("$spawn" "$@")
    us=$1 kib=$2
}

ratio() {
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

echo 'Start, --help (median of 200)            us   x /bin/true    MiB'
measure 200 /bin/true
base=$us
for tool in espsecure espefuse esptool gen_esp32part fusebox; do
    measure 200 "$bin/$tool" --help
    printf '  %-32s %8d %13s %6s\n' "$tool" "$us" "$(ratio "$us" "$base")" \
        "$(ratio "$kib" 1024)"
done
if command -v python3 >/dev/null; then
    measure 20 python3 -c pass
    printf '  %-32s %8d %13s\n' 'python3 -c pass' "$us" "$(ratio "$us" "$base")"
fi

echo
echo 'Flash encryption, bulk, against AES-256-ECB of OpenSSL on the same core'
"$crypt" | sed 's/^/  /'

echo
echo '16 MiB file, from start of the process to the file closed'
head -c 16777216 /dev/urandom >"$work/data"
head -c 32 /dev/urandom >"$work/key"
measure 10 "$bin/espsecure" encrypt_flash_data -k "$work/key" -a 0 -o "$work/out" "$work/data"
ours=$us
measure 10 cp "$work/data" "$work/copy"
printf '  espsecure encrypt_flash_data     %8d us, %s x cp\n' "$ours" "$(ratio "$ours" "$us")"
