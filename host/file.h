// SPDX-License-Identifier: Apache-2.0
//
// Whole files. Output appears complete or not at all: it is written to a
// temporary file beside the target and renamed.

#ifndef HOST_FILE_H
#define HOST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A file's bytes; release with host_file_free(). A secret file is wiped then.
struct host_file {
    uint8_t *data;
    size_t size;
    bool secret;
};

// Read a whole file ("-": standard input) of at most max bytes. Returns 0 or
// an errno value; EFBIG when it is larger than max.
int host_file_read(const char *path, size_t max, struct host_file *file);
int host_file_read_secret(const char *path, size_t max, struct host_file *file);
// The same from an open descriptor, which stays open; secret.
int host_file_read_fd(int fd, size_t max, struct host_file *file);
void host_file_free(struct host_file *file);

// A file opened to be read in parts: a regular one as it is, what has no length
// of its own ("-", a pipe) read whole. Release with host_file_close().
struct host_file_in {
    size_t size;
    int fd; // private, -1: whole
    struct host_file whole;
};

// Returns as host_file_read().
int host_file_open(const char *path, size_t max, struct host_file_in *in);
// n bytes from byte `at` on, inside the size. EIO: the file has become shorter.
int host_file_read_at(const struct host_file_in *in, size_t at, void *p,
                      size_t n);
void host_file_close(struct host_file_in *in);

enum host_file_mode {
    HOST_FILE_PUBLIC, // 0666 less umask, replaces what is there
    HOST_FILE_SECRET, // 0600, O_EXCL: EEXIST when something is there
};

// Write n bytes to path ("-": standard output). Returns 0 or an errno value;
// on failure no new or partial file is left. A public file that exists keeps
// its mode and must be writable; a device or pipe is written as it is.
int host_file_write(const char *path, const void *data, size_t n,
                    enum host_file_mode mode);

// The same for a content that is made piece by piece: make() puts bytes
// [at, at + n) into p, n is at most HOST_FILE_PIECE, and answers 0 or an errno
// value, which is returned.
#define HOST_FILE_PIECE 0x20000u
typedef int host_file_make(void *ctx, size_t at, uint8_t *p, size_t n);
int host_file_write_made(const char *path, size_t n, host_file_make *make,
                         void *ctx, enum host_file_mode mode);

// Do both paths name the same existing file?
bool host_file_same(const char *a, const char *b);

#endif
