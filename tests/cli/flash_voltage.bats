#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The flash's supply: what the strap GPIO12, espefuse set_flash_voltage and
# esptool --override-vddsdio do to a board, and who foresees it.

load ../support/common
load ../support/alive

setup() {
    enter
    PATH=$bin:$PATH
    why=$(lacks compiler)
    [ -z "$why" ] || skip "$why"
    alive_elf alive.elf
    esptool --chip esp32 elf2image -o alive.bin alive.elf >images.log
}

# new DIR [OPTIONS]: a board that says "alive", stopped.
new() {
    fusebox board start "$@"
    fusebox board stop "$1"
    dd if=alive.bin of="$1/flash.bin" bs=4096 seek=1 conv=notrunc status=none
}

start() {
    fusebox board start "$1" >/dev/null
}

# lives DIR, dies DIR [WHY]: booted by itself.
lives() {
    run fusebox board run "$1" --ms 1000
    [[ "$output" == *alive* ]]
}

dies() {
    run fusebox board run "$1" --ms 1000
    [[ "$output" != *alive* ]]
    [[ "$output" == *"flash read err, 1000"* ]]
    run fusebox board why "$1"
    [ "${lines[0]}" = 'the flash does not answer: every byte of it reads as ff' ]
    [ "${lines[1]}" = "  $2" ]
}

set_voltage() {
    espefuse --port "board:$1" --do-not-confirm set_flash_voltage "$2" >burn.log
}

@test "set_flash_voltage for another flash: no boot, no access, and the way back" {
    new b
    lives b
    start b
    set_voltage b 1.8V
    run esptool --chip esp32 --port board:b flash_id
    [ "$status" = 0 ]
    [[ "$output" == *"Manufacturer: ff"*"Device: ffff"*"Flash voltage set by eFuse: 1.8V"* ]]
    # What cannot be read is not made up, what cannot be written not reported.
    run esptool --chip esp32 --port board:b read_flash 0x1000 64 back.bin
    [ "$status" = 2 ]
    [[ "$output" == *'flash chip does not answer'*'nothing can be read or written'* ]]
    [ ! -e back.bin ]
    run esptool --chip esp32 --port board:b write_flash 0x1000 alive.bin
    [ "$status" = 2 ]
    run fusebox snapshot --port board:b -o snap
    [ "$status" = 2 ]
    [[ "$output" == *'does not answer (id 0xffffff); its supply VDD_SDIO is 1.8 V by the eFuses XPD_SDIO_*' ]]
    fusebox board stop b
    dies b 'VDD_SDIO is 1.8 V by the eFuses XPD_SDIO_*, the flash needs 3.3 V'
    run fusebox check --board b
    [ "$status" = 1 ]
    [[ "$output" == *'P21  FAIL'*'VDD_SDIO is 1.8 V by the eFuses XPD_SDIO_*, the flash needs 3.3 V'* ]]
    run fusebox advise --board b
    [[ "$output" == *'too low for it'*'espefuse --port board:b set_flash_voltage 3.3V'* ]]
    start b
    set_voltage b 3.3V
    run espefuse --port board:b --do-not-confirm set_flash_voltage 1.8V
    [ "$status" = 2 ]
    fusebox board stop b
    lives b
}

@test "OFF starves a flash that has no supply of its own" {
    new b
    new own --flash-voltage external
    for dir in b own; do
        start $dir
        set_voltage $dir OFF
        fusebox board stop $dir
    done
    dies b 'VDD_SDIO is off by the eFuses XPD_SDIO_*, the flash needs 3.3 V'
    lives own
    # 1.8 V is too little for it still; 3.3 V is not.
    start b
    set_voltage b 1.8V
    set_voltage b 3.3V
    fusebox board stop b
    lives b
}

@test "GPIO12 high at reset: 1.8 V, unless the fuses say otherwise" {
    new b --mtdi high
    grep -qx 'mtdi = high' b/board.ini
    dies b 'VDD_SDIO is 1.8 V by the strap MTDI (GPIO12), the flash needs 3.3 V'
    run fusebox advise --board b
    [[ "$output" == *'GPIO12'*'espefuse --port board:b set_flash_voltage 3.3V'* ]]
    start b
    fusebox board console b --expect 'boot:0x33' --timeout 10 >/dev/null
    set_voltage b 3.3V
    fusebox board stop b
    lives b
}

@test "a 1.8 V flash: as modules wire it, and destroyed by 3.3 V" {
    new b --flash-voltage 1.8
    grep -qx 'flash_voltage = 1.8' b/board.ini
    grep -qx 'mtdi = high' b/board.ini
    lives b
    start b
    run esptool --chip esp32 --port board:b flash_id
    [[ "$output" == *'Flash voltage set by a strapping pin: 1.8V'* ]]
    fusebox snapshot --port board:b -o snap >snap.log
    grep -q 'supply 1.8 V' snap.log
    grep -qx 'flash_voltage = 1.8' snap/board.ini
    grep -qx 'mtdi = high' snap/board.ini
    set_voltage b 3.3V
    fusebox board stop b
    grep -qx 'flash = destroyed' b/board.ini
    dies b 'the flash needs 1.8 V and was given 3.3 V: taken for destroyed'
    run fusebox advise --board b
    [[ "$output" == *'take it for destroyed'*'another flash'* ]]
    # It stays so, whatever the supply is afterwards.
    sed -i 's/^mtdi.*/mtdi = low/' snap/board.ini
    start snap
    fusebox board stop snap
    sed -i 's/^mtdi.*/mtdi = high/' snap/board.ini
    dies snap 'the flash needs 1.8 V and was given 3.3 V: taken for destroyed'
}

@test "esptool --override-vddsdio works until the next reset" {
    new b
    start b
    run esptool --chip esp32 --port board:b --override-vddsdio 1.8V flash_id
    [[ "$output" == *'Device: ffff'*'Flash voltage set by RTC_CNTL: 1.8V'* ]]
    run esptool --chip esp32 --port board:b flash_id
    [[ "$output" == *'Device: 4016'*'a strapping pin: 3.3V'* ]]
    fusebox board stop b
    lives b
}

@test "a rehearsal says what set_flash_voltage will do" {
    new b
    fusebox plan --board b -o plan.18 -- \
        sh -c 'espefuse --port $ESPPORT --do-not-confirm set_flash_voltage 1.8V' >plan.log
    fusebox plan --board b -o plan.33 -- \
        sh -c 'espefuse --port $ESPPORT --do-not-confirm set_flash_voltage 3.3V' >plan.log
    run fusebox rehearse plan.33 --board b --goal alive
    [ "$status" = 0 ]
    run fusebox rehearse plan.18 --board b --goal alive
    [ "$status" != 0 ]
    [[ "$output" == *recoverable*'VDD_SDIO, is too low'* ]]
    grep -qx 'verdict recoverable' plan.18.rehearsal
    # For the other flash it is the other way round, and worse.
    cp -r b c
    sed -i 's/^flash_voltage.*/flash_voltage = 1.8/; s/^mtdi.*/mtdi = high/' c/board.ini
    run fusebox rehearse plan.18 --board c --goal alive
    [ "$status" = 0 ]
    run fusebox rehearse plan.33 --board c --goal alive
    [ "$status" != 0 ]
    grep -qx 'verdict bricks' plan.33.rehearsal
    # Nobody guesses.
    sed -i '/^flash_voltage/d; /^mtdi/d' c/board.ini
    run fusebox rehearse plan.33 --board c --goal alive
    [ "$status" = 2 ]
    [[ "$output" == *'board.ini has no flash_voltage'* ]]
    run fusebox check plan.33 --board c
    [[ "$output" == *'P21  UNKNOWN'*'is not known (--flash-voltage)'* ]]
    run fusebox check plan.33 --board c --flash-voltage 1.8
    [[ "$output" == *'P21  FAIL'* ]]
    run fusebox check plan.33 --board c --flash-voltage 3.3
    [[ "$output" == *'P21  PASS'*'VDD_SDIO is 3.3 V by the eFuses'* ]]
}

@test "a rehearsal says what other fuses do to the flash" {
    new b
    # A choice of pins that uses one twice is none.
    for row in 'boots SPI_PAD_CONFIG_CLK 6' \
        'bricks SPI_PAD_CONFIG_CLK 6 SPI_PAD_CONFIG_Q 7 SPI_PAD_CONFIG_D 8 SPI_PAD_CONFIG_CS0 11' \
        'bricks DIS_CACHE 1' 'boots DISABLE_APP_CPU 1'; do
        rm -f plan
        fusebox plan --board b -o plan -- sh -c \
            "espefuse --port \$ESPPORT --do-not-confirm burn_efuse ${row#* }" >plan.log
        run fusebox rehearse plan --board b --goal alive
        echo "$row: $output"
        grep -qx "verdict ${row%% *}" plan.rehearsal
    done
    # It does not come back by a stop and a start.
    start b
    espefuse --port board:b --do-not-confirm burn_efuse SPI_PAD_CONFIG_CLK 6 \
        SPI_PAD_CONFIG_Q 7 SPI_PAD_CONFIG_D 8 SPI_PAD_CONFIG_CS0 11 >burn.log
    fusebox board stop b
    dies b 'the eFuses SPI_PAD_CONFIG_* name other pins than the flash is on'
    run fusebox check --board b --burn DIS_CACHE=1
    [[ "$output" == *'P21  FAIL'*'DIS_CACHE: nothing in the flash can be executed'* ]]
}

@test "a recording is repeated with its strap, a copy keeps its supply" {
    new b --mtdi high
    fusebox board start b --record rec >/dev/null
    esptool --chip esp32 --port board:b flash_id >flash_id.log
    fusebox board stop b
    run fusebox board run rec --replay
    [ "$status" = 0 ]
    sed -i 's/^mtdi.*/mtdi = low/; s/^flash_voltage.*/flash_voltage = 1.8/' rec/board.ini
    run fusebox board run rec --replay
    [ "$status" = 2 ]
}

@test "board.ini is read with care" {
    new b
    for line in 'flash_voltage = 5' 'mtdi = 1' 'flash = dead' 'flash_pads = x'; do
        cp b/board.ini kept
        echo "$line" >>b/board.ini
        run fusebox board run b --ms 1
        [ "$status" = 2 ]
        [[ "$output" == *'board.ini: line 7: cannot be understood' ]]
        mv kept b/board.ini
    done
    # Without a strap the module is wired as its flash needs it.
    sed -i '/^mtdi/d; s/^flash_voltage.*/flash_voltage = 1.8/' b/board.ini
    lives b
    sed -i '/^flash_voltage/d' b/board.ini
    lives b
}
