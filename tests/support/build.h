// SPDX-License-Identifier: Apache-2.0
//
// For tests that run the real bootloader, or a small program of their own, on
// the virtual chip: build it and get its image. Needs the cross compiler; a
// test skips where build_possible() says that it is missing.
//
//     if (build_possible() && build_program(&bootloader)) {
//         n = build_image(&bootloader, "bootloader.elf", image, sizeof image);
//     }
//
// What is built stays in BUILD_FOLDER, so the next test finds it made; tests
// that run side by side build one after the other. They run from the root of
// the tree. `testing_key` (firmware/boot/testing.h) signs what is to start.

#ifndef TESTS_SUPPORT_BUILD_H
#define TESTS_SUPPORT_BUILD_H

#include "firmware/boot/testing.h"
#include "lib/fb/elf_image.h"

#define BUILD_FOLDER "build/test-firmware"
#define BUILD_PUB    BUILD_FOLDER "/signature_verification_key.bin"

struct program {
    const char *name;    // of its folder in BUILD_FOLDER, and of its log
    const char *source;  // the folder with its Makefile
    const char *options; // for make
};

// The bootloader in the forms that tests take.
static const struct program bootloader_plain = {"boot", "firmware/boot", ""};
static const struct program bootloader_anti_rollback = {
    "boot-anti-rollback", "firmware/boot", "ANTI_ROLLBACK=on"};
static const struct program bootloader_first_boot = {
    "boot-first", "firmware/boot", "FIRST_BOOT=on"};

static inline bool build_possible(void)
{
    return system("xtensa-lx106-elf-gcc --version >/dev/null 2>&1") == 0;
}

// make of that program, with `more` words behind. False: it failed.
static inline bool build_make(const struct program *program, const char *more)
{
    char command[512];
    int n = snprintf(command, sizeof(command),
                     "env -u MAKEFLAGS -u MAKELEVEL make -s -j2 -C %s "
                     "BOARD=GPY %s BUILD=\"$PWD/" BUILD_FOLDER "/%s\" "
                     "SIGN_PUB=\"$PWD/" BUILD_PUB "\" %s",
                     program->source, program->options, program->name, more);

    assert_true(n > 0 && (size_t)n < sizeof(command));
    return system(command) == 0;
}

// A key file that is newer would make all programs anew.
static inline void build_public_key(void)
{
    uint8_t pub[64], there[64];
    FILE *f = fopen(BUILD_PUB, "rb");
    bool same;

    testing_public_key(testing_key, pub);
    same = f != NULL && fread(there, 1, sizeof(there), f) == sizeof(there) &&
           memcmp(there, pub, sizeof(pub)) == 0;
    if (f != NULL) {
        fclose(f);
    }
    if (!same) {
        f = fopen(BUILD_PUB, "wb");
        assert_non_null(f);
        assert_int_equal(fwrite(pub, 1, sizeof(pub), f), sizeof(pub));
        assert_int_equal(fclose(f), 0);
    }
}

// False: it does not build, and a line that names the log was printed.
static inline bool build_program(const struct program *program)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char log[128];
    bool built;
    int fd;

    assert_int_equal(system("mkdir -p " BUILD_FOLDER), 0);
    fd = open(BUILD_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0 && fcntl(fd, F_SETLKW, &lock) == 0);
    build_public_key();
    snprintf(log, sizeof(log), ">" BUILD_FOLDER "/%s.log 2>&1", program->name);
    built = build_make(program, log);
    close(fd);
    if (!built) {
        print_error("%s does not build: see " BUILD_FOLDER "/%s.log\n",
                    program->source, program->name);
    }
    return built;
}

// The image of an ELF file that was built; its length.
static inline size_t build_image(const struct program *program, const char *elf,
                                 uint8_t *out, size_t cap)
{
    static uint8_t bytes[0x40000];
    struct fb_elf_image_options options;
    char folder[128];
    size_t n, image_n = 0;

    snprintf(folder, sizeof(folder), BUILD_FOLDER "/%s", program->name);
    n = testing_file(bytes, sizeof(bytes), folder, elf);
    fb_elf_image_defaults(&options);
    assert_int_equal(
        fb_elf_image_build(bytes, n, &options, out, cap, &image_n, NULL),
        FB_OK);
    return image_n;
}

#endif
