// SPDX-License-Identifier: Apache-2.0

#include "host/file.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static char path[128];

static int enter(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/file_test.XXXXXX");
    if (mkdtemp(dir) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/file", dir);
    return 0;
}

static int leave(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    return system(command);
}

// Entries of the directory, so that left-overs show.
static unsigned entries(void)
{
    DIR *d = opendir(dir);
    unsigned n = 0;

    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        n += e->d_name[0] != '.';
    }
    closedir(d);
    return n;
}

static unsigned mode_of(const char *name)
{
    struct stat st;

    assert_int_equal(stat(name, &st), 0);
    return st.st_mode & 0777;
}

static void expect_content(const char *name, const char *want)
{
    struct host_file file;

    assert_int_equal(host_file_read(name, 1000, &file), 0);
    assert_int_equal(file.size, strlen(want));
    assert_memory_equal(file.data, want, file.size);
    host_file_free(&file);
    assert_null(file.data);
}

static void public_file_is_replaced(void **state)
{
    (void)state;
    mode_t mask = umask(022);
    assert_int_equal(host_file_write(path, "one", 3, HOST_FILE_PUBLIC), 0);
    assert_int_equal(mode_of(path), 0644);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(host_file_write(path, "other", 5, HOST_FILE_PUBLIC), 0);
    umask(mask);
    assert_int_equal(mode_of(path), 0600);
    expect_content(path, "other");
    assert_int_equal(host_file_write(path, "", 0, HOST_FILE_PUBLIC), 0);
    expect_content(path, "");
    assert_int_equal(entries(), 1);
}

static void secret_file_is_private_and_kept(void **state)
{
    (void)state;
    mode_t mask = umask(0);
    assert_int_equal(host_file_write(path, "key", 3, HOST_FILE_SECRET), 0);
    umask(mask);
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(host_file_write(path, "new", 3, HOST_FILE_SECRET), EEXIST);
    expect_content(path, "key");
    assert_int_equal(entries(), 1);
}

static void secret_file_follows_no_link(void **state)
{
    char target[128];

    (void)state;
    snprintf(target, sizeof(target), "%s/elsewhere", dir);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(host_file_write(path, "key", 3, HOST_FILE_SECRET), EEXIST);
    assert_int_equal(access(target, F_OK), -1);
}

static void link_to_a_public_file_stays(void **state)
{
    char target[128];
    struct stat st;

    (void)state;
    snprintf(target, sizeof(target), "%s/target", dir);
    assert_int_equal(host_file_write(target, "a", 1, HOST_FILE_PUBLIC), 0);
    assert_int_equal(symlink(target, path), 0);
    assert_int_equal(host_file_write(path, "b", 1, HOST_FILE_PUBLIC), 0);
    expect_content(target, "b");
    assert_int_equal(lstat(path, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_true(host_file_same(path, target));
    assert_false(host_file_same(path, dir));
    assert_false(host_file_same("/nonexistent", "/nonexistent"));
}

static void reading_knows_its_limits(void **state)
{
    struct host_file file = {.size = 77};

    (void)state;
    assert_int_equal(host_file_write(path, "12345", 5, HOST_FILE_PUBLIC), 0);
    assert_int_equal(host_file_read(path, 4, &file), EFBIG);
    assert_int_equal(host_file_read("/nonexistent/x", 4, &file), ENOENT);
    assert_int_equal(host_file_read(dir, 4, &file), EISDIR);
    assert_int_equal(file.size, 77); // untouched
    assert_int_equal(host_file_read_secret(path, 5, &file), 0);
    assert_int_equal(file.size, 5);
    assert_true(file.secret);
    host_file_free(&file);
    // No size is known before the end.
    assert_int_equal(host_file_read("/dev/zero", 100000, &file), EFBIG);
}

static void pipes_are_read_to_their_end(void **state)
{
    struct host_file file;
    uint8_t block[3000];
    int fd[2];

    (void)state;
    memset(block, 0xA5, sizeof(block));
    assert_int_equal(pipe(fd), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(write(fd[1], block, sizeof(block)), sizeof(block));
    }
    close(fd[1]);
    assert_int_equal(host_file_read_fd(fd[0], 15000, &file), 0);
    assert_int_equal(file.size, 15000);
    assert_true(file.secret);
    assert_memory_equal(file.data + 12000, block, sizeof(block));
    host_file_free(&file);
    close(fd[0]);
}

static void devices_are_written_in_place(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(host_file_write("/dev/null", "x", 1, HOST_FILE_PUBLIC), 0);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(host_file_write("/dev/full", "x", 1, HOST_FILE_PUBLIC),
                     ENOSPC);
}

// A file size limit makes write() fail half-way, as a full disk does.
static void failed_write_leaves_nothing(void **state)
{
    struct rlimit old;
    struct rlimit small;
    static uint8_t data[8192];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(host_file_write(path, "keep", 4, HOST_FILE_PUBLIC), 0);
    signal(SIGXFSZ, SIG_IGN);
    small = (struct rlimit){4096, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int public = host_file_write(path, data, sizeof(data), HOST_FILE_PUBLIC);
    char secret_path[160];
    snprintf(secret_path, sizeof(secret_path), "%s.key", path);
    int secret =
        host_file_write(secret_path, data, sizeof(data), HOST_FILE_SECRET);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(public, EFBIG);
    assert_int_equal(secret, EFBIG);
    expect_content(path, "keep");
    assert_int_equal(entries(), 1);
    assert_int_equal(
        host_file_write("/nonexistent/x", "x", 1, HOST_FILE_PUBLIC), ENOENT);
}

#define PIECES_SIZE (3 * HOST_FILE_PIECE + 5)

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 7 + at / 1000);
}

// ctx: where making fails.
static int make(void *ctx, size_t at, uint8_t *p, size_t n)
{
    const size_t *fail = ctx;

    assert_in_range(n, 1, HOST_FILE_PIECE);
    for (size_t i = 0; i < n; i++) {
        p[i] = byte_at(at + i);
    }
    return at + n > *fail ? EIO : 0;
}

static void pieces_become_a_file(void **state)
{
    (void)state;
    size_t fail = SIZE_MAX;
    struct host_file_in in;
    uint8_t part[1000];

    assert_int_equal(
        host_file_write_made(path, PIECES_SIZE, make, &fail, HOST_FILE_PUBLIC),
        0);
    assert_int_equal(host_file_open(path, PIECES_SIZE, &in), 0);
    assert_int_equal(in.size, PIECES_SIZE);
    for (size_t at = 0; at < in.size; at += sizeof(part)) {
        size_t left = in.size - at;
        size_t n = left < sizeof(part) ? left : sizeof(part);
        assert_int_equal(host_file_read_at(&in, at, part, n), 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(part[i], byte_at(at + i));
        }
    }
    host_file_close(&in);
    assert_int_equal(host_file_open(path, PIECES_SIZE - 1, &in), EFBIG);

    fail = 2 * HOST_FILE_PIECE;
    assert_int_equal(
        host_file_write_made("new", PIECES_SIZE, make, &fail, HOST_FILE_PUBLIC),
        EIO);
    assert_int_equal(entries(), 1);
}

static void file_that_shrinks_is_an_error(void **state)
{
    (void)state;
    struct host_file_in in;
    uint8_t part[4];

    assert_int_equal(host_file_write(path, "12345", 5, HOST_FILE_PUBLIC), 0);
    assert_int_equal(host_file_open(path, 100, &in), 0);
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(host_file_read_at(&in, 0, part, 4), EIO);
    host_file_close(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(public_file_is_replaced, enter, leave),
        cmocka_unit_test_setup_teardown(secret_file_is_private_and_kept, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(secret_file_follows_no_link, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(link_to_a_public_file_stays, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(reading_knows_its_limits, enter, leave),
        cmocka_unit_test_setup_teardown(pipes_are_read_to_their_end, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(devices_are_written_in_place, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(failed_write_leaves_nothing, enter,
                                        leave),
        cmocka_unit_test_setup_teardown(pieces_become_a_file, enter, leave),
        cmocka_unit_test_setup_teardown(file_that_shrinks_is_an_error, enter,
                                        leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
