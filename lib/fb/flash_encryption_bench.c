// SPDX-License-Identifier: Apache-2.0
//
// How fast each kernel runs on one core, beside AES-256-ECB of OpenSSL, which
// computes one key schedule for all the data. The best of many short runs
// counts, so a busy machine disturbs little. Usage: flash_encryption_bench
// [BYTES], 65536 by default.

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>

#include "lib/fb/flash_encryption_kernel.h"

enum { FLASH_OFF = 0x10000, MOST = 1 << 23 };

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

// Bytes a second, the best of many runs of about 0.1 ms and more.
static double speed(const struct job *j)
{
    double best = 0;
    unsigned repeat = 1;
    double from = now();

    once(j);
    while (repeat < 1000 && (now() - from) * repeat < 1e-4) {
        repeat *= 2;
        from = now();
        once(j);
    }
    for (double start = now(); now() - start < 0.4;) {
        double bytes = (double)j->n * repeat;

        from = now();
        for (unsigned r = 0; r < repeat; r++) {
            once(j);
        }
        if (bytes / (now() - from) > best) {
            best = bytes / (now() - from);
        }
    }
    return best;
}

static void report(const char *kernel, const char *what, double got,
                   double reference)
{
    printf("%-8s %-8s %7.3f GB/s  ratio %.3f\n", kernel, what, got / 1e9,
           got / reference);
}

int main(int argc, char **argv)
{
    size_t n = argc > 1 ? strtoul(argv[1], NULL, 0) : 65536;
    uint8_t key[32];
    struct fb_flash_encryption_key k;
    struct job j = {.key = &k, .n = n};
    double reference;

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
    reference = speed(&j);
    report("OpenSSL", "ecb", reference, reference);
    for (unsigned i = 0; fb_flash_encryption_kernel(i) != NULL; i++) {
        const struct fb_flash_encryption_kernel *kernel =
            fb_flash_encryption_kernel(i);

        if (!kernel->usable()) {
            printf("%-8s not on this CPU\n", kernel->name);
            continue;
        }
        j.run = kernel->encrypt;
        report(kernel->name, "encrypt", speed(&j), reference);
        j.run = kernel->decrypt;
        report(kernel->name, "decrypt", speed(&j), reference);
    }
    EVP_CIPHER_CTX_free(j.evp);
    return 0;
}
