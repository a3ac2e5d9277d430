#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# fetch_debian.sh POOL_PATH SHA256 DIR: fetch a source tarball from the Debian
# mirror of this machine (DEBIAN_MIRROR overrides), check it, unpack it to DIR.
set -eu
pool=$1 sha256=$2 dir=$3

fail() {
    echo "fetch_debian: $pool: $1" >&2
    exit 1
}

mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' | sed 's#/*$##' |
    grep '/debian$' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')}
[ -n "$mirror" ] || fail "apt names no Debian mirror; set DEBIAN_MIRROR=URL"

mkdir -p "$(dirname "$dir")"
work=$(mktemp -d "$dir.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
chmod 755 "$work"

/usr/lib/apt/apt-helper -o Acquire::Retries=3 download-file \
    "$mirror/$pool" "$work/source.tar" "SHA256:$sha256" >"$work/log" 2>&1 ||
    { cat "$work/log" >&2; fail "cannot be fetched from $mirror"; }
mkdir "$work/tree"
tar -C "$work/tree" --strip-components=1 -xf "$work/source.tar"
rm -rf "$dir"
mv "$work/tree" "$dir"
echo "fetched $(basename "$pool") (SHA-256 $sha256)"
