// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/ota.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "tools/cli/cli.h"

// Bytes of the image in one piece of code: a multiple of 3 for base64.
#define CHUNK     3072u
#define IMAGE_MAX 0x1000000u

// Run one line that must not raise; its output, trimmed, goes to out.
static int ask(struct repl *r, const char *code, char *out, size_t cap)
{
    int status = repl_run(r, code, 120);
    if (status != 0) {
        return status;
    }
    if (r->raised) {
        return cli_error(host_port_name(r->port), "`%s` failed: %s", code,
                         r->output);
    }
    if (out != NULL) {
        (void)snprintf(out, cap, "%s", r->output);
        out[strcspn(out, "\n")] = '\0';
    }
    return 0;
}

// The address in a name like gpy.bin_enc_0x1A0000; false when there is none.
static bool address_in_name(const char *path, uint64_t *address)
{
    const char *mark = NULL;
    for (const char *p = path; (p = strstr(p, "_0x")) != NULL; p++) {
        mark = p;
    }
    return mark != NULL && cli_parse_uint(mark + 1, address);
}

// The file made for the slot. One file without an address in its name (a
// plain image fits any slot) is taken as it is.
static int choose(const struct ota *o, uint64_t slot, const char **path)
{
    for (unsigned i = 0; i < o->files; i++) {
        uint64_t address = 0;
        bool named = address_in_name(o->file[i], &address);
        if (named ? address == slot : o->files == 1) {
            *path = o->file[i];
            return 0;
        }
    }
    return cli_error(o->file[0],
                     "the board wants an image for slot 0x%" PRIx64
                     ", no file given is named for it (NAME_0x%" PRIx64 ")",
                     slot, slot);
}

static int send_image(struct repl *r, const struct host_file *image)
{
    static char code[64 + 2 * CHUNK];
    for (size_t done = 0; done < image->size; done += CHUNK) {
        size_t n = image->size - done < CHUNK ? image->size - done : CHUNK;
        size_t len = (size_t)sprintf(code, "w(d('");
        len += (size_t)EVP_EncodeBlock((unsigned char *)code + len,
                                       image->data + done, (int)n);
        (void)memcpy(code + len, "'))", 4);
        int status = repl_run(r, code, 120);
        if (status != 0) {
            return status;
        }
        if (r->raised) {
            return cli_error(host_port_name(r->port), "ota_write failed: %s",
                             r->output);
        }
    }
    return 0;
}

int ota_update(const struct ota *o, struct repl *r)
{
    char answer[64];
    int status = ask(r,
                     "import pycom, machine\n"
                     "from binascii import a2b_base64 as d\n"
                     "w = pycom.ota_write\n"
                     "print(hex(pycom.ota_slot()))",
                     answer, sizeof answer);
    uint64_t slot = 0;
    if (status == 0 && !cli_parse_uint(answer, &slot)) {
        status = cli_error(host_port_name(r->port),
                           "pycom.ota_slot() said `%s`", answer);
    }
    const char *path = NULL;
    if (status == 0) {
        status = choose(o, slot, &path);
    }
    if (status != 0) {
        return status;
    }
    struct host_file image;
    int error = host_file_read(path, IMAGE_MAX, &image);
    if (error != 0) {
        return cli_error(path, "%s", strerror(error));
    }
    cli_print("%s: %zu bytes for slot 0x%" PRIx64 "\n", path, image.size, slot);
    status = ask(r, "pycom.ota_start()", NULL, 0);
    if (status == 0) {
        status = send_image(r, &image);
    }
    host_file_free(&image);
    if (status == 0) {
        status = ask(r, "pycom.ota_finish()", NULL, 0);
    }
    return status;
}

int ota_verify(const struct ota *o, struct repl *r)
{
    char answer[64];
    int status = ask(r, "print(pycom.ota_verify())", answer, sizeof answer);
    if (status != 0) {
        return status;
    }
    cli_print("pycom.ota_verify() -> %s\n", answer);
    if (strcmp(answer, "True") != 0 && !o->no_verify) {
        return cli_error(host_port_name(r->port),
                         "the board does not accept the image");
    }
    return 0;
}
