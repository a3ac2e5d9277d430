// SPDX-License-Identifier: Apache-2.0
//
// gen_esp32part: partition tables from CSV to binary and back.

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/file.h"
#include "lib/fb/bytes.h"
#include "lib/fb/partition_csv.h"
#include "lib/fb/partition_table.h"
#include "tools/cli/cli.h"

enum {
    INPUT_MAX = 0x100000,  // bytes; a table has 3 KiB, its text some more
    TABLE_SECTOR = 0x1000, // what follows the table starts after it
    STRICT_ALIGN = 0x1000, // newer ESP-IDF insists on it for data
    MIB = 0x100000,
    EXTRA_MAX = 32,
    OFFSET_COLUMN = 4,
};

static void status_line(const struct cli *cli, const char *text)
{
    if (!cli_flag(cli, "quiet")) {
        fprintf(stderr, "%s\n", text);
    }
}

static const char *environment(void *ctx, const char *name)
{
    (void)ctx;
    return getenv(name);
}

static const char *column_name(uint32_t column)
{
    static const char *const names[] = {"variable", "name", "type", "subtype",
                                        "offset",   "size", "flags"};

    return column < sizeof(names) / sizeof(names[0]) ? names[column] : "field";
}

// Why a CSV line was refused.
static int csv_error(const char *path, const struct fb_fault *fault)
{
    unsigned line = (unsigned)fault->offset;
    unsigned got = (unsigned)fault->got;
    unsigned want = (unsigned)fault->want;

    switch (fault->status) {
    case FB_E_OVERLAP:
        return cli_error(path,
                         "line %u: Partitions overlap. Partition sets offset "
                         "0x%x. What precedes it ends 0x%x",
                         line, got, want);
    case FB_E_ALIGN:
        return cli_error(path, "line %u: Offset 0x%x is not aligned to 0x%x",
                         line, got, want);
    case FB_E_RANGE:
        return cli_error(path, "line %u: %s is out of range", line,
                         column_name(fault->got));
    case FB_E_SYNTAX:
        return cli_error(path, "line %u: %s is empty or no number", line,
                         column_name(fault->got));
    case FB_E_UNKNOWN:
        if (got == OFFSET_COLUMN) {
            return cli_error(path,
                             "line %u: where this bootloader lies is not told: "
                             "--primary-bootloader-offset or "
                             "--recovery-bootloader-offset",
                             line);
        }
        return cli_error(path, "line %u: unknown %s", line,
                         column_name(fault->got));
    case FB_E_DUPLICATE:
        return cli_error(path,
                         "line %u: Partition names must be unique, line %u has "
                         "this one",
                         line, want);
    case FB_E_NO_SPACE:
        return cli_error(path, "line %u: more partitions than fit into a table",
                         line);
    case FB_E_SIZE:
        return cli_error(path, "line %u: is longer than %u characters", line,
                         FB_PARTITION_LINE);
    default:
        return cli_error(path, "line %u: %s", line,
                         fb_status_text(fault->status));
    }
}

// Subtypes of the project (--extra-partition-subtypes).
static struct fb_partition_extra extra[EXTRA_MAX + 1];
static char extra_names[EXTRA_MAX][32];

// "TYPE, NAME, VALUE"
static int add_extra(unsigned i, const char *text)
{
    char type[16];
    char value[16];
    uint64_t number;
    int end = 0;

    if (i == EXTRA_MAX) {
        return cli_error("--extra-partition-subtypes", "more than %u",
                         (unsigned)EXTRA_MAX);
    }
    if (sscanf(text, " %15[a-z] , %31[a-z0-9_] , %15s %n", type, extra_names[i],
               value, &end) != 3 ||
        text[end] != '\0' || !cli_parse_uint(value, &number) ||
        number > UINT8_MAX ||
        (strcmp(type, "app") != 0 && strcmp(type, "data") != 0)) {
        return cli_error(text, "not an extra subtype such as "
                               "\"data, my_nvs, 0x40\"");
    }
    extra[i] = (struct fb_partition_extra){
        .name = extra_names[i],
        .type = strcmp(type, "app") == 0 ? FB_PARTITION_APP : FB_PARTITION_DATA,
        .subtype = (uint8_t)number,
    };
    for (unsigned k = 0; k < i; k++) {
        if (extra[k].type == extra[i].type &&
            extra[k].subtype == extra[i].subtype) {
            return cli_error(text, "is a subtype already");
        }
    }
    return CLI_OK;
}

static int load_extra(const struct cli *cli)
{
    for (unsigned i = 0; i < cli_values(cli, "extra-partition-subtypes"); i++) {
        if (add_extra(i, cli_value(cli, "extra-partition-subtypes", i)) !=
            CLI_OK) {
            return CLI_FAILURE;
        }
    }
    return CLI_OK;
}

static int read_csv(const struct cli *cli, const char *path,
                    const struct host_file *in,
                    struct fb_partition_table *table)
{
    uint32_t primary = (uint32_t)cli_uint(cli, "primary-bootloader-offset");
    uint32_t recovery = (uint32_t)cli_uint(cli, "recovery-bootloader-offset");
    struct fb_partition_csv_options options = {
        .table_off = (uint32_t)cli_uint(cli, "offset"),
        .data_align = (uint32_t)cli_uint(cli, "data-align"),
        .bootloader_off =
            cli_given(cli, "primary-bootloader-offset") ? &primary : NULL,
        .recovery_off =
            cli_given(cli, "recovery-bootloader-offset") ? &recovery : NULL,
        .unverified = cli_flag(cli, "no-verify"),
        .extra = extra,
        .getenv = environment,
    };
    struct fb_fault fault = {0};

    if (memchr(in->data, 0, in->size) != NULL) {
        return cli_error(path, "is neither a partition table nor CSV text");
    }
    status_line(cli, "Parsing CSV input...");
    enum fb_status status = fb_partition_csv_parse(
        (const char *)in->data, in->size, &options, table, &fault);
    if (status != FB_OK) {
        fault.status = status;
        return csv_error(path, &fault);
    }
    table->has_md5 = !cli_flag(cli, "disable-md5sum");
    return CLI_OK;
}

static int read_binary(const struct cli *cli, const char *path,
                       const struct host_file *in,
                       struct fb_partition_table *table)
{
    struct fb_fault fault = {0};

    status_line(cli, "Parsing binary partition input...");
    enum fb_status status =
        fb_partition_table_parse(in->data, in->size, 0, table, &fault);
    switch (status) {
    case FB_OK:
        return CLI_OK;
    case FB_E_BAD_HASH:
        return cli_error(path, "MD5 checksums don't match!");
    case FB_E_NO_END:
        return cli_error(path, "Partition table is missing an end-of-table "
                               "marker");
    default:
        return cli_error(path, "row at 0x%x: %s", (unsigned)fault.offset,
                         fb_status_text(status));
    }
}

static int misaligned(const char *path, const struct fb_partition *p,
                      unsigned align)
{
    return cli_error(path,
                     "Partition %s invalid: Offset 0x%x is not aligned to 0x%x",
                     p->label, (unsigned)p->offset, align);
}

static int verify_error(const char *path,
                        const struct fb_partition_table *table,
                        const struct fb_fault *fault)
{
    const struct fb_partition *p = &table->part[fault->offset];
    const struct fb_partition *other = &table->part[fault->want];

    switch (fault->status) {
    case FB_E_OVERLAP:
        return cli_error(path, "Partition %s at 0x%x overlaps %s, 0x%x-0x%x",
                         p->label, (unsigned)p->offset, other->label,
                         (unsigned)other->offset,
                         (unsigned)(other->offset + other->size - 1));
    case FB_E_ALIGN:
        return misaligned(path, p, FB_PARTITION_APP_ALIGN);
    case FB_E_DUPLICATE:
        return cli_error(path, "Partition names must be unique: '%s'",
                         p->label);
    default:
        return cli_error(path, "Partition %s invalid: %s", p->label,
                         fb_status_text(fault->status));
    }
}

// What the table's reader does not demand but the generator does.
static int verify_partition(const struct cli *cli, const char *path,
                            const struct fb_partition *p)
{
    uint64_t first = cli_uint(cli, "offset") + TABLE_SECTOR;
    const char *secure = cli_string(cli, "secure");
    unsigned data_align = (unsigned)cli_uint(cli, "data-align");
    unsigned align = STRICT_ALIGN;

    if (p->offset < first && !fb_partition_is_before_table(p)) {
        return cli_error(path, "Partition offset 0x%x is below 0x%x",
                         (unsigned)p->offset, (unsigned)first);
    }
    if (p->type != FB_PARTITION_APP && p->offset % data_align != 0) {
        return misaligned(path, p, data_align);
    }
    if (p->type != FB_PARTITION_APP && p->offset % STRICT_ALIGN != 0) {
        cli_warning(path,
                    "Partition %s not aligned to 0x1000: newer ESP-IDF "
                    "refuses that",
                    p->label);
    }
    if (secure != NULL && strcmp(secure, "v1") == 0) {
        align = FB_PARTITION_APP_ALIGN;
    }
    if (secure != NULL && p->type == FB_PARTITION_APP && p->size % align != 0) {
        return cli_error(path,
                         "Partition %s invalid: Size 0x%x is not aligned to "
                         "0x%x",
                         p->label, (unsigned)p->size, align);
    }
    return CLI_OK;
}

static int verify(const struct cli *cli, const char *path,
                  const struct fb_partition_table *table)
{
    struct fb_fault fault = {0};

    status_line(cli, "Verifying table...");
    for (uint32_t i = 0; i < table->count; i++) {
        if (verify_partition(cli, path, &table->part[i]) != CLI_OK) {
            return CLI_FAILURE;
        }
    }
    enum fb_status status = fb_partition_table_verify(table, &fault);
    if (status != FB_OK) {
        fault.status = status;
        return verify_error(path, table, &fault);
    }
    return CLI_OK;
}

static int check_flash_size(const struct cli *cli, const char *path,
                            const struct fb_partition_table *table)
{
    const char *text = cli_string(cli, "flash-size");
    uint64_t end = 0;

    if (text == NULL) {
        return CLI_OK;
    }
    uint64_t size = strtoull(text, NULL, 10) * MIB;
    for (uint32_t i = 0; i < table->count; i++) {
        const struct fb_partition *p = &table->part[i];
        uint64_t p_end = (uint64_t)p->offset + p->size;
        end = p_end > end ? p_end : end;
    }
    if (end > size) {
        return cli_error(path,
                         "Partitions occupy %.1fMB of flash (%llu bytes) which "
                         "does not fit in configured flash size %s",
                         (double)end / MIB, (unsigned long long)end, text);
    }
    return CLI_OK;
}

// The directories that lead to path, as far as they are missing.
static void make_directories(const char *path)
{
    char *copy = strdup(path);

    for (char *p = copy; p != NULL && *p != '\0'; p++) {
        if (*p == '/' && p != copy) {
            *p = '\0';
            mkdir(copy, 0777); // what fails here fails again on writing
            *p = '/';
        }
    }
    free(copy);
}

static int write_output(const char *path, const void *data, size_t n)
{
    if (strcmp(path, "-") != 0) {
        make_directories(path);
    }
    int error = host_file_write(path, data, n, HOST_FILE_PUBLIC);
    return error == 0
               ? CLI_OK
               : cli_error(strcmp(path, "-") == 0 ? "standard output" : path,
                           "cannot be written: %s", strerror(error));
}

static int write_table(const char *path, const char *output, bool binary,
                       const struct fb_partition_table *table)
{
    uint8_t bin[FB_PARTITION_TABLE_SIZE];
    char csv[FB_PARTITION_CSV_MAX];

    if (!binary) {
        size_t n = fb_partition_csv_print(table, extra, csv, sizeof(csv));
        return write_output(output, csv, n);
    }
    enum fb_status status = fb_partition_table_encode(table, bin);
    if (status != FB_OK) {
        return cli_error(path, "%u partitions do not fit into a table",
                         (unsigned)table->count);
    }
    return write_output(output, bin, sizeof(bin));
}

static int convert(const struct cli *cli, const char *path,
                   const struct host_file *in)
{
    const char *output = cli_arg(cli, 1) != NULL ? cli_arg(cli, 1) : "-";
    bool is_binary = in->size >= 2 && load16_le(in->data) == 0x50AA;
    static struct fb_partition_table table;
    int status = is_binary ? read_binary(cli, path, in, &table)
                           : read_csv(cli, path, in, &table);

    if (status == CLI_OK && !cli_flag(cli, "no-verify")) {
        status = verify(cli, path, &table);
    }
    if (status == CLI_OK) {
        status = check_flash_size(cli, path, &table);
    }
    if (status == CLI_OK && strcmp(path, "-") != 0 &&
        host_file_same(path, output)) {
        status = cli_error(output, "is the input file and will not be "
                                   "overwritten");
    }
    return status == CLI_OK ? write_table(path, output, !is_binary, &table)
                            : status;
}

static int run(const struct cli *cli)
{
    const char *path = cli_arg(cli, 0);
    const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
    struct host_file in;

    if (cli_uint(cli, "offset") > UINT32_MAX - TABLE_SECTOR) {
        return cli_error("--offset", "0x%llx is beyond any flash",
                         (unsigned long long)cli_uint(cli, "offset"));
    }
    if (cli_given(cli, "primary-bootloader-offset") &&
        cli_uint(cli, "primary-bootloader-offset") >= cli_uint(cli, "offset")) {
        return cli_error("--primary-bootloader-offset",
                         "is not below the partition table");
    }
    if (cli_uint(cli, "recovery-bootloader-offset") > UINT32_MAX) {
        return cli_error("--recovery-bootloader-offset", "is beyond any flash");
    }
    if (load_extra(cli) != CLI_OK) {
        return CLI_FAILURE;
    }
    int error = host_file_read(path, INPUT_MAX, &in);
    if (error != 0) {
        return cli_error(name, "cannot be read: %s", strerror(error));
    }
    int status = convert(cli, path, &in);
    host_file_free(&in);
    return status;
}

static const struct cli_option options[] = {
    {.name = "quiet",
     .shorts = "q",
     .kind = CLI_FLAG,
     .help = "Print nothing but warnings and errors."},
    {.name = "verify",
     .shorts = "v",
     .kind = CLI_FLAG,
     .help = "Verify the table. Always done unless --no-verify is given."},
    {.name = "no-verify",
     .kind = CLI_FLAG,
     .help = "Do not check alignment, overlaps and names."},
    {.name = "flash-size",
     .kind = CLI_CHOICE,
     .value = "SIZE",
     .choices = "1MB|2MB|4MB|8MB|16MB|32MB|64MB|128MB",
     .help = "Refuse a table that needs more flash."},
    {.name = "offset",
     .shorts = "o",
     .kind = CLI_UINT,
     .value = "ADDRESS",
     .fallback = "0x8000",
     .help = "Flash address of the table itself."},
    {.name = "primary-bootloader-offset",
     .kind = CLI_UINT,
     .value = "ADDRESS",
     .help = "Where a row bootloader, primary lies; its size ends at the "
             "table."},
    {.name = "recovery-bootloader-offset",
     .kind = CLI_UINT,
     .value = "ADDRESS",
     .help = "Where a row bootloader, recovery lies."},
    {.name = "disable-md5sum",
     .kind = CLI_FLAG,
     .help = "Write no MD5 row: bootloaders before ESP-IDF 3.1 do not know "
             "it."},
    {.name = "extra-partition-subtypes",
     .kind = CLI_MULTI,
     .value = "SUBTYPE",
     .help = "Names for further subtypes, each \"TYPE, NAME, NUMBER\"."},
    {.name = "data-align",
     .kind = CLI_CHOICE,
     .value = "BYTES",
     .choices = "4|4096",
     .fallback = "4",
     .help = "Where data partitions may start. ESP-IDF 5 demands 4096."},
    {.name = "secure",
     .kind = CLI_MAYBE,
     .choices = "v1|v2",
     .help = "Demand app sizes that Secure Boot needs: multiples of 64 KiB "
             "(v1) or 4 KiB (v2)."},
    {0}};

static const struct cli_command command = {
    .name = "gen_esp32part",
    .arguments = "INPUT [OUTPUT]",
    .min_args = 1,
    .max_args = 2,
    .options = options,
    .help = "Convert a partition table: CSV to binary, binary to CSV.",
    .details = "What INPUT is shows in its first two bytes. \"-\" is standard "
               "input; without OUTPUT the result goes to standard output.",
    .run = run,
};

static const struct cli_tool tool = {
    .name = "gen_esp32part",
    .summary = "Partition tables of the ESP32.",
    .only = &command,
};

int main(int argc, char **argv)
{
    return cli_main(&tool, argc, argv);
}
