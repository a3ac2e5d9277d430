// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tools/cli/cli.h"
#include "tools/fusebox/board.h"

int control_connect(const char *dir, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char path[BOARD_PATH_MAX];
    board_path(dir, name, path);
    if (strlen(path) >= sizeof address.sun_path) {
        return -ENAMETOOLONG;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        (void)close(fd);
        return -error;
    }
    return fd;
}

int control_send(const char *dir, const char *command)
{
    int fd = control_connect(dir, "control");
    if (fd == -ENOENT || fd == -ECONNREFUSED) {
        return cli_error(dir, "the board is not running");
    }
    if (fd < 0) {
        return cli_error(dir, "%s", strerror(-fd));
    }
    char line[64];
    int len = snprintf(line, sizeof line, "%s\n", command);
    ssize_t n = write(fd, line, (size_t)len);
    if (n == len) {
        n = read(fd, line, sizeof line - 1);
    }
    (void)close(fd);
    if (n < 3 || memcmp(line, "ok\n", 3) != 0) {
        return cli_error(dir, "the board did not obey `%s`", command);
    }
    return 0;
}
