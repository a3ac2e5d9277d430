#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox check and fusebox advise on boards with the real bootloader: what
# state is a board in, and do the commands bring it back? Every way of every
# advice is executed on a virtual board, which has to say "alive" afterwards.

load ../support/common
load ../support/alive

setup_file() {
    tree
    why=$(lacks compiler)
    export why
    [ -z "$why" ] || return 0
    cd "$BATS_FILE_TMPDIR" || return 1
    PATH=$bin:$PATH
    make_alive
    mkdir copies
    cp fe.bin sb.bin copies
    cp alive.bin unsigned_app.bin
    cp bootloader.bin unsigned_bootloader.bin
    # The same for Secure Boot V2, of which this bootloader knows nothing: the
    # ROM checks it, and the advice knows what others would check.
    espsecure generate_signing_key --version 2 rsa.pem >>keys.log
    espsecure digest_sbv2_public_key --keyfile rsa.pem --output rsa.digest \
        >>keys.log
    mkdir v2
    cp partitions.bin v2
    cp rsa.pem v2/SIGNING_KEY.pem
    for f in bootloader app; do
        cp unsigned_$f.bin v2/$f.bin
        espsecure sign_data --version 2 --keyfile rsa.pem v2/$f.bin >>images.log
        encrypted v2/$f.bin $([ $f = app ] && echo 0x10000 || echo 0x1000) v2/${f}_enc.bin
    done
    fusebox board start blank --mac 24:0a:c4:00:01:02
    fusebox board stop blank
    fusebox board start blank3 --revision 3 --mac 24:0a:c4:00:01:03
    fusebox board stop blank3
}

setup() {
    [ -z "$why" ] || skip "$why"
    PATH=$bin:$PATH
    made=$BATS_FILE_TMPDIR
    cd "$BATS_TEST_TMPDIR" || return 1
    cp -r "$made/blank" b
    keys=(--flash-key "$made/fe.bin" --secure-boot-key "$made/sb.bin"
        --public-key "$made/pub.bin")
}

teardown_file() {
    stop_boards "$BATS_FILE_TMPDIR"
}

# --- a board in a state ---

# burned NAME VALUE...: as if long ago.
burned() {
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        burn_efuse "$@" >>burned.log
}

# key flash_encryption|secure_boot_v1 FILE
key() {
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        burn_key "$@" >>burned.log
}

# holds FILE ADDRESS...: in flash.
holds() {
    while [ $# -gt 0 ]; do
        dd if="$made/$1" of=b/flash.bin bs=16 seek=$(($2 / 16)) conv=notrunc \
            status=none
        shift 2
    done
}

plaintext() {
    holds bootloader.bin 0x1000 partitions.bin 0x8000 app.bin 0x10000
}

ciphertext() {
    holds bootloader_enc.bin 0x1000 partitions_enc.bin 0x8000 app_enc.bin 0x10000
}

encryption() {
    key flash_encryption "$made/fe.bin"
    burned FLASH_CRYPT_CONFIG 0xf FLASH_CRYPT_CNT 1
}

secure_boot() {
    key secure_boot_v1 "$made/sb.bin"
    burned ABS_DONE_0 1
}

locked() {
    encryption
    secure_boot
    ciphertext
    holds digest_enc.bin 0x0
}

lives() {
    fusebox board start b >/dev/null
    fusebox board reset b
    fusebox board console b --expect alive --timeout 20 >console.log
    fusebox board stop b >/dev/null
}

# state NAME: advise says so, and exits 1 unless it boots.
state() {
    run fusebox advise --board b "${keys[@]}" --format json
    echo "$output" >&2
    [ "$(echo "$output" | jq -r .advice.condition)" = "$1" ]
    [ "$status" -eq $([ "$1" = boots ] && echo 0 || echo 1) ]
}

# Execute each way back on a copy; each has to end with a board that lives.
comes_back() {
    local ways i
    state "$1"
    # It is dead now: what is advised has something to do.
    ways=$(fusebox advise --board b "${keys[@]}" --format json |
        jq '.advice.ways | length')
    [ "$ways" -eq "$2" ]
    # The board itself, without any file, comes to a way, too.
    fusebox board why b >why.log
    grep '^what to do' why.log
    mv b dead
    for ((i = 0; i < ways; i++)); do
        rm -rf b
        cp -r dead b
        fusebox advise --board b "${keys[@]}" --format json |
            jq -r ".advice.ways[$i].commands[]" >commands
        cat commands >&2
        cp "$made"/{bootloader,digest,partitions,app}.bin \
            "$made/SIGNING_KEY.pem" .
        [ ! -e version2 ] || cp "$made"/v2/*.{bin,pem} .
        fusebox board start b >/dev/null
        while read -r line; do
            echo BURN | sh -ec "$line" >>run.log 2>&1 ||
                { tail -n 5 run.log >&2; false; }
        done <commands
        fusebox board stop b >/dev/null
        lives
        # Whoever has no keys cannot tell afterwards.
        state "${after:-boots}"
        run ! grep '^what to do' <(fusebox board why b)
    done
}

# A board of Secure Boot V2 that lacks the digest in BLOCK2: revision 3.
version2() {
    rm -rf b dead
    cp -r "$made/blank3" b
    touch version2
    keys=(--flash-key "$made/fe.bin")
    burned ABS_DONE_1 1
    holds v2/bootloader.bin 0x1000 partitions.bin 0x8000 v2/app.bin 0x10000
}

trusted() {
    key secure_boot_v2 "$made/rsa.digest"
}

reversed() {
    python3 -c 'import sys
sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])'
}

# As on a real board: the keys are in the chip, and in no file.
nobody_has_keys() {
    echo 'unknown = BLOCK1,BLOCK2' >>b/board.ini
    keys=(--public-key "$made/pub.bin")
    after=unknown
}

hopeless() {
    state "$1"
    [ "$(echo "$output" | jq '.advice.ways | length')" -eq 0 ]
    [[ $(echo "$output" | jq -r .advice.hopeless) == *"$2"* ]]
    fusebox board why b >why.log
    [ -n "$after" ] || grep '^nothing brings it back' why.log
}

# --- the way back ---

@test "a board that boots needs no advice, and check passes" {
    plaintext
    state boots
    lives
    run fusebox check --board b --public-key "$made/pub.bin"
    echo "$output" >&2
    [ "$status" -eq 0 ]
    locked
    state boots
    lives
    run fusebox check --board b "${keys[@]}"
    echo "$output" >&2
    [ "$status" -eq 0 ]
    [[ $output == *"Secure Boot V1 and flash encryption, chip revision 0"* ]]
    [[ $output == *"CVE-2019-17391"* ]]
    [[ $output == *"0 fail, 0 unknown"* ]]
}

@test "encryption on, no key: the counter, or the key" {
    plaintext
    burned FLASH_CRYPT_CNT 1
    comes_back no-key 2
    rm -rf b dead
    cp -r "$made/blank" b
    plaintext
    burned FLASH_CRYPT_CONFIG 0xf FLASH_CRYPT_CNT 0x7f
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        write_protect_efuse BLOCK1 >>burned.log
    comes_back no-key 1
    grep -q zero.bin commands
}

@test "plaintext under an odd counter" {
    encryption
    plaintext
    comes_back plain-under-odd 2
}

@test "plaintext on a locked board" {
    locked
    plaintext
    comes_back plain-under-odd 2
}

@test "ciphertext under an even counter: an interrupted first boot" {
    key flash_encryption "$made/fe.bin"
    burned FLASH_CRYPT_CONFIG 0xf
    ciphertext
    comes_back interrupted 2
}

@test "ciphertext on a board without encryption" {
    ciphertext
    comes_back cipher-under-even 1
}

@test "encrypted for another address" {
    locked
    holds app_enc.bin 0x1000
    comes_back wrong-address 1
    rm -rf b dead
    cp -r "$made/blank" b
    plaintext
    secure_boot
    holds digest.bin 0x1000 partitions.bin 0x8000
    comes_back wrong-address 1
}

@test "damaged ciphertext, and encrypted with another key" {
    locked
    head -c 32 /dev/urandom >"$made/noise"
    holds noise 0x1000
    comes_back wrong-key 2
}

@test "no bootloader, damaged bootloader" {
    comes_back no-bootloader 1
    rm -rf b dead
    cp -r "$made/blank" b
    plaintext
    head -c 32 /dev/urandom >"$made/noise"
    holds noise 0x2000
    comes_back bad-bootloader 1
}

@test "secure boot on a blank BLOCK2: the key, or a digest of zeros" {
    plaintext
    holds digest.bin 0x0
    burned ABS_DONE_0 1
    comes_back no-digest-key 1
    rm -rf b dead
    cp -r "$made/blank" b
    plaintext
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        write_protect_efuse BLOCK2 >>burned.log
    burned ABS_DONE_0 1
    comes_back no-digest-key 1
    grep -q zero.bin commands
}

@test "a digest of another bootloader" {
    locked
    printf x >"$made/x"
    holds x 0x0
    comes_back bad-digest 1
}

@test "table and application: plaintext, unsigned, erased" {
    locked
    holds partitions.bin 0x8000
    comes_back bad-table 1
    rm -rf b dead
    cp -r "$made/blank" b
    secure_boot
    plaintext
    holds digest.bin 0x0 unsigned.bin 0x8000
    printf '%4096s' '' | tr ' ' '\377' | head -c 1024 >"$made/ff"
    holds ff 0x8c00
    comes_back bad-table 1
    rm -rf b dead
    cp -r "$made/blank" b
    locked
    holds app.bin 0x10000
    comes_back bad-app 1
}

@test "what nothing brings back" {
    rm -rf b
    cp -r "$made/blank3" b
    burned UART_DOWNLOAD_DIS 1
    hopeless no-bootloader UART_DOWNLOAD_DIS
    rm -rf b
    cp -r "$made/blank3" b
    burned UART_DOWNLOAD_DIS 1 JTAG_DISABLE 1
    run fusebox advise --board b "${keys[@]}"
    [[ $output != *"JTAG, which is still open"* ]]
}

@test "keys that only the chip has: what can still be done" {
    locked
    plaintext
    nobody_has_keys
    burned DISABLE_DL_ENCRYPT 1 FLASH_CRYPT_CNT 0x7f
    hopeless plain-under-odd "in the chip only"
}

@test "keys that only the chip has: its digest moves along" {
    locked
    plaintext
    holds digest.bin 0x0
    nobody_has_keys
    comes_back plain-under-odd 2
}

@test "keys that only the chip has: noise may be its ciphertext" {
    locked
    nobody_has_keys
    burned DISABLE_DL_ENCRYPT 1 FLASH_CRYPT_CNT 3
    comes_back cipher-under-even 1
}

@test "keys that only the chip has: the counter when its encryptor is locked" {
    encryption
    nobody_has_keys
    keys=()
    after=boots # nothing is encrypted then
    burned DISABLE_DL_ENCRYPT 1
    comes_back no-bootloader 1
    grep -q FLASH_CRYPT_CNT commands
}

@test "keys that only the chip has: a table needs no digest" {
    locked
    printf '%4096s' '' | tr ' ' '\377' >"$made/ff"
    holds ff 0x8000
    nobody_has_keys
    keys=(--public-key "$made/pub.bin" --flash-key "$made/fe.bin")
    comes_back bad-table 1
}

@test "another FLASH_CRYPT_CONFIG than usual" {
    key flash_encryption "$made/fe.bin"
    burned FLASH_CRYPT_CONFIG 3 FLASH_CRYPT_CNT 1
    plaintext
    comes_back plain-under-odd 2
    rm -rf b dead
    cp -r "$made/blank" b
    key flash_encryption "$made/fe.bin"
    ciphertext # for 0xf, which is not burned yet
    comes_back cipher-under-even 2
}

@test "more than one thing is missing: no bootloader, no secure boot key" {
    encryption
    burned ABS_DONE_0 1
    comes_back no-bootloader 1
    grep -q 'burn_key secure_boot_v1' commands
    # RD_DIS is frozen: the key is burned, and stays readable.
    rm -rf b dead
    cp -r "$made/blank" b
    burned ABS_DONE_0 1 FLASH_CRYPT_CNT 1
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        write_protect_efuse RD_DIS >>burned.log
    plaintext
    comes_back no-key 2
}

@test "V2 without a digest: the bootloader's signer, or a key at hand" {
    version2
    comes_back no-digest 1
    grep -q 'printf .* >signer.bin' commands
    version2
    keys+=(--signing-key "$made/rsa.pem")
    holds unsigned_bootloader.bin 0x1000
    printf '%4096s' '' | tr ' ' '\377' >"$made/ff"
    holds ff 0x8000
    comes_back no-digest 1
    # Encrypted, and nobody signed anything.
    version2
    key flash_encryption "$made/fe.bin"
    burned FLASH_CRYPT_CONFIG 0xf FLASH_CRYPT_CNT 1
    head -c 28672 /dev/zero | tr '\0' '\377' >"$made/ff"
    holds ff 0x1000
    comes_back no-bootloader 1
    grep -q burn_key_digest commands
    # The burn of the digest was cut.
    version2
    key --no-protect-key secure_boot_v2 "$made/rsa.digest"
    python3 - <<'PY'
f = open("b/efuse.bin", "r+b")
f.seek(28 + 32 + 9)
f.write(bytes(23))
PY
    comes_back bad-signature 1
    grep -q force-write-always commands
}

@test "V2 with a digest: signed by another, plaintext, elsewhere" {
    version2
    trusted
    state boots
    lives
    holds unsigned_bootloader.bin 0x1000
    head -c 8192 /dev/zero | tr '\0' '\377' >"$made/ff"
    holds ff 0x6000 # the signature
    comes_back bad-signature 1
    version2
    trusted
    key flash_encryption "$made/fe.bin"
    burned FLASH_CRYPT_CONFIG 0xf FLASH_CRYPT_CNT 1
    comes_back plain-under-odd 2
    version2
    trusted
    holds ff 0x11000
    comes_back bad-app 1
    grep 'slot 0 at 0x10000 is whole' why.log
    grep 'signature sector at 0x11000: expected e7 first, got ff' why.log
    grep 'it was never signed: the flash is erased there' why.log
    grep 'starts slot 0 all the same' why.log
    run grep 'signed for Secure Boot V2 with the key in BLOCK2' \
        <(fusebox board why b)
    [ "$status" -eq 0 ]
}

@test "V2 beyond help: what else is wrong does not matter" {
    version2
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        write_protect_efuse BLOCK2 >>burned.log
    hopeless digest-hidden "no fuse can be taken back"
    version2
    trusted
    burned RD_DIS 2
    hopeless digest-hidden "no fuse can be taken back"
    head -c 28672 /dev/zero | tr '\0' '\377' >"$made/ff"
    holds ff 0x1000
    hopeless digest-hidden "no fuse can be taken back"
    version2
    reversed <"$made/rsa.digest" >back
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        burn_block_data BLOCK2 back >>burned.log
    hopeless bad-signature "reversed byte order"
    version2
    head -c 9 "$made/rsa.digest" >part
    head -c 23 /dev/zero >>part
    espefuse --virt --path-efuse-file b/efuse.bin --do-not-confirm \
        burn_block_data BLOCK2 part write_protect_efuse BLOCK2 >>burned.log
    hopeless bad-signature "a part of the digest"
}

# --- check ---

@test "check names the mistake, what to do, and takes one exception by name" {
    locked
    run fusebox check --board b 0x10000 "$made/app.bin" "${keys[@]}"
    echo "$output" >&2
    [ "$status" -eq 1 ]
    [[ $output == *"P14  FAIL"* ]]
    output=$(tr -s ' \n' ' ' <<<"$output") # the path decides where it wraps
    [[ $output == *"app.bin is plaintext, goes to 0x10000"* ]]
    cmp "$made/app_enc.bin" <(tail -c +65537 b/flash.bin |
        head -c "$(stat -c %s "$made/app_enc.bin")")
    run fusebox check --board b 0x10000 "$made/app.bin" "${keys[@]}" \
        --accept "P14:the updater encrypts" P11:same P15:same
    echo "$output" >&2
    [[ $output == *"accepted the updater encrypts"* ]]
    run fusebox check --board b --accept P14:
    [ "$status" -eq 2 ]
    run fusebox check --board b --accept P99:x
    [ "$status" -eq 2 ]
}

@test "check: what if this was burned" {
    plaintext
    run fusebox check --board b "${keys[@]}" --burn FLASH_CRYPT_CNT=1
    [ "$status" -eq 1 ]
    [[ $output == *"P8   FAIL"* ]]
    [[ $output == *"BLOCK1 holds no key"* ]]
    run fusebox check --board b "${keys[@]}" --burn BLOCK1="$made/fe.bin"
    [[ $output == *"P2   FAIL"* ]]
    [[ $output == *"wrong order"* ]]
    run fusebox check --board b "${keys[@]}" \
        --burn flash_encryption="$made/fe.bin"
    [[ $output == *"P2   PASS"* ]]
    # Nothing happened to the board.
    lives
}

@test "check: JSON has every check, and the plan's own keys are in custody" {
    plaintext
    cd "$made"
    rm -f p
    fusebox plan flash-encryption secure-boot-v1 \
        --board "$BATS_TEST_TMPDIR/b" --flash-key fe.bin \
        --secure-boot-key sb.bin -o p --images 0x0 digest.bin \
        0x8000 partitions.bin 0x10000 app.bin
    run fusebox check p --board "$BATS_TEST_TMPDIR/b" --format json \
        --public-key pub.bin
    echo "$output" >&2
    [ "$status" -eq 1 ]
    [ "$(echo "$output" | jq '.checks | length')" -eq 25 ]
    [ "$(echo "$output" | jq -r '[.checks[] | select(.verdict == "FAIL") | .id] | join(",")')" = P22 ]
    [ "$(echo "$output" | jq .fail)" -eq 1 ]
    [ "$(echo "$output" | jq .unknown)" -eq 0 ]
    run fusebox check p --board "$BATS_TEST_TMPDIR/b" --public-key pub.bin \
        --key-copy copies/fe.bin copies/sb.bin
    echo "$output" >&2
    [ "$status" -eq 0 ]
    # A copy of the signing key holds the key that follows from it, and the
    # other way round; the very file is no copy.
    cp SIGNING_KEY.pem copies/
    fusebox check p --board "$BATS_TEST_TMPDIR/b" --public-key pub.bin \
        --key-copy copies/fe.bin copies/SIGNING_KEY.pem >/dev/null
    for copy in copies/SIGNING_KEY.pem copies/sb.bin; do
        fusebox check p --board "$BATS_TEST_TMPDIR/b" --public-key pub.bin \
            --secure-boot-key SIGNING_KEY.pem --key-copy copies/fe.bin "$copy" \
            >/dev/null
    done
    espsecure generate_signing_key other.pem >/dev/null
    for copy in SIGNING_KEY.pem other.pem copies/fe.bin; do
        run fusebox check p --board "$BATS_TEST_TMPDIR/b" --public-key pub.bin \
            --secure-boot-key SIGNING_KEY.pem --key-copy copies/fe.bin "$copy"
        [ "$status" -eq 1 ]
        [[ $output == *'P22  FAIL'*'SIGNING_KEY.pem: stored once'* ]]
    done
    rm other.pem copies/SIGNING_KEY.pem
    # Meant to be final, and locked at the end.
    run fusebox check p --board "$BATS_TEST_TMPDIR/b" --public-key pub.bin \
        --key-copy copies/fe.bin copies/sb.bin --release
    [ "$status" -eq 1 ]
    [[ $output == *"P20  FAIL"* ]]
    rm p
    fusebox plan flash-encryption secure-boot-v1 lock \
        --board "$BATS_TEST_TMPDIR/b" --flash-key fe.bin \
        --secure-boot-key sb.bin -o p --images 0x0 digest.bin \
        0x8000 partitions.bin 0x10000 app.bin
    run fusebox check p --board "$BATS_TEST_TMPDIR/b" --public-key pub.bin \
        --key-copy copies/fe.bin copies/sb.bin --release
    echo "$output" >&2
    [ "$status" -eq 0 ]
}

@test "an application that does not confirm an update: rehearse sees it, P19 says so" {
    rm -rf b
    cp -r "$made/blank3" b
    encryption
    ciphertext
    fusebox plan lock-uart --board b --flash-key "$made/fe.bin" --no-boot -o p
    p19=(fusebox check p --board b --flash-key "$made/fe.bin" --format json)
    run "${p19[@]}"
    [ "$(jq -r '.checks[18] | .verdict' <<<"$output")" = UNKNOWN ]
    run fusebox rehearse p --board b --goal alive --then confirm
    echo "$output" >&2
    [ "$status" -ne 0 ]
    [[ $output == *"then confirm: FAILS: the application came to the goal and did not confirm itself: the next start took the update back"* ]]
    [[ $output == *"Verdict: boots"* ]]
    run "${p19[@]}"
    [ "$(jq -r '.checks[18] | .verdict' <<<"$output")" = FAIL ]
    [[ $output == *"taken back at the next start"* ]]
    # Without another slot there is no update at all.
    echo 'factory, app, factory, 0x10000, 0x10000' >one.csv
    gen_esp32part one.csv "$made/one.bin" >&2
    rm -rf b
    cp -r "$made/blank3" b
    plaintext
    holds one.bin 0x8000
    rm p p.rehearsal
    fusebox plan lock-uart --board b --no-boot -o p
    run fusebox rehearse p --board b --goal alive --then confirm
    [[ $output == *"then confirm: FAILS: an update has nowhere to go"* ]]
}

@test "check reads a port as it reads a folder, and writes nothing" {
    locked
    lives # its first start writes down where it started from
    fusebox check --board b "${keys[@]}" --format json |
        jq '.checks | map([.id, .verdict])' >folder
    sum=$(cat b/flash.bin b/efuse.bin | sha256sum)
    fusebox board start b >/dev/null
    run fusebox check --port board:b "${keys[@]}" --format json
    fusebox board stop b >/dev/null
    echo "$output" >&2
    [ "$(cat b/flash.bin b/efuse.bin | sha256sum)" = "$sum" ]
    # Hidden keys are those of the files: the board was heard to start.
    [ "$status" -eq 0 ]
    [ "$(echo "$output" | jq -r '.checks | map([.id, .verdict])')" = "$(jq . folder)" ]
    [ "$(jq -r '[.[] | select(.[1] != "PASS" and .[1] != "NONE")] | length' folder)" -eq 0 ]
    # Some sectors of the 4 MiB.
    bytes=$(echo "$output" | jq .flash_bytes_read)
    [ "$bytes" -gt 0 ]
    [ "$bytes" -lt 131072 ]
}

# p2 TEXT FILES...: what check says of P2 over the port holds TEXT.
p2() {
    local text=$1
    shift
    run fusebox check --port board:b "$@" --format json
    echo "$output" >&2
    [[ $(echo "$output" | jq -r '.checks[1] | .verdict + " " + .saw') == $text ]]
}

@test "check over a port: a key file is the chip's when the chip starts with it" {
    locked
    fusebox board start b >/dev/null
    p2 'PASS *BLOCK1 holds its file*BLOCK2 holds its file*' "${keys[@]}"
    p2 'UNKNOWN BLOCK2 cannot be read, and its key file is not given' \
        --flash-key "$made/fe.bin"
    espsecure generate_flash_encryption_key other.bin >/dev/null
    p2 'UNKNOWN *cannot be read, and the chip was not seen*' --flash-key other.bin \
        --secure-boot-key "$made/sb.bin"
    p2 'UNKNOWN BLOCK2 cannot be read, and the chip was not seen*' \
        --flash-key "$made/fe.bin" --secure-boot-key other.bin
    # snapshot believes no more than that
    run fusebox snapshot --port board:b -o right --flash-key "$made/fe.bin" \
        --secure-boot-key "$made/SIGNING_KEY.pem"
    [[ $output == *"BLOCK1 is read-protected: $made/fe.bin, which the chip boots with"* ]]
    [[ $output == *"BLOCK2 is read-protected: $made/SIGNING_KEY.pem, which the chip boots with"* ]]
    run ! grep '^unproven' right/board.ini
    run fusebox snapshot --port board:b -o wrong --flash-key other.bin
    [[ $output == *"BLOCK1 is read-protected: other.bin, unproven"* ]]
    grep -qx 'unproven = BLOCK1' wrong/board.ini
    fusebox board stop b >/dev/null
    # A board that starts nothing tells nothing.
    printf x | dd of=b/flash.bin bs=1 seek=$((0x1400)) conv=notrunc status=none
    fusebox board start b >/dev/null
    p2 'UNKNOWN *' "${keys[@]}"
    fusebox board stop b >/dev/null
    # What a snapshot was told is not what was seen.
    run fusebox check --board wrong --flash-key other.bin --format json
    [[ $output == *"from a file that nothing proved"* ]]
    fusebox check --board right "${keys[@]}"
}

@test "check: bad command lines get one line each" {
    run --separate-stderr fusebox check
    [ "$status" -eq 2 ]
    [[ $stderr == *"--port PORT or --board DIR"* ]]
    run --separate-stderr fusebox check --board nowhere
    [ "$status" -eq 2 ]
    [[ $stderr == "fusebox: nowhere: no board here"* ]]
    run --separate-stderr fusebox check --board b --burn NO_SUCH=1
    [ "$status" -eq 2 ]
    [ "$stderr" = "fusebox: NO_SUCH: no such eFuse" ]
    run --separate-stderr fusebox check --board b --burn FLASH_CRYPT_CNT=0x80
    [ "$status" -eq 2 ]
    [ "$stderr" = "fusebox: FLASH_CRYPT_CNT=0x80: FLASH_CRYPT_CNT takes a number of 7 bits" ]
}
