// SPDX-License-Identifier: Apache-2.0
//
// fusebox plan: what is to be done to a board, written down before it is done.

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fb/bytes.h"
#include "tools/fusebox/commands.h"
#include "tools/fusebox/plan/keep.h"
#include "tools/fusebox/plan/recipe.h"
#include "tools/fusebox/plan/release.h"
#include "tools/fusebox/plan/script.h"

static int add_images(const struct cli *cli, struct recipe_input *in)
{
    unsigned n = cli_values(cli, "images");
    if (n % 2 != 0) {
        return cli_usage(cli, "--images wants pairs: ADDRESS FILE");
    }
    for (unsigned i = 0; i < n; i += 2) {
        uint64_t flash_off = 0;
        const char *text = cli_value(cli, "images", i);
        if (!cli_parse_uint(text, &flash_off) || flash_off > UINT32_MAX) {
            return cli_error(text, "--images: not an address");
        }
        if (in->images == RECIPE_IMAGES_MAX) {
            return cli_error(NULL, "more than %u images", RECIPE_IMAGES_MAX);
        }
        in->image[in->images++] =
            (struct recipe_image){.flash_off = (uint32_t)flash_off,
                                  .path = cli_value(cli, "images", i + 1)};
    }
    return 0;
}

static bool names(const struct cli *cli, const char *recipe)
{
    for (unsigned i = 0; i < cli_args(cli); i++) {
        if (strcmp(cli_arg(cli, i), recipe) == 0) {
            return true;
        }
    }
    return false;
}

static int gather(const struct cli *cli, struct recipe_input *in,
                  struct release *release)
{
    int status = 0;
    if (cli_given(cli, "release")) {
        bool digest = names(cli, "secure-boot-v1") ||
                      fb_efuse_get(&in->state->fuses, FB_EFUSE_ABS_DONE_0);
        status = release_add(release, cli_string(cli, "release"), digest, in);
    }
    return status == 0 ? add_images(cli, in) : status;
}

static void show(const struct plan_file *f, const char *path)
{
    for (size_t i = 0; i < f->plan.steps; i++) {
        cli_print("%2zu %-7s %s\n", i + 1, fb_stage_name(f->step[i].stage),
                  f->step[i].label);
    }
    cli_print("%s: %zu steps for %02x:%02x:%02x:%02x:%02x:%02x, hash "
              "%02x%02x%02x%02x%02x%02x\n",
              path, f->plan.steps, f->ini.mac[0], f->ini.mac[1], f->ini.mac[2],
              f->ini.mac[3], f->ini.mac[4], f->ini.mac[5], f->hash[0],
              f->hash[1], f->hash[2], f->hash[3], f->hash[4], f->hash[5]);
}

static int make(const struct cli *cli, const struct board *board,
                const struct fb_board_state *state, struct plan_file *f)
{
    const char *recipe[4];
    struct release release;
    struct recipe_input in = {.recipe = recipe,
                              .recipes = cli_args(cli),
                              .ini = &board->ini,
                              .state = state,
                              .flash_key = cli_string(cli, "flash-key"),
                              .secure_boot_key =
                                  cli_string(cli, "secure-boot-key"),
                              .signing_key = cli_string(cli, "signing-key"),
                              .boot = !cli_flag(cli, "no-boot")};
    for (unsigned i = 0; i < cli_args(cli) && i < 4; i++) {
        recipe[i] = cli_arg(cli, i);
    }
    int status = gather(cli, &in, &release);
    return status == 0 ? recipe_make(&in, f) : status;
}

// The arguments after `--`: a command.
static int record(const struct cli *cli, const struct board *board,
                  struct plan_file *f)
{
    char **argv = calloc(cli_args(cli) + 1, sizeof *argv);
    struct script_input in = {.board = board,
                              .argv = argv,
                              .plan = cli_string(cli, "output"),
                              .flash_key = cli_string(cli, "flash-key"),
                              .secure_boot_key =
                                  cli_string(cli, "secure-boot-key"),
                              .boot = !cli_flag(cli, "no-boot")};
    if (argv == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = 0;
    for (unsigned i = 0; i < cli_args(cli) && status == 0; i++) {
        argv[i] = strdup(cli_arg(cli, i));
        status = argv[i] == NULL ? cli_error(NULL, "out of memory") : 0;
    }
    if (status == 0) {
        status = script_record(&in, f);
    }
    for (unsigned i = 0; i < cli_args(cli); i++) {
        free(argv[i]);
    }
    free(argv);
    return status;
}

static int plan(const struct cli *cli, const struct board *board,
                struct plan_file *f)
{
    const char *path = cli_string(cli, "output");
    struct fb_board_state state;
    board_state(board, &state);
    int status = cli_arg_dashed(cli, 0) ? record(cli, board, f)
                                        : make(cli, board, &state, f);
    if (status == 0) {
        status = plan_keep(f, &state);
    }
    if (status == 0) {
        status = plan_file_write(f, path);
    }
    if (status == 0) {
        show(f, path);
    }
    return status;
}

static int run(const struct cli *cli)
{
    struct board board;
    struct plan_file *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return cli_error(NULL, "out of memory");
    }
    int status = board_open(&board, cli_string(cli, "board"));
    if (status == 0) {
        status = plan(cli, &board, f);
        plan_file_free(f);
        board_close(&board);
    }
    free(f);
    return status;
}

static const struct cli_option options[] = {
    {.name = "board",
     .kind = CLI_STRING,
     .value = "DIR",
     .required = true,
     .help = "the board as it is now: a folder of `fusebox snapshot`"},
    {.name = "output",
     .shorts = "o",
     .kind = CLI_STRING,
     .value = "PLAN",
     .required = true,
     .help = "the plan to write"},
    {.name = "flash-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "flash encryption key, 32 bytes (24 with coding scheme 3/4)"},
    {.name = "secure-boot-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "Secure Boot V1 key, or the signing key (PEM) it comes from"},
    {.name = "signing-key",
     .kind = CLI_STRING,
     .value = "FILE",
     .help = "Secure Boot V2: RSA-3072 key (PEM), public or private"},
    {.name = "release",
     .kind = CLI_STRING,
     .value = "DIR",
     .help = "a build, build/GPY/release: its plain images and their places"},
    {.name = "images",
     .kind = CLI_MULTI,
     .value = "ADDRESS FILE ...",
     .help = "plain images are encrypted on the way, encrypted ones are not"},
    {.name = "no-boot",
     .kind = CLI_FLAG,
     .help = "never start the board in between: fuses and flash only"},
    {.name = NULL}};

const struct cli_command command_plan = {
    .name = "plan",
    .arguments = "RECIPE... | -- COMMAND...",
    .min_args = 1,
    .max_args = UINT_MAX,
    .options = options,
    .help = "write down what is to be done to a board, before it is done",
    .details =
        "Recipes, alone or together:\n"
        "flash              write images\n"
        "flash-encryption   key, proof, protection, ciphertext, then on; the\n"
        "                   count still allows three plaintext cycles\n"
        "secure-boot-v1     key, proof, protection, images, boot, then on\n"
        "secure-boot-v2     digest, images, boot, then on (revision 3)\n"
        "lock               encryption for ever, no encrypted access by UART,\n"
        "                   no JTAG, no BASIC\n"
        "lock-uart          no UART download mode at all (revision 3)\n"
        "\n"
        "With `-- sh provision.sh` the command runs against a copy of the\n"
        "board, its port in $ESPPORT and $ESPTOOL_PORT, and what it burns and\n"
        "writes becomes the plan.\n"
        "\n"
        "The plan is text, holds no key, and is hashed: `fusebox rehearse`\n"
        "tries it, `fusebox burn` does it.",
    .run = run,
};
