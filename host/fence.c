// SPDX-License-Identifier: Apache-2.0

#define _GNU_SOURCE // O_PATH, syscall()

#include "host/fence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Moving files between folders: since version 2 of the interface it is
// refused, unless it is allowed.
#define MOVE UINT64_C(0x2000) // LANDLOCK_ACCESS_FS_REFER

// What is in /dev and no board.
static const char *const harmless[] = {"null", "zero", "full",   "random",
                                       "pts",  "ptmx", "tty",    "shm",
                                       "fd",   "log",  "urandom"};

static bool is_harmless(const char *name)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        if (strcmp(name, harmless[i]) == 0) {
            return true;
        }
    }
    // A console of the machine: tty1.
    return strncmp(name, "tty", 3) == 0 &&
           name[3 + strspn(name + 3, "0123456789")] == '\0';
}

static int allow(int fence, int dir, const char *name, uint64_t access)
{
    int fd = openat(dir, name, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = access,
                                              .parent_fd = fd};
    if (fd < 0) {
        return 0; // gone, or a link to nothing
    }
    int error = syscall(SYS_landlock_add_rule, fence,
                        LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
                    ? 0
                    : errno;
    if (error == EINVAL) { // MOVE is for folders only
        rule.allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE;
        error = syscall(SYS_landlock_add_rule, fence,
                        LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0
                    ? 0
                    : errno;
    }
    (void)close(fd);
    return error;
}

// Everything in a folder, but /dev of the root, and of /dev what is harmless.
static int allow_in(int fence, const char *folder, uint64_t access)
{
    DIR *dir = opendir(folder);
    bool dev = strcmp(folder, "/dev") == 0;
    int error = dir == NULL ? errno : 0;
    struct dirent *entry;
    while (error == 0 && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        bool dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
        if (!dots && (dev ? is_harmless(name) : strcmp(name, "dev") != 0)) {
            error = allow(fence, dirfd(dir), name, access);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return error;
}

int host_fence_devices(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
                           LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0) {
        return errno;
    }
    struct landlock_ruleset_attr attr = {.handled_access_fs =
                                             LANDLOCK_ACCESS_FS_WRITE_FILE |
                                             (version >= 2 ? MOVE : 0)};
    int fence =
        (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (fence < 0) {
        return errno;
    }
    int error = allow_in(fence, "/", attr.handled_access_fs);
    if (error == 0) {
        error = allow_in(fence, "/dev", attr.handled_access_fs);
    }
    if (error == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                       syscall(SYS_landlock_restrict_self, fence, 0) != 0)) {
        error = errno;
    }
    (void)close(fence);
    return error;
}
