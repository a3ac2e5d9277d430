#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# look.sh DIR RELEASE SIGNING_KEY FLASH_KEY: pages about an invented board in
# DIR, rendered: plan.html (what is going to be burned), locked.html (the board
# after it), blank.html. Called by `make report-look`.
set -eu
dir=$1 release=$2 signing=$3 flash=$4
PATH=${BIN:-build/bin}:$PATH
here=$(dirname "$0")

# A board that is left running from before, too.
stop_board() {
    [ ! -e "$dir/gpy/board.run" ] || fusebox board stop "$dir/gpy"
}
trap stop_board EXIT
trap 'exit 1' INT TERM HUP

stop_board
rm -rf "$dir/gpy" "$dir/gpy.plan" "$dir/gpy.plan.rehearsal" "$dir/copies" \
    "$dir/boot.key"
mkdir -p "$dir/copies"
espsecure digest_private_key --keyfile "$signing" "$dir/boot.key" >/dev/null
cp "$dir/boot.key" "$flash" "$dir/copies"
keys="--flash-key $flash --secure-boot-key $dir/boot.key --signing-key $signing
    --key-copy $dir/copies/boot.key $dir/copies/$(basename "$flash")"
fusebox board start "$dir/gpy" --board GPY --mac 02:00:5e:00:53:01 >/dev/null
fusebox board stop "$dir/gpy"
fusebox report "$dir/gpy" -o "$dir/blank.html"
fusebox plan secure-boot-v1 flash-encryption --board "$dir/gpy" \
    --flash-key "$flash" --secure-boot-key "$dir/boot.key" --release "$release" \
    -o "$dir/gpy.plan" >/dev/null
fusebox rehearse "$dir/gpy.plan" --board "$dir/gpy" >"$dir/rehearsal.log"
# shellcheck disable=SC2086
fusebox report "$dir/gpy.plan" --board "$dir/gpy" $keys -o "$dir/plan.html"
fusebox board start "$dir/gpy" >/dev/null
# shellcheck disable=SC2086
fusebox burn "$dir/gpy.plan" --port "board:$dir/gpy" $keys \
    --journal "$dir/journal" \
    --yes-burn "$(sed -n 's/^hash //p' "$dir/gpy.plan")" >"$dir/burn.log"
fusebox board stop "$dir/gpy"
# shellcheck disable=SC2086
fusebox report "$dir/gpy" $keys -o "$dir/locked.html"
for page in blank plan locked; do
    echo "$dir/$page.html, rendered in $dir/$page/"
    "$here/look.py" "$dir/$page.html" "$dir/$page" | sed 's/^/    /'
done
