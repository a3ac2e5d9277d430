#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# espsecure: the bytes of the reference tool, its texts, and what is refused.
# tests/vectors/*/README.md name the commands that made the vectors.

load ../support/common

setup() {
    enter
    espsecure=$bin/espsecure
}

# --- keys

@test "a flash encryption key has the length asked for and mode 0600" {
    prints 'Writing 256 random bits to key file "a.key".' \
        "$espsecure" generate_flash_encryption_key a.key
    prints 'Writing 192 random bits to key file "b.key".' \
        "$espsecure" generate-flash-encryption-key --keylen 192 b.key
    "$espsecure" generate-flash-encryption-key -l 128 c.key
    "$espsecure" generate-flash-encryption-key -l512 d.key
    [ "$(stat -c %s a.key b.key c.key d.key | xargs)" = "32 24 16 64" ]
    [ "$(mode a.key)" = 600 ]
    "$espsecure" generate-flash-encryption-key e.key
    run ! cmp -s a.key e.key
}

@test "a key goes to standard output, the text then to stderr" {
    run --separate-stderr bash -c "'$espsecure' generate-flash-encryption-key - | wc -c"
    [ "$output" = 32 ]
    [ "$stderr" = 'Writing 256 random bits to key file "-".' ]
}

@test "signing keys are PEM as openssl reads it, mode 0600" {
    prints 'ECDSA NIST256p private key in PEM format written to "v1.pem".' \
        "$espsecure" generate_signing_key v1.pem
    [ "$(mode v1.pem)" = 600 ]
    [ "$(stat -c %s v1.pem)" = 227 ]
    [ "$(head -n 1 v1.pem)" = "-----BEGIN EC PRIVATE KEY-----" ]
    openssl ec -in v1.pem -noout -check
    prints 'RSA 3072 private key in PEM format written to "rsa.pem".' \
        "$espsecure" generate-signing-key --version 2 rsa.pem
    [ "$(head -n 1 rsa.pem)" = "-----BEGIN RSA PRIVATE KEY-----" ]
    openssl rsa -in rsa.pem -noout -check
    openssl rsa -in rsa.pem -noout -text | grep -q '3072 bit'
    for scheme in ecdsa192:prime192v1 ecdsa256:prime256v1 ecdsa384:secp384r1; do
        "$espsecure" generate-signing-key -v 2 -s ${scheme%:*} ${scheme%:*}.pem
        openssl ec -in ${scheme%:*}.pem -noout -text 2>&1 |
            grep -q "ASN1 OID: ${scheme#*:}"
    done
}

@test "a key file is never overwritten" {
    echo precious >k
    refuses 'espsecure: k: already exists; a key is never overwritten' \
        "$espsecure" generate_flash_encryption_key k
    refuses 'espsecure: k: already exists; a key is never overwritten' \
        "$espsecure" generate_signing_key k
    refuses 'espsecure: k: already exists; a key is never overwritten' \
        "$espsecure" digest_private_key -k "$in/p256.pem" k
    ln -s nowhere l
    refuses 'espsecure: l: already exists; a key is never overwritten' \
        "$espsecure" generate_flash_encryption_key l
}

@test "the public key is that of the reference tool" {
    prints "\"$in/p256.pem\" public key extracted to \"pub.bin\"." \
        "$espsecure" extract_public_key --keyfile "$in/p256.pem" pub.bin
    cmp pub.bin "$vectors/sign/p256.pub.bin"
    "$espsecure" extract-public-key -v 2 -k "$in/p256.pem" pub.pem
    openssl ec -in "$in/p256.pem" -pubout -out want.pem
    cmp pub.pem want.pem
}

@test "the secure boot key is that of the reference tool, mode 0600" {
    prints "SHA-256 digest of private key \"$in/p256.pem\" written to \"d\"." \
        "$espsecure" digest_private_key --keyfile "$in/p256.pem" d
    prints "SHA-256 digest of private key \"$in/p256.pem\" (truncated to 192 bits) written to \"d192\"." \
        "$espsecure" digest-private-key -k "$in/p256.pem" --keylen 192 d192
    openssl ec -in "$in/p256.pem" -noout -text 2>/dev/null |
        sed -n '/^priv:/,/^pub:/{/:$/!p;/^ /p}' | tr -dc '0-9a-f' |
        head -c 64 | unhex | sha256sum | cut -c1-64 >want
    [ "$(hex d)" = "$(cat want)" ]
    [ "$(hex d192)" = "$(cut -c1-48 want)" ]
    [ "$(mode d)" = 600 ]
    # Making it again is no loss.
    "$espsecure" digest_private_key --keyfile "$in/p256.pem" d
}

@test "PKCS#8 and openssl's own key files serve as well" {
    openssl pkcs8 -topk8 -nocrypt -in "$in/p256.pem" -out p8.pem
    "$espsecure" extract_public_key -k p8.pem a
    cmp a "$vectors/sign/p256.pub.bin"
    openssl ecparam -name prime256v1 -genkey -out o.pem # with EC PARAMETERS
    "$espsecure" extract_public_key -k o.pem b
    [ "$(stat -c %s b)" = 64 ]
}

@test "keys come from standard input and from descriptors" {
    "$espsecure" extract_public_key -k - a <"$in/p256.pem"
    cmp a "$vectors/sign/p256.pub.bin"
    "$espsecure" extract_public_key --key-fd 7 b 7<"$in/p256.pem"
    cmp b "$vectors/sign/p256.pub.bin"
    "$espsecure" sign-data --key-fd 3 -o c "$in/data100.bin" 3<"$in/p256.pem"
    tail -c 68 c | cmp - "$vectors/sign/data100.v1.sig"
    "$espsecure" encrypt-flash-data --key-fd 3 -a 0x1000 -o d \
        "$in/data64k.bin" 3<"$in/fe256.key"
    head -c 1024 d | cmp - "$vectors/encrypt/k256_a0x1000_c0xF.first1k"
    refuses "espsecure: standard input: can be read only once" \
        "$espsecure" sign-data -k - -o e - <"$in/p256.pem"
    refuses "espsecure: file descriptor 9: cannot be read: Bad file descriptor" \
        "$espsecure" extract_public_key --key-fd 9 f 9<&-
    refuses "espsecure: extract-public-key: --keyfile and --key-fd exclude each other
Try 'espsecure extract-public-key --help'." \
        "$espsecure" extract_public_key -k "$in/p256.pem" --key-fd 7 f
}

@test "wrong kinds of signing keys are refused by name" {
    local what
    openssl genpkey -algorithm ED25519 -out ed.pem
    openssl genrsa -traditional -out rsa2048.pem 2048
    openssl ecparam -name secp256k1 -genkey -noout -out k1.pem
    openssl ec -in "$in/p256.pem" -pubout -out pub.pem
    openssl ec -in "$in/p256.pem" -aes128 -passout pass:x -out enc.pem
    sed 's/M/N/' "$in/p256.pem" >broken.pem
    head -n 3 "$in/p256.pem" >cut.pem
    : >empty
    what="Secure Boot V1 needs ECDSA on NIST P-256 (OpenSSL: prime256v1)"
    for command in "sign_data -o out -k KEY $in/data100.bin" \
        "extract_public_key -k KEY out" "digest_private_key -k KEY out"; do
        t() { refuses "espsecure: $1: $2" "$espsecure" ${command/KEY/$1}; }
        t ed.pem "is an ED25519 key of 256 bits; $what"
        t rsa2048.pem "is an RSA key of 2048 bits; $what"
        t k1.pem "is an EC key on secp256k1; $what"
        t pub.pem "is a public key; the private signing key is needed"
        t "$vectors/sign/p256.pub.bin" \
            "is a public key; the private signing key is needed"
        t enc.pem "is encrypted by a passphrase (decrypt it with \`openssl pkey\`)"
        t broken.pem "is damaged: no key can be read from it"
        t cut.pem "is damaged: no key can be read from it"
        t empty "is not a key in PEM form"
        t "$in/sb256.key" \
            "is 32 bytes of raw key; a signing key in PEM form is needed"
        t nowhere "cannot be read: No such file or directory"
        t . "cannot be read: Is a directory"
    done
    what="Secure Boot V2 needs RSA-3072 or ECDSA on NIST P-192, P-256 or P-384"
    refuses "espsecure: rsa2048.pem: is an RSA key of 2048 bits; $what" \
        "$espsecure" sign_data --version 2 -o out -k rsa2048.pem "$in/data100.bin"
}

# --- V1 signatures

@test "V1 signatures are those of the reference tool" {
    for f in data100 data64k; do
        "$espsecure" sign_data --keyfile "$in/p256.pem" -o out "$in/$f.bin"
        cat "$in/$f.bin" "$vectors/sign/$f.v1.sig" | cmp - out
        "$espsecure" sign-data --version 1 --keyfile "$in/p256.pem" \
            --output out "$in/$f.bin"
        cat "$in/$f.bin" "$vectors/sign/$f.v1.sig" | cmp - out
    done
}

@test "sign-data signs in place and keeps the file's mode" {
    cp "$in/data100.bin" f
    chmod 640 f
    prints 'Signed 100 bytes of data from "f".' \
        "$espsecure" sign_data --keyfile "$in/p256.pem" f
    cat "$in/data100.bin" "$vectors/sign/data100.v1.sig" | cmp - f
    [ "$(mode f)" = 640 ]
    cp "$in/data100.bin" g
    "$espsecure" sign_data --keyfile "$in/p256.pem" --output g g
    cmp f g
}

@test "--keyfile does not swallow the data file" {
    cp "$in/data100.bin" f
    "$espsecure" sign-data --version 1 --keyfile "$in/p256.pem" f
    tail -c 68 f | cmp - "$vectors/sign/data100.v1.sig"
}

@test "an empty file can be signed" {
    : >f
    "$espsecure" sign_data --keyfile "$in/p256.pem" f
    prints $'Verifying 0 bytes of data...\nSignature is valid.' \
        "$espsecure" verify_signature --keyfile "$in/p256.pem" f
}

@test "signing twice with a key is told" {
    cp "$in/data100.bin" f
    "$espsecure" sign_data -k "$in/p256.pem" f
    run --separate-stderr "$espsecure" sign_data -k "$in/p256.pem" f
    [ "$status" -eq 0 ]
    [ "$stderr" = "espsecure: warning: f: ends with a valid signature of this key already, signed once more" ]
}

@test "signatures verify under every form of the key" {
    cat "$in/data64k.bin" "$vectors/sign/data64k.v1.sig" >f
    openssl ec -in "$in/p256.pem" -pubout -out pub.pem
    for key in "$in/p256.pem" pub.pem "$vectors/sign/p256.pub.bin"; do
        prints $'Verifying 65536 bytes of data...\nSignature is valid.' \
            "$espsecure" verify_signature --version 1 --keyfile "$key" f
    done
}

@test "forgeries do not verify" {
    no() { refuses "espsecure: f: $1" "$espsecure" verify-signature -k "${2:-$in/p256.pem}" f; }
    cat "$in/data100.bin" "$vectors/sign/data100.v1.sig" >good
    "$espsecure" generate-signing-key other.pem
    cp good f
    no "Signature is not valid." other.pem
    for at in 0 99 104 136 167; do # data, ends of r and of s
        cp good f
        printf '\x5a' | dd of=f bs=1 seek=$at conv=notrunc status=none
        no "Signature is not valid."
    done
    tail -c +2 good >f
    no "Signature is not valid."
    printf '\x01' | cat "$in/data100.bin" - <(tail -c 67 "$vectors/sign/data100.v1.sig") >f
    no "Signature block has version 1, only version 0 is known (is the file signed at all?)"
    head -c 67 good >f
    no "is too short: 67 bytes, the signature block alone has 68"
    : >f
    no "is too short: 0 bytes, the signature block alone has 68"
    cp good f
    head -c 64 /dev/zero >zeros
    refuses "espsecure: zeros: has 64 bytes, but they are no P-256 public key" \
        "$espsecure" verify-signature -k zeros f
}

@test "a signature made elsewhere is attached when it fits" {
    tail -c 64 "$vectors/sign/data100.v1.sig" >rs
    openssl ec -in "$in/p256.pem" -pubout -out pub.pem
    "$espsecure" sign_data --signature rs --pub-key pub.pem -o f "$in/data100.bin"
    cat "$in/data100.bin" "$vectors/sign/data100.v1.sig" | cmp - f
    refuses "espsecure: $in/data64k.bin: Signature is not valid: it does not belong to this data and key" \
        "$espsecure" sign_data --signature rs --pub-key pub.pem -o g "$in/data64k.bin"
    refuses "espsecure: pub.pem: is not a signature of 64 bytes, r and s" \
        "$espsecure" sign_data --signature pub.pem --pub-key pub.pem -o g "$in/data100.bin"
}

@test "sign-data never overwrites a key or signature" {
    cp "$in/p256.pem" k.pem
    ln k.pem hard.pem
    refuses "espsecure: k.pem: is an input file and will not be overwritten" \
        "$espsecure" sign_data --keyfile k.pem --output k.pem "$in/data100.bin"
    refuses "espsecure: hard.pem: is an input file and will not be overwritten" \
        "$espsecure" sign_data --keyfile k.pem --output hard.pem "$in/data100.bin"
    refuses "espsecure: k.pem: is an input file and will not be overwritten" \
        "$espsecure" sign_data --keyfile k.pem k.pem
    refuses "espsecure: sign-data: --keyfile is missing
Try 'espsecure sign-data --help'." "$espsecure" sign_data --version 1 k.pem
    refuses "espsecure: sign-data: Secure Boot V1 supports only one signing key
Try 'espsecure sign-data --help'." \
        "$espsecure" sign_data -k k.pem hard.pem -o x "$in/data100.bin"
}

# --- V2 signatures

@test "V2 sectors of the reference tool verify" {
    for s in rsa3072 ecdsa192 ecdsa256 ecdsa384; do
        { cat "$in/data100.bin"; bytes 3996 255; cat "$vectors/sign/data100.$s.v2.sig"; } >f
        run "$espsecure" signature_info_v2 f
        [ "$status" -eq 0 ]
        [ "$(echo "${lines[1]}" | sed 's/.*: //' | tr -d ' ')" = "$(hex "$vectors/sign/$s.v2.digest")" ]
        [ "${lines[2]}" = "Signature block 1 absent/invalid. Skipping checking next blocks..." ]
    done
}

@test "V2 signatures of each scheme: sign, verify, append, forge" {
    local s name
    for s in rsa3072 ecdsa192 ecdsa256 ecdsa384; do
        name=ECDSA
        [ $s != rsa3072 ] || name=RSA
        rm -f k.pem pub.pem
        "$espsecure" generate_signing_key -v 2 -s $s k.pem
        "$espsecure" extract_public_key -v 2 -k k.pem pub.pem
        prints "Padding data contents by 3996 bytes so signature sector aligns at sector boundary.
1 signing key(s) found.
Signed 4096 bytes of data from \"$in/data100.bin\". Signature sector now has 1 signature blocks." \
            "$espsecure" sign_data --version 2 --keyfile k.pem -o f "$in/data100.bin"
        [ "$(stat -c %s f)" = 8192 ]
        prints "Signature block 0 is valid ($name).
Signature block 0 verification successful using the supplied key ($name).
Signature block 1 invalid. Skipping.
Signature block 2 invalid. Skipping." \
            "$espsecure" verify_signature --version 2 --keyfile pub.pem f
        # Checked by openssl: the signature in the block, over the data.
        "$espsecure" digest_sbv2_public_key --keyfile pub.pem --output d
        [ "$("$espsecure" signature_info_v2 f | sed -n 's/^Public.*0: //p' | tr -d ' ')" = "$(hex d)" ]
        # A second key.
        rm -f k2.pem
        "$espsecure" generate_signing_key -v 2 -s $s k2.pem
        refuses "espsecure: f: Checked all blocks. Signature could not be verified with the provided key." \
            "$espsecure" verify_signature --version 2 --keyfile k2.pem f
        "$espsecure" sign_data --version 2 -k k2.pem --append_signatures -o g f
        "$espsecure" verify_signature --version 2 --keyfile k2.pem g
        "$espsecure" verify_signature --version 2 --keyfile k.pem g
        cmp -n $((4096 + 1216)) f g
        # One bit.
        printf '\x00' | dd of=f bs=1 seek=50 conv=notrunc status=none
        refuses "espsecure: f: Signature block 0 image digest does not match the actual image digest." \
            "$espsecure" verify_signature --version 2 --keyfile pub.pem f
    done
}

@test "an RSA block is what openssl verifies" {
    "$espsecure" generate_signing_key -v 2 k.pem
    "$espsecure" sign_data --version 2 --keyfile k.pem -o f "$in/data64k.bin"
    head -c 65536 f | openssl dgst -sha256 -binary >digest
    dd if=f bs=1 skip=$((65536 + 812)) count=384 status=none | reversed >sig
    openssl pkeyutl -verify -inkey k.pem -in digest -sigfile sig \
        -pkeyopt digest:sha256 -pkeyopt rsa_padding_mode:pss \
        -pkeyopt rsa_pss_saltlen:32
    dd if=f bs=1 skip=$((65536 + 4)) count=32 status=none | cmp - digest
}

@test "V2: signatures made elsewhere, three keys, no more" {
    openssl genrsa -out k.pem 3072
    openssl rsa -in k.pem -pubout -out pub.pem
    { cat "$in/data100.bin"; bytes 3996 255; } >padded
    openssl dgst -sha256 -sign k.pem -sigopt rsa_padding_mode:pss \
        -sigopt rsa_pss_saltlen:32 -out sig padded
    prints 'Pre-calculated signatures found...
1 signing key(s) found.
Signed 4096 bytes of data from "padded". Signature sector now has 1 signature blocks.' \
        "$espsecure" sign_data --version 2 --signature sig --pub-key pub.pem -o f padded
    "$espsecure" verify_signature --version 2 -k pub.pem f
    refuses "espsecure: $in/data100.bin: is not padded to a multiple of 4096 bytes: no signature made of it can fit" \
        "$espsecure" sign_data --version 2 --signature sig --pub-key pub.pem -o g "$in/data100.bin"
    printf '\x00' | dd of=sig bs=1 seek=50 conv=notrunc status=none
    refuses "espsecure: sig: Signature is not valid: it was not made of this data with the given public key" \
        "$espsecure" sign_data --version 2 --signature sig --pub-key pub.pem -o g padded
    "$espsecure" sign_data --version 2 -k k.pem k.pem k.pem -o three padded
    refuses "espsecure: three: has all 3 signature blocks already" \
        "$espsecure" sign_data --version 2 -a -k k.pem -o g three
    refuses "espsecure: padded: Number of keys (4) more than the empty signature blocks (3)" \
        "$espsecure" sign_data --version 2 -k k.pem k.pem k.pem k.pem -o g padded
    refuses "espsecure: $in/data100.bin: is too short: 100 bytes, the signature sector alone has 4096" \
        "$espsecure" signature_info_v2 "$in/data100.bin"
    { cat three; echo; } >odd
    refuses "espsecure: odd: has 8193 bytes; a signed file is a multiple of 4096" \
        "$espsecure" verify_signature --version 2 -k k.pem odd
}

@test "V2 without padding" {
    "$espsecure" generate_signing_key -v 2 -s ecdsa256 k.pem
    "$espsecure" sign_data --version 2 -k k.pem --skip-padding -o f "$in/data100.bin"
    [ "$(stat -c %s f)" = 4196 ]
    "$espsecure" verify_signature --version 2 -k k.pem --skip-padding f
    refuses "espsecure: f: has 4196 bytes; a signed file is a multiple of 4096" \
        "$espsecure" verify_signature --version 2 -k k.pem f
}

# --- bootloader digest

@test "bootloader digests are those of the reference tool" {
    for k in 256 192; do
        "$espsecure" digest_secure_bootloader --keyfile "$in/sb$k.key" \
            --iv "$in/iv.bin" -o out "$vectors/image/small.plain.bin"
        cmp out "$vectors/digest/small.plain.sb$k.bin"
    done
    "$espsecure" digest-secure-bootloader -k "$in/sb256.key" \
        --iv "$in/iv.bin" -o out "$vectors/image/small.nohash.bin"
    cmp out "$vectors/digest/small.nohash.sb256.bin"
}

@test "the digest's default name, a random IV, and the texts" {
    cp "$vectors/image/small.plain.bin" boot.loader.bin
    prints $'Using 256-bit key.\nDigest + image written to "boot.loader-digest-0x0000.bin"' \
        "$espsecure" digest_secure_bootloader -k "$in/sb256.key" boot.loader.bin
    mv boot.loader-digest-0x0000.bin one
    "$espsecure" digest_secure_bootloader -k "$in/sb256.key" boot.loader.bin
    run ! cmp -s -n 128 one boot.loader-digest-0x0000.bin
    cmp -i 192 one boot.loader-digest-0x0000.bin
    prints $'Using 192-bit key (extended).\nDigest + image written to "out"' \
        "$espsecure" digest_secure_bootloader -k "$in/sb192.key" -o out boot.loader.bin
    # The IV in the file gives the digest in the file.
    head -c 128 one >iv
    "$espsecure" digest_secure_bootloader -k "$in/sb256.key" --iv iv -o two boot.loader.bin
    cmp one two
}

@test "a short IV is taken as the reference tool does, with a warning" {
    head -c 32 "$in/iv.bin" >iv
    run --separate-stderr "$espsecure" digest_secure_bootloader \
        -k "$in/sb256.key" --iv iv -o out "$vectors/image/small.plain.bin"
    [ "$status" -eq 0 ]
    [[ $stderr == *"iv: has only 32 of 128 bytes: no chip will accept the result" ]]
    head -c 32 out | cmp - iv
    dd if=out bs=1 skip=96 count=16 status=none | cmp - <(bytes 16 255)
}

@test "what is no secure boot key is refused with its reason" {
    local image=$vectors/image/small.plain.bin
    no() { refuses "espsecure: $1: $2" "$espsecure" digest_secure_bootloader -k "$1" -o out "$image"; }
    no "$vectors/sign/p256.pub.bin" "has 64 bytes: that is a public key as extract_public_key writes it. The secure boot key is secret, 32 or 24 bytes, made by digest_private_key"
    no "$in/p256.pem" "is a signing key in PEM form. The secure boot key is 32 or 24 raw bytes, made from it by digest_private_key"
    head -c 31 "$in/sb256.key" >short
    no short "Key file contains wrong length (31 bytes), 24 or 32 expected"
    : >empty
    no empty "Key file contains wrong length (0 bytes), 24 or 32 expected"
}

@test "what is no bootloader image is refused" {
    no() { refuses "espsecure: f: $1" "$espsecure" digest_secure_bootloader -k "$in/sb256.key" -o out f; }
    cp "$in/data100.bin" f
    no "is not a bootloader image: wrong magic number (at 0x0)"
    head -c 60000 "$vectors/image/small.plain.bin" >f
    run "$espsecure" digest_secure_bootloader -k "$in/sb256.key" -o out f
    [ "$status" -eq 2 ]
    [[ $output == "espsecure: f: is not a bootloader image: ends too early (at 0x"* ]]
    : >f
    run "$espsecure" digest_secure_bootloader -k "$in/sb256.key" -o out f
    [ "$status" -eq 2 ]
    { cat "$vectors/image/small.plain.bin"; bytes 500 0; } >f
    no "has 500 bytes after the image: the chip does not hash them, the digest would never match"
    cp "$vectors/image/small.plain.bin" f
    refuses "espsecure: f: is an input file and will not be overwritten" \
        "$espsecure" digest_secure_bootloader -k "$in/sb256.key" -o f f
}

# --- flash encryption

@test "encrypted files are those of the reference tool, and decrypt" {
    local sum name bits address config
    for sum in "$vectors"/encrypt/k*.sha256; do
        name=$(basename "$sum" .sha256)
        bits=${name#k} bits=${bits%%_*}
        address=${name#*_a} address=${address%_*}
        config=${name#*_c}
        "$espsecure" encrypt_flash_data --keyfile "$in/fe$bits.key" \
            --address "$address" --flash_crypt_conf "$config" \
            --output out "$in/data64k.bin"
        [ "$(sha256sum <out | cut -c1-64)" = "$(cat "$sum")" ]
        "$espsecure" decrypt-flash-data -k "$in/fe$bits.key" -a "$address" \
            --flash-crypt-conf "$config" -o back out
        cmp back "$in/data64k.bin"
    done
}

@test "encryption tells the key's length and its padding" {
    prints $'Using 256-bit key.\nNote: Padding with 12 bytes of random data (encrypted data must be multiple of 16 bytes long).' \
        "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o a "$in/data100.bin"
    prints $'Using 192-bit key (extended).' \
        "$espsecure" encrypt_flash_data -k "$in/fe192.key" -a 0 -o b "$in/data64k.bin"
    [ "$(stat -c %s a)" = 112 ]
    "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o c "$in/data100.bin"
    run ! cmp -s a c
    cmp -n 96 a c
}

@test "the tail's padding is reproducible on request" {
    "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 --pad ff -o a "$in/data100.bin"
    { cat "$in/data100.bin"; bytes 12 255; } >padded
    "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o b padded
    cmp a b
    "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 --pad zero -o a "$in/data100.bin"
    { cat "$in/data100.bin"; bytes 12 0; } >padded
    "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o b padded
    cmp a b
}

@test "zero configuration is warned of" {
    run --separate-stderr "$espsecure" encrypt_flash_data \
        -k "$in/fe256.key" -a 0 --flash_crypt_conf 0 -o out "$in/data64k.bin"
    [ "$status" -eq 0 ]
    [ "$stderr" = "espsecure: warning: Setting FLASH_CRYPT_CONF to zero is not recommended: all rows share one key" ]
}

@test "an empty file encrypts to an empty file" {
    : >f
    "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o out f
    [ -f out ]
    [ ! -s out ]
}

@test "bad keys, addresses and lengths are refused" {
    no() { local want=$1; shift; refuses "espsecure: $want" "$espsecure" encrypt_flash_data -o out "$@"; }
    local key=$in/fe256.key data=$in/data64k.bin
    no "--address: 0x1001 is not a multiple of 16" -k "$key" -a 0x1001 "$data"
    no "$data: 65536 bytes at 0xff1000 reach beyond 16 MiB, where the ESP32's key tweak is not defined" \
        -k "$key" -a 0xFF1000 "$data"
    no "$data: 65536 bytes at 0x1000000 reach beyond 16 MiB, where the ESP32's key tweak is not defined" \
        -k "$key" -a 0x1000000 "$data"
    no "--flash-crypt-conf: 0x10 has more than 4 bits" -k "$key" -a 0 --flash_crypt_conf 0x10 "$data"
    head -c 16 "$key" >k16
    cat "$key" "$key" >k64
    no "k16: ESP32 supports only 192 and 256-bit keys, this has 128 bits (--aes-xts is for other chips)" -k k16 -a 0 "$data"
    no "k64: ESP32 supports only 192 and 256-bit keys, this has 512 bits (--aes-xts is for other chips)" -k k64 -a 0 "$data"
    head -c 33 k64 >k33
    no "k33: Key file contains wrong length (33 bytes), 24 or 32 expected" -k k33 -a 0 "$data"
    no "$in/p256.pem: is a key in PEM form; a flash encryption key is 32 or 24 raw bytes" -k "$in/p256.pem" -a 0 "$data"
    no "nokey: cannot be read: No such file or directory" -k nokey -a 0 "$data"
    no "nodata: cannot be read: No such file or directory" -k "$key" -a 0 nodata
    refuses "espsecure: $in/data100.bin: Data length (100) is not a multiple of 16 bytes." \
        "$espsecure" decrypt_flash_data -k "$key" -a 0 -o out "$in/data100.bin"
    cp "$key" k
    refuses "espsecure: k: is an input file and will not be overwritten" \
        "$espsecure" encrypt_flash_data -k k -a 0 -o k "$data"
    refuses "espsecure: encrypt-flash-data: --address is missing
Try 'espsecure encrypt-flash-data --help'." \
        "$espsecure" encrypt_flash_data -k "$key" -o out "$data"
    refuses "espsecure: encrypt-flash-data: -a: '4k' is not a number
Try 'espsecure encrypt-flash-data --help'." \
        "$espsecure" encrypt_flash_data -k "$key" -o out -a 4k "$data"
}

@test "AES-XTS files are those of the reference tool" {
    cat "$in/fe256.key" "$in/sb256.key" >k512
    head -c 16 "$in/sb256.key" >k128
    for c in 256:0x1010:"$in/fe256.key" 512:0x10000:k512 128:0x0:k128; do
        IFS=: read -r bits address key <<<"$c"
        "$espsecure" encrypt_flash_data --aes_xts -k "$key" -a "$address" \
            -o out "$in/data64k.bin"
        [ "$(sha256sum <out | cut -c1-64)" = "$(cat "$vectors/encrypt/xts${bits}_a$address.sha256")" ]
    done
}

@test "AES-XTS turns back what it made; parts equal the whole" {
    cat "$in/fe256.key" "$in/sb256.key" >k64
    head -c 16 "$in/sb256.key" >k16
    for k in "$in/fe256.key" k64 k16; do
        "$espsecure" encrypt_flash_data -x -k "$k" -a 0x1000 -o whole "$in/data64k.bin"
        "$espsecure" decrypt_flash_data -x -k "$k" -a 0x1000 -o back whole
        cmp back "$in/data64k.bin"
        tail -c +$((0x30 + 1)) "$in/data64k.bin" >rest
        "$espsecure" encrypt_flash_data -x -k "$k" -a 0x1030 -o part rest
        tail -c +$((0x30 + 1)) whole | cmp - part
    done
    refuses "espsecure: $in/data100.bin: Data length (100) is not a multiple of 16 bytes." \
        "$espsecure" encrypt_flash_data -x -k k64 -a 0 -o out "$in/data100.bin"
    cat "$in/fe192.key" >k24
    refuses "espsecure: k24: Key file contains wrong length (24 bytes), AES-XTS expects 16, 32 or 64" \
        "$espsecure" encrypt_flash_data -x -k k24 -a 0 -o out "$in/data64k.bin"
}

# --- output that fails

@test "a full disk leaves no file and keeps the old one" {
    cp "$in/data64k.bin" f
    trap '' XFSZ
    (
        ulimit -f 16
        refuses "espsecure: f: cannot be written: File too large" \
            "$espsecure" sign_data -k "$in/p256.pem" f
        refuses "espsecure: new: cannot be written: File too large" \
            "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o new f
    )
    run --separate-stderr "$espsecure" encrypt_flash_data -k "$in/fe256.key" -a 0 -o /dev/full f
    [ "$status" -eq 2 ]
    [ "$stderr" = "espsecure: /dev/full: cannot be written: No space left on device" ]
}

@test "a folder that cannot be written to is named" {
    refuses "espsecure: no/such/f: cannot be written: No such file or directory" \
        "$espsecure" generate_signing_key no/such/f
    refuses "espsecure: .: already exists; a key is never overwritten" \
        "$espsecure" generate_flash_encryption_key .
    [ "$(id -u)" != 0 ] || skip "root may write everywhere"
    mkdir ro
    chmod 500 ro
    refuses "espsecure: ro/f: cannot be written: Permission denied" \
        "$espsecure" generate_flash_encryption_key ro/f
}

@test "a closed standard output is a failure" {
    run --separate-stderr bash -c "'$espsecure' --help >/dev/full"
    [ "$status" -eq 2 ]
    [ "$stderr" = "espsecure: standard output: No space left on device" ]
}

# --- the command line

@test "no command and --help print help and exit 0" {
    run --separate-stderr "$espsecure"
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [ "$output" = "$("$espsecure" --help)" ]
    for c in $("$espsecure" --help | sed -n 's/^  \([a-z][a-z0-9-]*\) .*/\1/p'); do
        run --separate-stderr "$espsecure" "$c" --help
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ $output == "Usage: espsecure $c [OPTIONS]"* ]]
        [ "$output" = "$("$espsecure" "${c//-/_}" -h)" ]
    done
}

@test "bash completes commands, options and choices" {
    "$espsecure" --bash-completion >c.bash
    complete_words() {
        bash -c '. ./c.bash
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _fusebox_espsecure
            echo "${COMPREPLY[*]}"' bash "$@"
    }
    [ "$(complete_words espsecure generate)" = "generate-signing-key generate-flash-encryption-key" ]
    [ "$(complete_words espsecure digest_private_key --ke)" = "--keyfile --key-fd --keylen" ]
    [ "$(complete_words espsecure generate-signing-key --scheme ecdsa1)" = "ecdsa192" ]
    [ -z "$(complete_words espsecure sign-data f)" ]
}
