// SPDX-License-Identifier: Apache-2.0

#define _DEFAULT_SOURCE // flock()

#include "tools/fusebox/plan/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/file.h"
#include "tools/cli/cli.h"

#define JOURNAL_MAX 0x1000000u

void journal_none(struct journal *j, const struct plan_file *plan)
{
    memset(j, 0, sizeof *j);
    j->fd = -1;
    plan_hex(plan->hash, 32, j->plan);
}

static const char *default_dir(char out[PLAN_PATH_MAX])
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    if (state != NULL && state[0] == '/') {
        (void)snprintf(out, PLAN_PATH_MAX, "%s/fusebox/journal", state);
    } else {
        (void)snprintf(out, PLAN_PATH_MAX, "%s/.local/state/fusebox/journal",
                       home == NULL ? "." : home);
    }
    return out;
}

static int make_dirs(const char *dir)
{
    char path[PLAN_PATH_MAX];
    if (snprintf(path, sizeof path, "%s/", dir) >= (int)sizeof path) {
        return ENAMETOOLONG;
    }
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p == '/') {
            *p = '\0';
            if (mkdir(path, 0700) != 0 && errno != EEXIST) {
                return errno;
            }
            *p = '/';
        }
    }
    return 0;
}

// --- what it says ---

// "TIME plan HASH WHAT [N ...]"
static void read_line(struct journal *j, char *line)
{
    char *rest = line;
    const char *word[5] = {NULL};
    for (size_t i = 0; i < 5; i++) {
        word[i] = strtok_r(rest, " ", &rest);
    }
    if (word[3] == NULL || strcmp(word[1], "plan") != 0 ||
        strcmp(word[2], j->plan) != 0) {
        return;
    }
    uint64_t step = 0;
    bool numbered = word[4] != NULL && cli_parse_uint(word[4], &step) &&
                    step >= 1 && step <= PLAN_STEPS_MAX;
    if (strcmp(word[3], "begin") == 0) {
        j->begun = true;
    } else if (strcmp(word[3], "end") == 0) {
        j->ended = true;
    } else if (numbered) {
        j->began[step - 1] |= strcmp(word[3], "doing") == 0;
        j->done[step - 1] |= strcmp(word[3], "done") == 0;
    }
}

// Lines that end. What the last interruption left half written does not count,
// and is closed off.
static int read_all(struct journal *j)
{
    struct host_file file;
    int error = host_file_read_fd(j->fd, JOURNAL_MAX, &file);
    if (error != 0) {
        return error;
    }
    const char *text = (const char *)file.data;
    size_t at = 0;
    for (size_t i = 0; i < file.size; i++) {
        if (text[i] == '\n') {
            char line[512];
            size_t n = i - at < sizeof line - 1 ? i - at : sizeof line - 1;
            memcpy(line, text + at, n);
            line[n] = '\0';
            read_line(j, line);
            at = i + 1;
        }
    }
    bool torn = at < file.size;
    host_file_free(&file);
    return torn && write(j->fd, "\n", 1) != 1 ? errno : 0;
}

// A new file's name is only safe when its folder is.
static int sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int error = fsync(fd) == 0 ? 0 : errno;
    (void)close(fd);
    return error;
}

int journal_open(struct journal *j, const char *dir,
                 const struct plan_file *plan)
{
    char fallback[PLAN_PATH_MAX];
    const uint8_t *mac = plan->ini.mac;
    journal_none(j, plan);
    dir = dir == NULL ? default_dir(fallback) : dir;
    int error = make_dirs(dir);
    if (error != 0) {
        return cli_error(dir, "%s", strerror(error));
    }
    if (snprintf(j->path, sizeof j->path,
                 "%s/%02x-%02x-%02x-%02x-%02x-%02x.journal", dir, mac[0],
                 mac[1], mac[2], mac[3], mac[4],
                 mac[5]) >= (int)sizeof j->path) {
        return cli_error(dir, "path is too long");
    }
    j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                 0600);
    if (j->fd < 0) {
        return cli_error(j->path, "%s", strerror(errno));
    }
    if (flock(j->fd, LOCK_EX | LOCK_NB) != 0) {
        journal_close(j);
        return cli_error(j->path, "another process burns this board");
    }
    error = read_all(j);
    if (error == 0) {
        error = sync_folder(dir);
    }
    if (error != 0) {
        journal_close(j);
        return cli_error(j->path, "%s", strerror(error));
    }
    return 0;
}

void journal_close(struct journal *j)
{
    if (j->fd >= 0) {
        (void)close(j->fd);
        j->fd = -1;
    }
}

// --- what is added ---

static int append(struct journal *j, const char *what)
{
    char line[700];
    char when[32];
    struct tm utc;
    time_t now = time(NULL);
    if (j->fd < 0) {
        return 0;
    }
    (void)gmtime_r(&now, &utc);
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    int n = snprintf(line, sizeof line, "%s plan %s %s\n", when, j->plan, what);
    if (n >= (int)sizeof line) {
        return E2BIG;
    }
    errno = EIO;
    if (write(j->fd, line, (size_t)n) != n || fsync(j->fd) != 0) {
        return errno;
    }
    return 0;
}

int journal_begin(struct journal *j)
{
    int error = j->begun ? 0 : append(j, "begin");
    j->begun |= error == 0;
    return error;
}

int journal_step(struct journal *j, size_t step, bool done)
{
    char what[32];
    (void)snprintf(what, sizeof what, "%s %zu", done ? "done" : "doing",
                   step + 1);
    int error = append(j, what);
    if (error == 0) {
        (done ? j->done : j->began)[step] = true;
    }
    return error;
}

int journal_end(struct journal *j)
{
    int error = append(j, "end");
    j->ended |= error == 0;
    return error;
}

int journal_note(struct journal *j, const char *text)
{
    char what[600];
    int n = snprintf(what, sizeof what, "note %s", text);
    for (int i = 0; i < n && i < (int)sizeof what; i++) {
        if (what[i] == '\n' || what[i] == '\r') {
            what[i] = ' ';
        }
    }
    return n < (int)sizeof what ? append(j, what) : E2BIG;
}
