// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // mkdtemp()

#include "host/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fb/testing.h"

// A name that no device has: to open it would make a file.
#define STRANGER "/dev/fusebox-test-port"

static int opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return error;
}

// In the child, behind the fence: the number of what is not as it should be.
static int behind(const char *file, const char *moved)
{
    int error = host_fence_devices();
    if (error != 0) {
        print_message("# skipped: no Landlock in this kernel: %d\n", error);
        return 0;
    }
    if (opens(STRANGER, O_WRONLY | O_CREAT) != EACCES) {
        return 1;
    }
    if (opens("/dev/null", O_RDWR) != 0 ||
        opens("/dev/urandom", O_RDONLY) != 0) {
        return 2;
    }
    if (opens(file, O_WRONLY | O_CREAT) != 0) {
        return 3;
    }
    return rename(file, moved) == 0 ? 0 : 4;
}

static void test_fence(void **state)
{
    char a[] = "/tmp/fusebox-fence-XXXXXX";
    char b[] = "/tmp/fusebox-fence-XXXXXX";
    char file[64];
    char moved[64];
    int status = -1;

    (void)state;
    assert_non_null(mkdtemp(a));
    assert_non_null(mkdtemp(b));
    (void)snprintf(file, sizeof file, "%s/file", a);
    (void)snprintf(moved, sizeof moved, "%s/file", b);
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(behind(file, moved));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    (void)unlink(STRANGER);
    (void)unlink(file);
    (void)unlink(moved);
    assert_int_equal(rmdir(a) + rmdir(b), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
