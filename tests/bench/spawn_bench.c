// SPDX-License-Identifier: Apache-2.0
//
// spawn_bench N COMMAND...: run a command N times with its output thrown away;
// print the median wall time in microseconds and the largest resident size in
// KiB.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 1000

static int by_value(const void *a, const void *b)
{
    const long *x = a;
    const long *y = b;
    return (*x > *y) - (*x < *y);
}

static long run_once(char **argv)
{
    struct timespec from;
    struct timespec to;
    int status = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execvp(argv[0], argv);
        _exit(127);
    }
    (void)waitpid(pid, &status, 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        (void)fprintf(stderr, "spawn_bench: %s: cannot be run\n", argv[0]);
        exit(2);
    }
    return (to.tv_sec - from.tv_sec) * 1000000L +
           (to.tv_nsec - from.tv_nsec) / 1000;
}

int main(int argc, char **argv)
{
    static long times[RUNS_MAX];
    int runs = argc > 2 ? atoi(argv[1]) : 0;
    if (runs < 1 || runs > RUNS_MAX) {
        (void)fprintf(stderr, "usage: spawn_bench N COMMAND...\n");
        return 2;
    }
    for (int i = 0; i < runs; i++) {
        times[i] = run_once(argv + 2);
    }
    struct rusage usage;
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    qsort(times, (size_t)runs, sizeof times[0], by_value);
    (void)printf("%ld %ld\n", times[runs / 2], usage.ru_maxrss);
    return 0;
}
