#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espsecure against the Python tool on random input: both must write the same
# bytes, or accept what the other made. PEER_ESPSECURE names the Python tool
# (version 3, 4 or 5); without it these tests are skipped.
# PEER_ROUNDS: how many inputs a test tries.

load peer

setup() {
    needs PEER_ESPSECURE
    enter_beside
    espsecure=$bin/espsecure
}

peer() {
    # shellcheck disable=SC2086
    $PEER_ESPSECURE "$@" >peer.log 2>&1 || { cat peer.log; return 1; }
}

@test "peer: flash encryption" {
    for ((i = 0; i < rounds; i++)); do
        random_file k $(($(random 3 4) * 8))
        random_file f $(($(random 1 3000) * 16))
        address=$(($(random 0 1045000) * 16))
        config=$(random 0 15)
        echo "key $(hex k) address $address config $config size $(stat -c %s f)"
        peer encrypt_flash_data -k k -a $address --flash_crypt_conf $config -o want f
        "$espsecure" encrypt_flash_data -k k -a $address --flash_crypt_conf $config -o got f
        cmp want got
        peer decrypt_flash_data -k k -a $address --flash_crypt_conf $config -o want f
        "$espsecure" decrypt_flash_data -k k -a $address --flash_crypt_conf $config -o got f
        cmp want got
    done
}

@test "peer: AES-XTS" {
    for ((i = 0; i < rounds; i++)); do
        random_file k $((16 << $(random 0 2)))
        random_file f $(($(random 1 3000) * 16))
        address=$(($(random 0 1045000) * 16))
        echo "key $(hex k) address $address size $(stat -c %s f)"
        peer encrypt_flash_data --aes_xts -k k -a $address -o want f
        "$espsecure" encrypt_flash_data --aes_xts -k k -a $address -o got f
        cmp want got
        peer decrypt_flash_data --aes_xts -k k -a $address -o want f
        "$espsecure" decrypt_flash_data --aes_xts -k k -a $address -o got f
        cmp want got
    done
}

@test "peer: V1 keys and signatures" {
    for ((i = 0; i < rounds; i++)); do
        rm -f k d
        if ((i % 2)); then
            peer generate_signing_key k
        else
            "$espsecure" generate_signing_key k
        fi
        random_file f "$(random 0 100000)"
        peer sign_data --version 1 --keyfile k --output want f ||
            { grep -q deterministic_signing peer.log && skip "its cryptography package is too old"; }
        "$espsecure" sign_data --version 1 --keyfile k --output got f
        cmp want got
        peer extract_public_key --keyfile k want
        "$espsecure" extract_public_key --keyfile k got
        cmp want got
        "$espsecure" sign_data --keyfile k f
        peer verify_signature --version 1 --keyfile got f
        peer digest_private_key --keyfile k want
        "$espsecure" digest_private_key --keyfile k d
        cmp want d
        peer digest_private_key --keyfile k --keylen 192 want
        rm d
        "$espsecure" digest_private_key --keyfile k --keylen 192 d
        cmp want d
    done
}

@test "peer: bootloader digest" {
    for ((i = 0; i < rounds; i++)); do
        random_file k $(($(random 2 4) * 8))
        random_file iv 128
        for image in "$vectors"/image/small.{plain,nohash,secure-pad}.bin; do
            peer digest_secure_bootloader -k k --iv iv -o want "$image"
            "$espsecure" digest_secure_bootloader -k k --iv iv -o got "$image" 2>/dev/null
            cmp want got
        done
    done
}

@test "peer: V2 keys and signatures" {
    for scheme in rsa3072 ecdsa192 ecdsa256 ecdsa384; do
        rm -f ours.pem theirs.pem
        "$espsecure" generate_signing_key --version 2 --scheme $scheme ours.pem
        peer generate_signing_key --version 2 --scheme $scheme theirs.pem
        random_file f "$(random 1 100000)"
        peer sign_data --version 2 --keyfile ours.pem --output one f
        "$espsecure" verify_signature --version 2 --keyfile ours.pem one
        "$espsecure" sign_data --version 2 --keyfile theirs.pem --output two f
        peer verify_signature --version 2 --keyfile theirs.pem two
        "$espsecure" sign_data --version 2 --append_signatures --keyfile theirs.pem --output three one
        peer verify_signature --version 2 --keyfile ours.pem three
        peer verify_signature --version 2 --keyfile theirs.pem three
        for k in ours.pem theirs.pem; do
            peer extract_public_key --version 2 --keyfile $k want
            "$espsecure" extract_public_key --version 2 --keyfile $k got
            cmp want got
            peer digest_sbv2_public_key --keyfile $k --output want
            "$espsecure" digest_sbv2_public_key --keyfile $k --output got
            cmp want got
        done
        "$espsecure" signature_info_v2 three | grep Public >got
        peer signature_info_v2 three
        grep Public peer.log | cmp - got
    done
}
