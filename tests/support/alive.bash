# SPDX-License-Identifier: Apache-2.0
#
# Beside common.bash: keys, the real bootloader, and a small signed application
# that says "alive", made in the current folder: SIGNING_KEY.pem sb.bin pub.bin
# fe.bin; bootloader.bin digest.bin partitions.bin app.bin, and each as
# NAME_enc.bin; the unsigned alive.bin and unsigned.bin (the table). Logs go to
# *.log. Our tools are in the PATH; wants `lacks compiler`.

# alive_elf ELF: that application, linked.
alive_elf() {
    xtensa-lx106-elf-gcc -nostdlib -mabi=call0 -Wl,-Ttext=0x40080000 \
        -o "$1" "$root/tests/boot/alive.S"
}

# encrypted FILE ADDRESS OUT
encrypted() {
    espsecure encrypt_flash_data --keyfile fe.bin --address "$2" --pad ff \
        --output "$3" "$1" >>images.log
}

make_alive() {
    {
        espsecure generate_signing_key SIGNING_KEY.pem
        espsecure digest_private_key --keyfile SIGNING_KEY.pem sb.bin
        espsecure extract_public_key --keyfile SIGNING_KEY.pem pub.bin
        espsecure generate_flash_encryption_key fe.bin
    } >keys.log
    mkdir obj
    make --no-print-directory -s -j2 -C "$root/firmware/boot" TARGET= \
        BOARD=GPY BTYPE=release BUILD="$PWD/obj" SIGN_PUB="$PWD/pub.bin" \
        CROSS_COMPILE=xtensa-lx106-elf- >boot.log 2>&1 ||
        { tail -n 20 boot.log >&2; return 1; }
    alive_elf obj/alive.elf
    for image in bootloader alive; do
        esptool --chip esp32 elf2image --flash_mode dio --flash_freq 80m \
            --flash_size 4MB -o $image.bin obj/$image.elf >>images.log
    done
    cp alive.bin app.bin
    cat >layout.csv <<END
factory, app, factory, 0x10000, 0x10000, encrypted
ota_0, app, ota_0, 0x20000, 0x10000, encrypted
otadata, data, ota, 0x30000, 0x1000, encrypted
END
    gen_esp32part layout.csv partitions.bin >>images.log
    cp partitions.bin unsigned.bin
    for f in app partitions; do
        espsecure sign_data --version 1 --keyfile SIGNING_KEY.pem $f.bin >>images.log
    done
    espsecure digest_secure_bootloader --keyfile sb.bin --output digest.bin \
        bootloader.bin >>images.log
    encrypted digest.bin 0x0 digest_enc.bin
    encrypted bootloader.bin 0x1000 bootloader_enc.bin
    encrypted partitions.bin 0x8000 partitions_enc.bin
    encrypted app.bin 0x10000 app_enc.bin
}
