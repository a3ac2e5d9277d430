// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/plan/execution.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum execute_result execution_stop(struct execution *e,
                                   enum execute_result result,
                                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(e->why, sizeof e->why, format, args);
    va_end(args);
    return result;
}

void execution_say(struct execution *e, const char *format, ...)
{
    char line[300];
    va_list args;
    if (e->say == NULL) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    e->say(e->ctx, line);
}

enum execute_result execution_of_target(struct execution *e, int status)
{
    static const struct {
        enum target_status status;
        enum execute_result result;
    } results[] = {
        {TARGET_OK, EXECUTE_DONE},
        {TARGET_E_LOST, EXECUTE_INTERRUPTED},
        {TARGET_E_UNSTEADY, EXECUTE_REFUSED},
        {TARGET_E_WEAK, EXECUTE_FAILED},
        {TARGET_E_PROOF, EXECUTE_FAILED},
        {TARGET_E_VERIFY, EXECUTE_FAILED},
        {TARGET_E_GOAL, EXECUTE_NO_BOOT},
        {TARGET_E_HOST, EXECUTE_FAILED},
    };
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if ((int)results[i].status == status) {
            return status == TARGET_OK ? EXECUTE_DONE
                                       : execution_stop(e, results[i].result,
                                                        "%s", e->target->why);
        }
    }
    return execution_stop(e, EXECUTE_FAILED, "%s", e->target->why);
}

enum execute_result execution_of_journal(struct execution *e, int error)
{
    return error == 0 ? EXECUTE_DONE
                      : execution_stop(e, EXECUTE_FAILED, "%s: %s",
                                       e->journal->path, strerror(error));
}
