#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# fusebox report: the page is whole, alone, tells no secret, takes nothing for
# markup that is none, and can be looked at.

load ../support/common

setup() {
    enter
    PATH=$bin:$PATH
    python=$root/tests/report
}

# blank DIR [OPTIONS]: a blank board that does not run.
blank() {
    fusebox board start "$@" >/dev/null
    fusebox board stop "$1" >/dev/null
}

# talker TEXT: talker.bin, a bootloader that says so.
talker() {
    printf '%s' "$1" >text
    xtensa-lx106-elf-gcc -nostdlib -DTEXT='"text"' -Wl,-Ttext=0x40080000 \
        -Wl,-Tdata=0x3FFB0000 -o talker.elf "$python/talker.S"
    esptool --chip esp32 elf2image --flash_mode dio -o talker.bin talker.elf \
        >/dev/null
}

# small_plan: p.plan, to encrypt the blank board b that says "alive".
small_plan() {
    blank b
    talker 'alive'
    fusebox plan flash-encryption --board b --flash-key "$in/fe256.key" \
        --images 0x1000 talker.bin --no-boot -o p.plan
}

# put FILE OFFSET DIR: into the flash of a board that does not run.
put() {
    dd if="$1" of="$3/flash.bin" bs=4096 seek=$(($2 / 4096)) conv=notrunc \
        status=none
}

# report SOURCE [OPTIONS]: page.html, which has to be well-formed.
report() {
    fusebox report "$@" -o page.html
    "$python/structure.py" page.html
}

# says TEXT: in the page's text, markup and line ends aside.
says() {
    python3 -c 'import html, re, sys
text = re.sub(r"<style>.*?</style>", "", open("page.html").read(), flags=re.S)
text = " ".join(html.unescape(re.sub("<[^>]*>", " ", text)).split())
sys.exit(0 if " ".join(sys.argv[1].split()) in text else text)' "$1"
}

@test "a blank board does not boot, has nothing burned, and everything open" {
    blank b --mac 02:00:00:11:22:33
    run fusebox report b -o page.html
    [ "$status" = 0 ]
    [ "$output" = 'page.html: Does not boot. The ROM found no bootloader at 0x1000. It resets again and again. There is no bootloader: 0x1000 is erased. It can be brought back: see below.' ]
    "$python/structure.py" page.html
    says 'MAC 02:00:00:11:22:33'
    says 'Nothing that decides anything.'
    says 'Debugger Attach over JTAG, and see what the CPU sees ● yes'
    says 'flash read err, 1000'
    says '0x001000 28 KiB bootloader erased'
    # In the words of `board why`, but for what to do.
    fusebox board why b | sed '/^there is no bootloader/,$d' >why.txt
    [ "$(wc -l <why.txt)" -gt 4 ]
    says "Why it does not boot $(cat why.txt)"
}

@test "a board that boots says so, and its folder is untouched" {
    blank b
    talker 'hello there'
    put talker.bin 0x1000 b
    before=$(state)
    run fusebox report b -o page.html --goal 'hello there'
    rm page.html
    [ "$(state)" = "$before" ]
    [ "$status" = 0 ]
    [[ "$output" == 'page.html: Boots. On the virtual chip it said “hello there”'* ]]
    report b --goal 'something else'
    says 'Does not boot'
    says 'bootloader hello there'
}

@test "what a board says and is called stays text" {
    evil='</code></td></table><script>alert(1)</script>&amp;"'"'"'<img src=x onerror=alert(2)>'
    mkdir '<b>'
    blank '<b>/"&'
    talker "$evil"
    put talker.bin 0x1000 '<b>/"&'
    sed -i 's/^board = .*/board = <i>"\&/' '<b>/"&/board.ini'
    # A partition table with a label that is markup.
    printf '\252\120\1\2\0\220\0\0\0\160\0\0<img src=x y=">\0\0\0\0\0' >table
    head -c 3040 /dev/zero | tr '\0' '\377' >>table
    put table 0x8000 '<b>/"&'
    report '<b>/"&' --goal onerror=
    says "$evil"
    says '<img src=x y=">'
    says 'Fusebox report on a board: <b>/"&'
    run ! grep -q '<script\|<img' page.html
}

@test "no key is in the page, burned or in a file" {
    blank b
    fusebox board start b >/dev/null
    espefuse --port b/uart --do-not-confirm burn_key flash_encryption "$in/fe256.key"
    espefuse --port b/uart --do-not-confirm burn_key secure_boot "$in/sb256.key" --no-protect-key
    fusebox board stop b >/dev/null
    report b --flash-key "$in/fe256.key" --secure-boot-key "$in/sb256.key"
    for key in "$in/fe256.key" "$in/sb256.key"; do
        says "key $(sha256sum <"$key" | sed 's/^\(....\)\(....\)\(....\)\(....\).*/\1 \2 \3 \4/')"
        tr -d ' \n' <page.html >squeezed
        # Neither the file's bytes nor the block's nor its words, in any case.
        for bytes in "$(hex "$key")" "$(reversed <"$key" | od -An -v -tx1 | tr -d ' \n')"; do
            for at in 0 8 32 56; do
                run ! grep -qi "${bytes:at:8}" squeezed
            done
        done
    done
    says 'Any code Read the flash encryption key ○ no RD_DIS hides BLOCK1'
    says 'Any code Read the Secure Boot V1 key ● yes RD_DIS does not hide BLOCK2'
    # The marks of a key do not show its bits either.
    python3 - <<'PY'
page = open('page.html').read()
for title in ('Block 1', 'Block 2'):
    marks = page.split('<h3>' + title)[1].split('<h3>')[0]
    assert '<i class=s></i>' in marks and '<i class=b>' not in marks, title
PY
}

@test "what is not known is marked, and never called good" {
    blank b
    talker 'alive'
    fusebox board start b >/dev/null
    espefuse --port b/uart --do-not-confirm burn_key flash_encryption "$in/fe256.key"
    espefuse --port b/uart --do-not-confirm burn_efuse FLASH_CRYPT_CNT \
        burn_efuse FLASH_CRYPT_CONFIG 15
    fusebox board stop b >/dev/null
    espsecure encrypt_flash_data -k "$in/fe256.key" -a 0x1000 -o enc.bin talker.bin
    put enc.bin 0x1000 b
    report b --goal alive
    says '✓ Boots'
    says 'encrypted for its address 0x1000 with key'
    # As a snapshot of a real board has it: nobody can read the key.
    echo 'unknown = BLOCK1' >>b/board.ini
    python3 -c 'f = open("b/efuse.bin", "r+b"); f.seek(28); f.write(bytes(32))'
    report b --goal alive
    says '? Not known It was not booted: flash encryption is on, and its key in BLOCK1 is not known'
    says '? not known : it cannot be read'
    says 'looks random, not recognised ? not known'
    report b --goal alive --flash-key "$in/fe256.key"
    says '✓ Boots'
    report b --goal alive --flash-key "$in/sb256.key"
    says '✗ Does not boot'
    sed -i 's/^unknown.*/unknown = BLOCK1,FLASH/' b/board.ini
    report b --goal alive
    says 'bootloader not known ? not known'
    says 'Update over the air ? not known'
}

@test "an image that was encrypted for another place is told with that place" {
    blank b
    talker 'alive'
    fusebox board start b >/dev/null
    espefuse --port b/uart --do-not-confirm burn_key flash_encryption "$in/fe256.key"
    espefuse --port b/uart --do-not-confirm burn_efuse FLASH_CRYPT_CNT \
        burn_efuse FLASH_CRYPT_CONFIG 15
    fusebox board stop b >/dev/null
    espsecure encrypt_flash_data -k "$in/fe256.key" -a 0x10000 -o enc.bin talker.bin
    put enc.bin 0x1000 b
    report b --goal alive
    says '✗ Does not boot'
    says 'encrypted for 0x10000, but it lies at 0x1000'
    says '✗ no : it is made for another address'
    put talker.bin 0x1000 b
    report b --goal alive
    says '✗ no : the chip decrypts here, and this is plaintext'
}

@test "a plan: what it changes, what the flash was and will be, the checks" {
    small_plan
    before=$(state)
    report p.plan --board b --goal alive
    rm page.html
    [ "$(state)" = "$before" ]
    report p.plan --board b --goal alive
    print=$(sha256sum <"$in/fe256.key" | sed 's/^\(....\)\(....\)\(....\)\(....\).*/\1 \2 \3 \4/')
    says "BLOCK1 blank → key $print"
    says 'RD_DIS 0 → 1 Software can never read again: BLOCK1'
    says 'FLASH_CRYPT_CNT 0x0 → 0x1 Flash encryption is on'
    says '1 key, 7 fuses'
    says "bootloader erased → image of $(stat -c %s talker.bin) bytes, encrypted for its address 0x1000 with key $print (BLOCK1) ✓ yes"
    says 'On the virtual chip it said “alive”'
    says 'The plan was not rehearsed yet.'
    # The key has no second copy: the check that wants one says so.
    says 'Boots, but'
    says 'P22 ✗ FAIL'
    says 'It does not stop ✗'
    says 'If it is interrupted Not tried:'
    fusebox rehearse p.plan --board b --goal alive
    report p.plan --board b --goal alive
    says 'Rehearsed: '
    says 'If it is interrupted Not tried:'
    # The table is the one that rehearse prints.
    fusebox rehearse p.plan --board b --goal alive --power-cuts >cuts.txt
    report p.plan --board b --goal alive
    says 'interruptions end provisioned.'
    rows=$(sed -n 's/^ *\([0-9]\+\)  *\([0-9]\+\)  *\([0-9]\+\)  *\([0-9]\+\)  \(.*\)/\1, \5 \2 \3 ✓ \4/p' cuts.txt)
    [ "$(wc -l <<<"$rows")" -gt 2 ]
    says "Step Interrupted Boots as it is Ends well $rows"
    # A record that somebody changed is none.
    sed -i 's/^cut \([0-9]*\) [0-9]*/cut \1 9/' p.plan.rehearsal
    report p.plan --board b --goal alive
    says 'If it is interrupted Not tried:'
}

@test "a plan that the board does not allow any more stops at that step" {
    small_plan
    fusebox board start b >/dev/null
    espefuse --port b/uart --do-not-confirm write_protect_efuse FLASH_CRYPT_CNT
    fusebox board stop b >/dev/null
    report p.plan --board b --goal alive
    says '✗ Cannot be done Step'
    says 'is refused: write-protected'
    says 'The board was not booted: the plan cannot be carried out.'
}

@test "a plan that leaves a dead board says so, and the ways back" {
    blank b
    talker 'alive'
    fusebox plan flash --board b --images 0x8000 talker.bin --no-boot -o p.plan
    report p.plan --board b --goal alive
    says '✗ Does not boot The ROM found no bootloader at 0x1000.'
    says 'How to bring it back'
}

@test "errors are one line, and leave no page" {
    blank b
    refuses 'fusebox: none: No such file or directory' fusebox report none -o page.html
    refuses 'fusebox: no/page.html: No such file or directory' fusebox report b -o no/page.html
    refuses 'fusebox: none.key: No such file or directory' \
        fusebox report b -o page.html --flash-key none.key
    fusebox board start b >/dev/null
    run fusebox report b -o page.html
    fusebox board stop b >/dev/null
    [ "$status" = 2 ]
    [ "$output" = 'fusebox: b: another process runs this board' ]
    [ ! -e page.html ]
}

# Rendered: nothing is wider than its window, light is light, dark is dark.
looks_right() {
    run "$python/look.py" page.html look
    echo "$output"
    [ "$status" = 0 ]
    [[ $'\n'$output != *$'\n'console:* ]]
    [[ $'\n'$output != *$'\n'request:* ]]
    for page in light-1200 dark-1200 light-400 dark-400; do
        line=$(grep "^$page " <<<"$output")
        [[ "$line" =~ content=${page#*-}\ colours=([0-9]+)\ brightness=([0-9]+)\ sticking-out=nothing$ ]]
        [ "${BASH_REMATCH[1]}" -gt 30 ]
        if [ "${page%-*}" = light ]; then
            [ "${BASH_REMATCH[2]}" -gt 200 ]
        else
            [ "${BASH_REMATCH[2]}" -lt 80 ]
        fi
    done
    head -c 5 look/print.pdf | grep -q %PDF-
}

@test "headless Chromium: readable in light and dark, narrow and on paper" {
    command -v "${CHROMIUM:-chromium}" >/dev/null || skip "chromium is not installed"
    blank b
    talker 'a line that is longer than a telephone is wide, without_any_place_to_break_it_0123456789_0123456789_0123456789'
    fusebox plan flash-encryption --board b --flash-key "$in/fe256.key" \
        --images 0x1000 talker.bin --no-boot -o p.plan
    fusebox rehearse p.plan --board b --goal 0123456789_ --power-cuts >cuts.txt
    report p.plan --board b --goal 0123456789_
    looks_right
    # A dead one, with lines that cannot be broken: as many as a sector's hex.
    put talker.bin 0x2000 b
    report b --goal 0123456789_
    says 'Why it does not boot'
    looks_right
}
