#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espsecure with keys on a PKCS#11 token: SoftHSM 2 through OpenSSL's engine.

load ../support/common

setup() {
    enter
    espsecure=$bin/espsecure
    module=$(ls /usr/lib/softhsm/libsofthsm2.so \
        /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -n 1) || true
    [ -n "$module" ] || skip "SoftHSM 2 is not installed"
    openssl engine pkcs11 >/dev/null 2>&1 ||
        skip "OpenSSL's engine pkcs11 is not installed"
    # Beside the work folder: a token's files change with each login.
    mkdir ../tokens
    echo "directories.tokendir = $BATS_TEST_TMPDIR/tokens" >../softhsm.conf
    export SOFTHSM2_CONF=$BATS_TEST_TMPDIR/softhsm.conf
    softhsm2-util --init-token --free --label board --pin 1234 --so-pin 5678
    echo 1234 >pin
    cp "$in/data100.bin" data
}

# import NAME ID FILE
import() {
    openssl pkcs8 -topk8 -nocrypt -in "$3" -out import.pem
    softhsm2-util --import import.pem --token board --label "$1" --id "$2" --pin 1234
}

with_token() {
    "$espsecure" "$1" --keyfile "pkcs11:token=board;object=$2" \
        --pkcs11-module "$module" --pin-file pin "${@:3}"
}

@test "a token signs for version 1" {
    import sign 01 "$in/p256.pem"
    prints 'Signed 100 bytes of data from "data".' with_token sign_data sign -o out data
    prints $'Verifying 100 bytes of data...\nSignature is valid.' \
        "$espsecure" verify_signature -k "$vectors/sign/p256.pub.bin" out
    with_token verify_signature sign out
    with_token extract_public_key sign pub
    cmp pub "$vectors/sign/p256.pub.bin"
    PKCS11_MODULE_PATH=$module "$espsecure" sign_data --pin-file pin \
        -k 'pkcs11:token=board;object=sign;type=private' -o out2 data
}

@test "a token signs for version 2, RSA and ECDSA" {
    for scheme in rsa3072 ecdsa256 ecdsa384; do
        "$espsecure" generate_signing_key -v 2 -s $scheme $scheme.pem
        import $scheme ${scheme: -2} $scheme.pem
        with_token sign_data $scheme --version 2 -o out data
        "$espsecure" verify_signature --version 2 -k $scheme.pem out
        with_token digest_sbv2_public_key $scheme -o digest
        "$espsecure" digest_sbv2_public_key -k $scheme.pem -o want
        cmp digest want
    done
}

@test "a token by the reference tool's configuration file" {
    import sign 01 "$in/p256.pem"
    slot=$(softhsm2-util --show-slots |
        awk '/^Slot/ { s = $2 } /Label:.*board/ { print s; exit }')
    cat >hsm.ini <<END
# An external HSM
[hsm_config]
pkcs11_lib = $module
credentials = 1234
slot = $slot
label = sign
label_pubkey = sign
END
    "$espsecure" sign_data --version 1 --hsm --hsm-config hsm.ini -o out data
    prints $'Verifying 100 bytes of data...\nSignature is valid.' \
        "$espsecure" verify_signature --version 1 --hsm --hsm-config hsm.ini out
    sed -i /^label/d hsm.ini
    refuses "espsecure: hsm.ini: Incorrect HSM config file format: [hsm_config] needs pkcs11_lib, slot and label" \
        "$espsecure" sign_data --hsm --hsm-config hsm.ini -o new data
}

@test "what a token refuses" {
    local key="pkcs11:token=board;object=sign"
    import sign 01 "$in/p256.pem"
    no() { refuses "espsecure: $1" "${@:2}"; }
    no "pkcs11:token=board;object=nope: is not found on the token, or the PIN is wrong" \
        with_token sign_data nope -o new data
    echo 9999 >badpin
    no "$key: is not found on the token, or the PIN is wrong" \
        "$espsecure" sign_data -k "$key" --pkcs11-module "$module" --pin-file badpin -o new data
    no "sign-data: a PIN on the command line can be seen by all: use --pin-file
Try 'espsecure sign-data --help'." \
        "$espsecure" sign_data -k "$key?pin-value=1234" --pkcs11-module "$module" -o new data
    no "$key: cannot be digested: the private number never leaves a token" \
        "$espsecure" digest_private_key -k "$key" new
    no "sign-data: --hsm needs --hsm-config, or name the key by --keyfile pkcs11:...
Try 'espsecure sign-data --help'." "$espsecure" sign_data --hsm -o new data
    no "sign-data: --hsm and a key file exclude each other
Try 'espsecure sign-data --help'." \
        "$espsecure" sign_data --hsm -k "$in/p256.pem" -o new data
    : >empty
    no "empty: holds no PIN" \
        "$espsecure" sign_data -k "$key" --pkcs11-module "$module" --pin-file empty -o new data
}
