// SPDX-License-Identifier: Apache-2.0

#include "tools/fusebox/recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "chip/debug/record.h"
#include "tools/cli/cli.h"

#define FIRST_LINE "fusebox recording 1"

int recording_create(const struct board *board,
                     const struct server_options *options, uint64_t seed,
                     FILE **inputs)
{
    char path[BOARD_PATH_MAX];
    int status = board_create_from(options->record, &board->ini, &board->fuses,
                                   board->flash);
    if (status != 0) {
        return status;
    }
    *inputs = fopen(board_path(options->record, "inputs", path), "we");
    if (*inputs == NULL) {
        return cli_error(path, "%s", strerror(errno));
    }
    (void)fprintf(*inputs, "%s\nseed 0x%016" PRIx64 "\nstrap 0x%02" PRIx32 "\n",
                  FIRST_LINE, seed, board_chip(&board->ini).strap);
    (void)fprintf(*inputs, "rom %s\n",
                  options->rom != NULL ? "mask" : "built-in");
    for (unsigned i = 0; i < options->fault_count; i++) {
        (void)fprintf(*inputs, "fault %s\n", options->fault_specs[i]);
    }
    (void)fprintf(*inputs, "\n");
    return 0;
}

static bool add_fault(struct recording *r, const char *spec)
{
    const char *why;
    if (r->faults == NULL) {
        r->faults = malloc(sizeof *r->faults);
        if (r->faults == NULL) {
            return false;
        }
        faults_init(r->faults, 1);
    }
    return faults_parse(r->faults, spec, &why);
}

static bool header_line(struct recording *r, const char *line)
{
    char word[16];
    if (r->line == 1) {
        return strcmp(line, FIRST_LINE) == 0;
    }
    if (sscanf(line, "seed 0x%" SCNx64, &r->seed) == 1 ||
        sscanf(line, "strap 0x%" SCNx32, &r->strap) == 1) {
        return true;
    }
    if (sscanf(line, "rom %15s", word) == 1) {
        r->mask_rom = strcmp(word, "mask") == 0;
        return r->mask_rom || strcmp(word, "built-in") == 0;
    }
    return strncmp(line, "fault ", 6) == 0 && add_fault(r, line + 6);
}

int recording_open(const char *dir, struct recording *r)
{
    char line[RECORD_LINE + 2];
    memset(r, 0, sizeof *r);
    board_path(dir, "inputs", r->path);
    r->inputs = fopen(r->path, "re");
    if (r->inputs == NULL) {
        return cli_error(r->path, "%s", strerror(errno));
    }
    while (fgets(line, sizeof line, r->inputs) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        r->line++;
        if (line[0] == '\0' && r->line > 1) {
            return 0;
        }
        if (!header_line(r, line)) {
            break;
        }
    }
    int status = cli_error(r->path, "line %u: not a recording of fusebox board",
                           r->line);
    recording_close(r);
    return status;
}

void recording_close(struct recording *r)
{
    if (r->inputs != NULL) {
        (void)fclose(r->inputs);
    }
    free(r->faults);
    memset(r, 0, sizeof *r);
}
