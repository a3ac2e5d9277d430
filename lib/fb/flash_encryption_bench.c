// SPDX-License-Identifier: Apache-2.0
//
// How fast each kernel runs on one core, beside AES-256-ECB of OpenSSL, which
// computes one key schedule for all the data. All take turns, several times
// over, and the best of many short runs counts, so a machine that is busy for a
// while disturbs little. Usage: flash_encryption_bench [BYTES], 65536 by
// default.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>

#include "lib/fb/flash_encryption_kernel.h"

enum { FLASH_OFF = 0x10000, MOST = 1 << 23, TURNS = 10, JOBS = 16 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct job {
    const struct fb_flash_encryption_key *key;
    fb_flash_encryption_run *run; // NULL: OpenSSL
    EVP_CIPHER_CTX *evp;
    size_t n;
    const char *name;
    const char *what;
    double best; // bytes a second
};

static _Alignas(64) uint8_t in[MOST], out[MOST];

static void once(const struct job *j)
{
    int len;

    if (j->run != NULL) {
        j->run(j->key, FLASH_OFF, in, out, j->n);
    } else {
        EVP_EncryptUpdate(j->evp, out, &len, in, (int)j->n);
    }
}

// A turn: many runs of about 0.1 ms and more.
static void turn(struct job *j)
{
    unsigned repeat = 1;
    double from = now();

    once(j);
    while (repeat < 1000 && (now() - from) * repeat < 1e-4) {
        repeat *= 2;
        from = now();
        once(j);
    }
    for (double start = now(); now() - start < 0.06;) {
        double bytes = (double)j->n * repeat;

        from = now();
        for (unsigned r = 0; r < repeat; r++) {
            once(j);
        }
        if (bytes / (now() - from) > j->best) {
            j->best = bytes / (now() - from);
        }
    }
}

// OpenSSL first, then every kernel that this CPU has, both ways.
static unsigned list_jobs(struct job job[JOBS], const struct job *common)
{
    unsigned jobs = 0;

    job[jobs] = *common;
    job[jobs].name = "OpenSSL";
    job[jobs++].what = "ecb";
    for (unsigned i = 0; fb_flash_encryption_kernel(i) != NULL; i++) {
        const struct fb_flash_encryption_kernel *kernel =
            fb_flash_encryption_kernel(i);

        if (!kernel->usable() || jobs + 2 > JOBS) {
            printf("%-8s not on this CPU\n", kernel->name);
            continue;
        }
        for (unsigned way = 0; way < 2; way++) {
            job[jobs] = *common;
            job[jobs].run = way == 0 ? kernel->encrypt : kernel->decrypt;
            job[jobs].name = kernel->name;
            job[jobs++].what = way == 0 ? "encrypt" : "decrypt";
        }
    }
    return jobs;
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 0) : 65536;
    uint8_t key[32];
    struct fb_flash_encryption_key k;
    struct job j = {.key = &k, .n = n};
    struct job job[JOBS];
    unsigned jobs;

    if (n == 0 || n > MOST || n % FB_FLASH_ENCRYPTION_BLOCK != 0) {
        fprintf(stderr,
                "flash_encryption_bench: %s: not a multiple of 16 "
                "from 16 to 8 MiB\n",
                argv[1]);
        return 2;
    }
    for (unsigned i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    fb_flash_encryption_key_init(&k, key, sizeof(key), 15);
    j.evp = EVP_CIPHER_CTX_new();
    if (j.evp == NULL) {
        return 2;
    }
    EVP_EncryptInit_ex(j.evp, EVP_aes_256_ecb(), NULL, key, NULL);
    EVP_CIPHER_CTX_set_padding(j.evp, 0);
    jobs = list_jobs(job, &j);
    for (unsigned t = 0; t < TURNS; t++) {
        for (unsigned i = 0; i < jobs; i++) {
            turn(&job[i]);
        }
    }
    for (unsigned i = 0; i < jobs; i++) {
        printf("%-8s %-8s %7.3f GB/s  ratio %.3f\n", job[i].name, job[i].what,
               job[i].best / 1e9, job[i].best / job[0].best);
    }
    EVP_CIPHER_CTX_free(j.evp);
    return 0;
}
