#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# release.sh GEN_ESP32PART DIR BOARD VERSION SECURE LAYOUT FLASH_SIZE
#
# Pack what was built in DIR into DIR/BOARD-VERSION[-secure|-first-boot].tar.gz
# (SECURE is off, on, or first: signed, and encrypted by the board itself): images,
# their SHA-256 sums, and manifest.json, which names the address of each file
# and the image of each app slot. The same images give the same bytes. Keys are
# never in it.
set -eu
here=$(dirname "$0")
gen=$1 dir=$2 board=$3 version=$4 secure=$5 layout=$6 flash=$7
lower=$(echo "$board" | tr '[:upper:]' '[:lower:]')
name=$board-$version
case $secure in
on) name=$name-secure ;;
first) name=$name-first-boot ;;
esac
slots=$("$here/slots.sh" "$gen" "$dir/lib/partitions.bin")
first=$(echo "$slots" | head -n 1 | cut -d ' ' -f 2)

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT INT TERM
mkdir "$stage/$name"

# add FILE ADDRESS: FILE, as it is written to that address.
files=
add() {
    cp "$dir/$1" "$stage/$name/"
    base=${1##*/}
    size=$(wc -c <"$dir/$1")
    sum=$(sha256sum "$dir/$1" | cut -d ' ' -f 1)
    files="$files${files:+,
}    {\"file\": \"$base\", \"address\": \"$2\", \"bytes\": $size, \"sha256\": \"$sum\"}"
}

rows=
slot_rows() { # IMAGE_SUFFIX_PREFIX
    while read -r label address size; do
        image=$lower.bin
        [ "$secure" != on ] || image=$lower.bin_enc_$address
        rows="$rows${rows:+,
}    {\"slot\": \"$label\", \"address\": \"$address\", \"bytes\": $size, \"image\": \"$image\"}"
    done <<EOF
$slots
EOF
}

if [ "$secure" != on ]; then
    add bootloader/bootloader.bin 0x1000
    add lib/partitions.bin 0x8000
    add "$lower.bin" "$first"
else
    add bootloader/bootloader-reflash-digest.bin_enc 0x0
    add lib/partitions.bin_enc 0x8000
    for address in $(echo "$slots" | cut -d ' ' -f 2); do
        add "$lower.bin_enc_$address" "$address"
    done
fi
slot_rows

cat >"$stage/$name/manifest.json" <<EOF
{
  "board": "$board",
  "version": "$version",
  "secure": $([ "$secure" = on ] && echo true || echo false),
  "layout": "$layout",
  "flash_size": "$flash",
  "files": [
$files
  ],
  "slots": [
$rows
  ]
}
EOF
(cd "$stage/$name" && sha256sum -- * >"$stage/sums" && mv "$stage/sums" SHA256SUMS)
tar -C "$stage" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner \
    --mode=u=rwX,go=rX --mtime="@${SOURCE_DATE_EPOCH:-1744675200}" \
    -cf "$stage/$name.tar" "$name"
gzip -9 -n "$stage/$name.tar"
mv "$stage/$name.tar.gz" "$dir/$name.tar.gz"
echo "$dir/$name.tar.gz"
