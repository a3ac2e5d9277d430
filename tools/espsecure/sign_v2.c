// SPDX-License-Identifier: Apache-2.0
//
// Secure Boot V2: the data padded to 4096 bytes, then a sector of signatures.

#include "tools/espsecure/sign.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "host/key_v2.h"
#include "lib/fb/bytes.h"
#include "lib/fb/signature_v2.h"

#define SECTOR FB_SIGNATURE_V2_SECTOR
#define BLOCK  FB_SIGNATURE_V2_BLOCK
#define BLOCKS FB_SIGNATURE_V2_BLOCKS

static const char *scheme_name(enum fb_signature_v2_kind kind)
{
    return kind == FB_SIGNATURE_V2_RSA3072 ? "RSA" : "ECDSA";
}

// The digests that blocks of either kind hold, over the same data.
struct digests {
    uint8_t sha256[32];
    uint8_t sha384[48];
};

static void digest_data(const uint8_t *data, size_t n, struct digests *d)
{
    EVP_Digest(data, n, d->sha256, NULL, EVP_sha256(), NULL);
    EVP_Digest(data, n, d->sha384, NULL, EVP_sha384(), NULL);
}

static const uint8_t *digest_for(const struct digests *d,
                                 enum fb_signature_v2_kind kind)
{
    return kind == FB_SIGNATURE_V2_P384 ? d->sha384 : d->sha256;
}

// Valid blocks at the start of a sector.
static unsigned count_blocks(const uint8_t *sector)
{
    struct fb_signature_v2 s;
    unsigned n = 0;

    while (n < BLOCKS &&
           fb_signature_v2_parse(sector + n * BLOCK, &s, NULL) == FB_OK) {
        cli_print("Signature block %u is valid (%s).\n", n,
                  scheme_name(s.kind));
        n++;
    }
    return n;
}

// A signed file being made: contents, a sector, and how full the sector is.
struct job {
    const struct cli *cli;
    const char *path;
    const char *output;
    uint8_t *out;
    size_t size; // of the contents
    unsigned blocks;
    struct digests digests;
};

static int encode_block(struct job *job, const struct host_key *key,
                        const uint8_t sig[HOST_KEY_SIG_MAX])
{
    struct fb_signature_v2 s = {0};
    uint8_t *block = job->out + job->size + (size_t)job->blocks * BLOCK;
    bool ok = host_key_v2_fill(key, &s);

    memcpy(s.digest, digest_for(&job->digests, s.kind),
           fb_signature_v2_digest_len(s.kind));
    memcpy(s.sig, sig, fb_signature_v2_number_len(s.kind));
    if (!ok || fb_signature_v2_encode(&s, block) != FB_OK) {
        return cli_error(job->path, "cannot be signed by %s",
                         host_key_describe(key));
    }
    job->blocks++;
    return CLI_OK;
}

static int add_own(struct job *job, unsigned n)
{
    uint8_t sig[HOST_KEY_SIG_MAX];
    struct host_key *key = NULL;
    const char *name = NULL;
    int status = CLI_FAILURE;

    if (secure_load_key(job->cli, cli_value(job->cli, "keyfile", n), SECURE_V2,
                        true, &key, &name) != CLI_OK) {
        return CLI_FAILURE;
    }
    enum fb_signature_v2_kind kind = host_key_v2_kind(key);
    if (host_key_sign(key, digest_for(&job->digests, kind), sig)) {
        status = encode_block(job, key, sig);
    } else {
        cli_error(name, "cannot sign");
    }
    host_key_free(key);
    return status;
}

static bool take_signature(const struct host_key *key,
                           const struct host_file *file,
                           uint8_t sig[HOST_KEY_SIG_MAX])
{
    if (host_key_kind(key) != HOST_KEY_RSA3072) {
        return host_key_sig_from_der(host_key_kind(key), file->data, file->size,
                                     sig);
    }
    if (file->size != HOST_KEY_SIG_MAX) {
        return false;
    }
    memcpy(sig, file->data, HOST_KEY_SIG_MAX);
    return true;
}

static int add_given_by(struct job *job, const struct host_key *key,
                        const char *sig_path)
{
    enum fb_signature_v2_kind kind = host_key_v2_kind(key);
    uint8_t sig[HOST_KEY_SIG_MAX];
    struct host_file file;

    if (secure_read(sig_path, &file) != CLI_OK) {
        return CLI_FAILURE;
    }
    bool ok = take_signature(key, &file, sig);
    host_file_free(&file);
    if (!ok) {
        return cli_error(sig_path, "is not a signature by %s",
                         host_key_describe(key));
    }
    if (!host_key_verify(key, digest_for(&job->digests, kind), sig)) {
        return cli_error(sig_path, "Signature is not valid: it was not made "
                                   "of this data with the given public key");
    }
    return encode_block(job, key, sig);
}

static int add_given(struct job *job, unsigned n)
{
    const char *key_path = cli_value(job->cli, "pub-key", n);
    struct host_file bytes = {0};
    struct host_key *key;

    if (secure_read_key_file(key_path, &bytes) != CLI_OK ||
        secure_parse_key(&bytes, key_path, SECURE_V2, false, &key) != CLI_OK) {
        return CLI_FAILURE;
    }
    int status = add_given_by(job, key, cli_value(job->cli, "signature", n));
    host_key_free(key);
    return status;
}

static int add_blocks(struct job *job)
{
    const struct cli *cli = job->cli;
    bool given = cli_values(cli, "signature") > 0;
    unsigned count = cli_values(cli, "keyfile");
    int status = CLI_OK;

    if (given) {
        count = cli_values(cli, "pub-key");
        secure_say(job->output, "Pre-calculated signatures found...\n");
        if (count != cli_values(cli, "signature")) {
            return cli_usage(cli,
                             "Number of public keys (%u) not equal to the "
                             "number of signatures (%u)",
                             count, cli_values(cli, "signature"));
        }
    } else if (cli_given(cli, "key-fd") || cli_flag(cli, "hsm")) {
        count = 1;
    } else if (count == 0) {
        return cli_usage(cli, "--keyfile is missing");
    }
    if (count > BLOCKS - job->blocks) {
        return cli_error(job->path,
                         "Number of keys (%u) more than the empty signature "
                         "blocks (%u)",
                         count, BLOCKS - job->blocks);
    }
    secure_say(job->output, "%u signing key(s) found.\n", count);
    digest_data(job->out, job->size, &job->digests);
    for (unsigned n = 0; n < count && status == CLI_OK; n++) {
        status = given ? add_given(job, n) : add_own(job, n);
    }
    return status;
}

// How much of the data is contents, how much padding follows, and how many
// blocks of an earlier signature stay.
static int plan(struct job *job, const struct host_file *data, size_t *padding)
{
    const struct cli *cli = job->cli;
    size_t rest = data->size % SECTOR;

    job->size = data->size;
    *padding = 0;
    if (rest != 0 && cli_values(cli, "signature") > 0) {
        return cli_error(job->path, "is not padded to a multiple of 4096 "
                                    "bytes: no signature made of it can fit");
    }
    if (rest != 0 && cli_flag(cli, "skip-padding")) {
        secure_say(job->output, "Skipping sector padding. Data contents are "
                                "not sector aligned.\n");
    } else if (rest != 0) {
        *padding = SECTOR - rest;
        secure_say(job->output,
                   "Padding data contents by %zu bytes so signature sector "
                   "aligns at sector boundary.\n",
                   *padding);
    } else if (cli_flag(cli, "append-signatures") && data->size >= SECTOR) {
        job->blocks = count_blocks(data->data + data->size - SECTOR);
        if (job->blocks == BLOCKS) {
            return cli_error(job->path, "has all 3 signature blocks already");
        }
        if (job->blocks == 0) {
            secure_say(job->output, "No valid signature blocks found. "
                                    "Discarding --append-signatures and "
                                    "signing afresh.\n");
            return CLI_OK;
        }
        job->size -= SECTOR;
        secure_say(job->output,
                   "%u valid signature block(s) already present in the "
                   "signature sector.\n",
                   job->blocks);
    }
    return CLI_OK;
}

// job->out holds `total` bytes: fill and write them.
static int fill(struct job *job, const struct host_file *data, size_t padding,
                size_t total)
{
    memset(job->out + job->size, 0xFF, padding + SECTOR);
    if (job->size > 0) {
        memcpy(job->out, data->data, job->size);
    }
    if (job->blocks > 0) {
        memcpy(job->out + job->size, data->data + job->size,
               (size_t)job->blocks * BLOCK);
    }
    job->size += padding;
    if (add_blocks(job) != CLI_OK) {
        return CLI_FAILURE;
    }
    return secure_write(job->output, job->out, total);
}

static int sign_data(struct job *job, const struct host_file *data)
{
    size_t padding;

    if (plan(job, data, &padding) != CLI_OK) {
        return CLI_FAILURE;
    }
    size_t total = job->size + padding + SECTOR;
    uint8_t *out = malloc(total);
    if (out == NULL) {
        return cli_error(NULL, "out of memory");
    }
    job->out = out;
    int status = fill(job, data, padding, total);
    free(out);
    return status;
}

int sign_v2(const struct cli *cli)
{
    struct job job = {.cli = cli,
                      .path = cli_arg(cli, 0),
                      .output = cli_string(cli, "output")};
    struct host_file data;

    if (secure_read(job.path, &data) != CLI_OK) {
        return CLI_FAILURE;
    }
    job.output = job.output != NULL ? job.output : job.path;
    int status = sign_data(&job, &data);
    if (status == CLI_OK) {
        secure_say(job.output,
                   "Signed %zu bytes of data from \"%s\". Signature sector "
                   "now has %u signature blocks.\n",
                   job.size, job.path, job.blocks);
    }
    host_file_free(&data);
    return status;
}

static int split(const char *path, const struct host_file *data, bool unaligned,
                 size_t *contents)
{
    if (data->size < SECTOR) {
        return cli_error(path,
                         "is too short: %zu bytes, the signature sector "
                         "alone has 4096",
                         data->size);
    }
    if (data->size % SECTOR != 0 && !unaligned) {
        return cli_error(path,
                         "has %zu bytes; a signed file is a multiple of 4096",
                         data->size);
    }
    *contents = data->size - SECTOR;
    return CLI_OK;
}

static bool same_digest(const struct fb_signature_v2 *s,
                        const struct digests *digests)
{
    return memcmp(s->digest, digest_for(digests, s->kind),
                  fb_signature_v2_digest_len(s->kind)) == 0;
}

static bool verify_block(const struct host_key *key,
                         const struct fb_signature_v2 *s)
{
    return host_key_v2_kind(key) == s->kind &&
           host_key_verify(key, s->digest, s->sig);
}

int verify_v2(const struct host_key *key, const char *path,
              const struct host_file *data, bool unaligned)
{
    struct fb_signature_v2 s;
    struct digests digests;
    size_t n = 0;
    bool valid = false;

    if (split(path, data, unaligned, &n) != CLI_OK) {
        return CLI_FAILURE;
    }
    digest_data(data->data, n, &digests);
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (fb_signature_v2_parse(data->data + n + i * BLOCK, &s, NULL) !=
            FB_OK) {
            cli_print("Signature block %u invalid. Skipping.\n", i);
            continue;
        }
        cli_print("Signature block %u is valid (%s).\n", i,
                  scheme_name(s.kind));
        if (!same_digest(&s, &digests)) {
            return cli_error(path,
                             "Signature block %u image digest does not match "
                             "the actual image digest.",
                             i);
        }
        if (verify_block(key, &s)) {
            cli_print("Signature block %u verification successful using the "
                      "supplied key (%s).\n",
                      i, scheme_name(s.kind));
            valid = true;
        } else {
            cli_print("Signature block %u is not signed by the supplied key. "
                      "Checking the next block...\n",
                      i);
        }
    }
    return valid ? CLI_OK
                 : cli_error(path, "Checked all blocks. Signature could not be "
                                   "verified with the provided key.");
}

int sign_v2_info(const char *path, const struct host_file *data)
{
    struct fb_signature_v2 s;
    struct digests digests;
    uint8_t key_digest[32];
    size_t n = 0;

    if (split(path, data, false, &n) != CLI_OK) {
        return CLI_FAILURE;
    }
    digest_data(data->data, n, &digests);
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (fb_signature_v2_parse(data->data + n + i * BLOCK, &s, NULL) !=
            FB_OK) {
            cli_print("Signature block %u absent/invalid. Skipping checking "
                      "next blocks...\n",
                      i);
            return CLI_OK;
        }
        cli_print("Signature block %u is valid (%s).\n", i,
                  scheme_name(s.kind));
        if (!same_digest(&s, &digests)) {
            return cli_error(path,
                             "Digest in signature block %u doesn't match the "
                             "image digest.",
                             i);
        }
        fb_signature_v2_key_digest(data->data + n + i * BLOCK, key_digest);
        cli_print("Public key digest for block %u:", i);
        for (unsigned b = 0; b < sizeof(key_digest); b++) {
            cli_print(" %02x", key_digest[b]);
        }
        cli_print("\n");
    }
    return CLI_OK;
}
