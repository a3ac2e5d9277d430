// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE     // madvise()
#define _XOPEN_SOURCE   700 // realpath()

#include "host/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/fb/bytes.h"

// A flash image of 16 MiB costs 4096 page faults in small pages, more time than
// everything else that is done with it.
#define HUGE_PAGE ((size_t)2 << 20)

static uint8_t *allocate(size_t n)
{
    if (n < 2 * HUGE_PAGE) {
        return malloc(n);
    }
    size_t whole = (n + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uint8_t *data = aligned_alloc(HUGE_PAGE, whole);
    if (data != NULL) {
        (void)madvise(data, whole, MADV_HUGEPAGE); // a wish
    }
    return data;
}

// Give file room for at least need bytes. Secrets leave no copy behind.
static int grow(struct host_file *file, size_t *cap, size_t need)
{
    size_t bigger = *cap < 4096 ? 4096 : *cap;
    uint8_t *data;

    while (bigger < need) {
        if (bigger > SIZE_MAX / 2) {
            return ENOMEM;
        }
        bigger *= 2;
    }
    if (bigger == *cap) {
        return 0;
    }
    data = allocate(bigger);
    if (data == NULL) {
        return ENOMEM;
    }
    if (file->data != NULL) {
        memcpy(data, file->data, file->size);
        if (file->secret) {
            fb_bytes_wipe(file->data, file->size);
        }
        free(file->data);
    }
    file->data = data;
    *cap = bigger;
    return 0;
}

static int read_all(int fd, size_t max, struct host_file *file)
{
    struct stat st;
    size_t cap = 0;
    size_t want = 4096;

    if (fstat(fd, &st) != 0) {
        return errno;
    }
    if (S_ISDIR(st.st_mode)) {
        return EISDIR;
    }
    if (S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uintmax_t)st.st_size > max) {
            return EFBIG;
        }
        want = (size_t)st.st_size + 1; // one more to see the end
    }
    for (;;) {
        int error = grow(file, &cap, want);
        if (error != 0) {
            return error;
        }
        ssize_t n = read(fd, file->data + file->size, cap - file->size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return errno;
        }
        if (n == 0) {
            return 0;
        }
        file->size += (size_t)n;
        if (file->size > max) {
            return EFBIG;
        }
        want = file->size + 1;
    }
}

static int read_path(const char *path, size_t max, bool secret,
                     struct host_file *file)
{
    struct host_file got = {.secret = secret};
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int error;

    if (fd < 0) {
        return errno;
    }
    error = read_all(fd, max, &got);
    if (!standard) {
        close(fd);
    }
    if (error != 0) {
        host_file_free(&got);
        return error;
    }
    *file = got;
    return 0;
}

int host_file_read(const char *path, size_t max, struct host_file *file)
{
    return read_path(path, max, false, file);
}

int host_file_read_secret(const char *path, size_t max, struct host_file *file)
{
    return read_path(path, max, true, file);
}

int host_file_read_fd(int fd, size_t max, struct host_file *file)
{
    struct host_file got = {.secret = true};
    int error = read_all(fd, max, &got);

    if (error != 0) {
        host_file_free(&got);
        return error;
    }
    *file = got;
    return 0;
}

int host_file_open(const char *path, size_t max, struct host_file_in *in)
{
    struct stat st;
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int error;

    *in = (struct host_file_in){.fd = -1};
    if (fd < 0) {
        return errno;
    }
    if (!standard && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
        st.st_size > 0 && (uintmax_t)st.st_size <= max) {
        in->fd = fd;
        in->size = (size_t)st.st_size;
        return 0;
    }
    error = read_all(fd, max, &in->whole);
    if (error != 0) {
        host_file_free(&in->whole);
    }
    in->size = in->whole.size;
    if (!standard) {
        close(fd);
    }
    return error;
}

int host_file_read_at(const struct host_file_in *in, size_t at, void *p,
                      size_t n)
{
    uint8_t *out = p;

    if (in->fd < 0) {
        memcpy(out, in->whole.data + at, n);
        return 0;
    }
    while (n > 0) {
        ssize_t got = pread(in->fd, out, n, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? errno : EIO;
        }
        out += got;
        at += (size_t)got;
        n -= (size_t)got;
    }
    return 0;
}

void host_file_close(struct host_file_in *in)
{
    if (in->fd >= 0) {
        close(in->fd);
    }
    host_file_free(&in->whole);
    *in = (struct host_file_in){.fd = -1};
}

void host_file_free(struct host_file *file)
{
    if (file->data != NULL && file->secret) {
        fb_bytes_wipe(file->data, file->size);
    }
    free(file->data);
    *file = (struct host_file){0};
}

// What is to be written: data, or where that is NULL, pieces.
struct source {
    const uint8_t *data;
    size_t n;
    host_file_make *make;
    void *ctx;
};

static int write_all(int fd, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return errno;
        }
        p += done;
        n -= (size_t)done;
    }
    return 0;
}

static int write_source(int fd, const struct source *from)
{
    if (from->make == NULL) {
        return write_all(fd, from->data, from->n);
    }
    uint8_t *piece = malloc(HOST_FILE_PIECE);
    int error = piece == NULL ? ENOMEM : 0;
    for (size_t at = 0; at < from->n && error == 0; at += HOST_FILE_PIECE) {
        size_t left = from->n - at;
        size_t n = left < HOST_FILE_PIECE ? left : HOST_FILE_PIECE;
        error = from->make(from->ctx, at, piece, n);
        if (error == 0) {
            error = write_all(fd, piece, n);
        }
    }
    free(piece);
    return error;
}

// Write and close fd; data must have reached the file system for success.
static int write_close(int fd, const struct source *from)
{
    int error = write_source(fd, from);

    if (close(fd) != 0 && error == 0) {
        error = errno;
    }
    return error;
}

// A device, pipe or socket cannot be replaced by a renamed file.
static int write_special(const char *path, const struct source *from)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

    return fd < 0 ? errno : write_close(fd, from);
}

// No links on this file system: create the target itself.
static int write_exclusive(const char *path, const struct source *from)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                  S_IRUSR | S_IWUSR);
    int error;

    if (fd < 0) {
        return errno;
    }
    error = write_close(fd, from);
    if (error != 0) {
        unlink(path);
    }
    return error;
}

// Put the finished temporary file in its place.
static int publish(const char *temp, const char *path,
                   const struct source *from, enum host_file_mode mode)
{
    int error = 0;

    if (mode == HOST_FILE_PUBLIC) {
        if (rename(temp, path) != 0) {
            error = errno;
            unlink(temp);
        }
        return error;
    }
    // link() fails when something is there, rename() would replace it.
    if (link(temp, path) != 0) {
        error = errno;
    }
    unlink(temp);
    if (error == EPERM || error == EOPNOTSUPP || error == ENOSYS) {
        error = write_exclusive(path, from);
    }
    return error;
}

static int write_file(const char *path, const struct source *from,
                      enum host_file_mode mode, mode_t bits)
{
    size_t len = strlen(path);
    char *temp = malloc(len + sizeof(".XXXXXX"));
    int error;
    int fd;

    if (temp == NULL) {
        return ENOMEM;
    }
    snprintf(temp, len + sizeof(".XXXXXX"), "%s.XXXXXX", path);
    fd = mkstemp(temp); // 0600
    if (fd < 0) {
        error = errno;
        free(temp);
        return error;
    }
    error = fchmod(fd, bits) != 0 ? errno : 0;
    if (error != 0) {
        close(fd);
    } else {
        error = write_close(fd, from);
    }
    if (error != 0) {
        unlink(temp);
    } else {
        error = publish(temp, path, from, mode);
    }
    free(temp);
    return error;
}

static mode_t default_bits(void)
{
    mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

// A public file: keeps the mode of what it replaces, follows links.
static int write_public(const char *path, const struct source *from)
{
    struct stat st;
    char *real;
    int error;

    if (stat(path, &st) != 0) {
        return errno == ENOENT
                   ? write_file(path, from, HOST_FILE_PUBLIC, default_bits())
                   : errno;
    }
    if (S_ISDIR(st.st_mode)) {
        return EISDIR;
    }
    if (!S_ISREG(st.st_mode)) {
        return write_special(path, from);
    }
    if (access(path, W_OK) != 0) {
        return errno; // rename() would replace even a read-only file
    }
    real = realpath(path, NULL);
    if (real == NULL) {
        return errno;
    }
    error = write_file(real, from, HOST_FILE_PUBLIC, st.st_mode & 0777);
    free(real);
    return error;
}

static int write_to(const char *path, const struct source *from,
                    enum host_file_mode mode)
{
    struct stat st;

    if (strcmp(path, "-") == 0) {
        return write_source(STDOUT_FILENO, from);
    }
    if (mode == HOST_FILE_PUBLIC) {
        return write_public(path, from);
    }
    if (lstat(path, &st) == 0) {
        return EEXIST;
    }
    return write_file(path, from, mode, S_IRUSR | S_IWUSR);
}

int host_file_write(const char *path, const void *data, size_t n,
                    enum host_file_mode mode)
{
    const struct source from = {.data = data, .n = n};
    return write_to(path, &from, mode);
}

int host_file_write_made(const char *path, size_t n, host_file_make *make,
                         void *ctx, enum host_file_mode mode)
{
    const struct source from = {.n = n, .make = make, .ctx = ctx};
    return write_to(path, &from, mode);
}

bool host_file_same(const char *a, const char *b)
{
    struct stat x;
    struct stat y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}
