// SPDX-License-Identifier: Apache-2.0

#include "host/loader_session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "host/fake_chip.h"

struct bench {
    struct fake_chip *chip;
    struct host_port *port;
    struct host_loader loader;
};

static void open_bench(struct bench *b, bool lines)
{
    b->chip = fake_new();
    b->port = fake_port(b->chip, lines);
    assert_int_equal(host_loader_init(&b->loader, b->port), HOST_LOADER_OK);
}

static void close_bench(struct bench *b)
{
    host_loader_free(&b->loader);
    host_port_close(b->port);
    free(b->chip);
}

// Connected, request counter at 0.
static void connected(struct bench *b)
{
    open_bench(b, false);
    assert_int_equal(host_loader_connect(&b->loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_OK);
    b->chip->requests = 0;
    memset(b->chip->count, 0, sizeof b->chip->count);
}

static void fill(uint8_t *p, size_t n)
{
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = i % 64 < 48 ? (uint8_t)(x >> 24) : 0xA5; // deflates a little
    }
}

static void test_connect(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    assert_false(b.loader.stub);
    assert_int_equal(b.chip->slept_ms, 0);
    close_bench(&b);
}

static void test_connect_stub(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, false);
    b.chip->stub = true;
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_OK);
    assert_true(b.loader.stub);
    close_bench(&b);
}

// Only value 0 in every answer means a stub.
static void test_connect_not_a_stub(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, false);
    b.chip->first_sync_zero = true;
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_OK);
    assert_false(b.loader.stub);
    close_bench(&b);
}

static void test_connect_no_sync(void **state)
{
    (void)state;
    for (int stub = 0; stub < 2; stub++) {
        struct bench b;
        open_bench(&b, false);
        b.chip->stub = stub;
        assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_NO_SYNC),
                         HOST_LOADER_OK);
        assert_int_equal(b.loader.stub, stub);
        assert_int_equal(b.chip->count[8], 0);
        close_bench(&b);
    }
}

// A board on a line without DTR and RTS enters the download mode only when it
// sees SYNC; up to 34 may be lost.
static void test_connect_late(void **state)
{
    (void)state;
    for (unsigned ignored = 0; ignored < 35; ignored += 17) {
        struct bench b;
        open_bench(&b, false);
        b.chip->syncs_ignored = ignored;
        assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                         HOST_LOADER_OK);
        close_bench(&b);
    }
}

static void test_connect_nobody(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, false);
    b.chip->syncs_ignored = 1000;
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_E_TIMEOUT);
    assert_string_equal(b.loader.why, "no chip answers");
    assert_int_equal(b.chip->count[8], 7 * 5);
    close_bench(&b);
}

static void test_connect_other_chip(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, false);
    b.chip->magic = 0xFFF0C101;
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_E_CHIP);
    assert_non_null(strstr(b.loader.why, "0xfff0c101"));
    close_bench(&b);
}

static void test_connect_with_lines(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, true);
    b.chip->boot_log = "rst:0x1 (POWERON_RESET),boot:0x3 "
                       "(DOWNLOAD_BOOT(UART0))\r\nwaiting for download\r\n";
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_OK);
    assert_string_equal(b.chip->lines, "D0R0 D1R1 D0R1 W100 D1R0 W50 D0R0 "
                                       "D0R0 ");
    close_bench(&b);
}

static void test_connect_no_reset_leaves_lines(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, true);
    b.chip->in_download = true;
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_NONE),
                     HOST_LOADER_OK);
    assert_string_equal(b.chip->lines, "");
    close_bench(&b);
}

static void test_connect_wrong_boot_mode(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, true);
    b.chip->no_download = true;
    b.chip->boot_log = "rst:0x1 (POWERON_RESET),boot:0x13 "
                       "(SPI_FAST_FLASH_BOOT)\r\n";
    b.loader.connect_attempts = 2;
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_E_TIMEOUT);
    assert_non_null(strstr(b.loader.why, "boot mode 0x13"));
    close_bench(&b);
}

static void test_connect_custom_sequence(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, true);
    b.loader.download_sequence = "U0,1|W0.2|U1,0|W0.005|D0";
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_OK);
    assert_string_equal(b.chip->lines, "D0R1 W200 D1R0 W5 D0R0 ");
    close_bench(&b);

    open_bench(&b, true);
    b.loader.download_sequence = "D0|R1|X";
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                     HOST_LOADER_E_HOST);
    assert_string_equal(b.chip->lines, "");
    close_bench(&b);
}

static void test_registers(void **state)
{
    (void)state;
    struct bench b;
    uint32_t value = 0;
    connected(&b);
    assert_int_equal(
        host_loader_write_reg(&b.loader, 0x3FF00000, 0xC0DBDCDD, ~0u, 0), 0);
    assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00000, &value), 0);
    assert_int_equal(value, 0xC0DBDCDD);
    close_bench(&b);
}

// A lost request, a lost, garbled or late answer: asked again, never taken for
// the answer of another question.
static void test_read_reg_survives(void **state)
{
    (void)state;
    for (int fault = 0; fault < 6; fault++) {
        struct bench b;
        uint32_t value = 0;
        connected(&b);
        *fake_reg(b.chip, 0x3FF00000) = 0x11111111;
        *fake_reg(b.chip, 0x3FF00004) = 0x22222222;
        b.chip->lose_request = fault == 0;
        b.chip->lose_answer = fault == 1;
        b.chip->corrupt_answer = fault == 2;
        b.chip->garbage_before = fault == 3;
        b.chip->late_answer = fault == 4 || fault == 5;
        b.chip->late_ms = fault == 4 ? 3020 : 500;
        assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00000, &value),
                         0);
        assert_int_equal(value, 0x11111111);
        assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00004, &value),
                         0);
        assert_int_equal(value, 0x22222222);
        close_bench(&b);
    }
}

// The first answer comes just after the question was repeated, the second one
// when the next question is out.
static void test_read_reg_two_answers(void **state)
{
    (void)state;
    struct bench b;
    uint32_t value = 0;
    connected(&b);
    *fake_reg(b.chip, 0x3FF00000) = 0x11111111;
    *fake_reg(b.chip, 0x3FF00004) = 0x22222222;
    b.chip->latency_ms = 60;
    b.chip->late_answer = 1;
    b.chip->late_ms = 2989;
    assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00000, &value), 0);
    assert_int_equal(value, 0x11111111);
    assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00004, &value), 0);
    assert_int_equal(value, 0x22222222);
    close_bench(&b);
}

// Answers that nobody waits for: one that came earlier, one to another
// operation.
static void test_stray_answers(void **state)
{
    (void)state;
    struct bench b;
    uint32_t value = 0;
    connected(&b);
    *fake_reg(b.chip, 0x3FF00000) = 0x11111111;
    fake_answer(b.chip, 0x0A, 0x55555555, NULL, 0, 0);
    b.chip->now_ms += 5;
    b.chip->stale_before = 1;
    assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00000, &value), 0);
    assert_int_equal(value, 0x11111111);
    close_bench(&b);
}

static void test_silence(void **state)
{
    (void)state;
    struct bench b;
    uint32_t value = 77;
    connected(&b);
    b.chip->lose_from = 1;
    assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00000, &value),
                     HOST_LOADER_E_TIMEOUT);
    assert_int_equal(value, 77);
    assert_non_null(strstr(b.loader.why, "no answer to READ_REG"));
    close_bench(&b);
}

static void test_nonsense_answer(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    b.chip->short_answer = 1;
    assert_int_equal(host_loader_write_reg(&b.loader, 0x3FF00000, 1, ~0u, 0),
                     HOST_LOADER_E_ANSWER);
    b.chip->corrupt_answer = 2;
    assert_int_equal(host_loader_write_reg(&b.loader, 0x3FF00000, 1, ~0u, 0),
                     HOST_LOADER_E_ANSWER);
    close_bench(&b);
}

static void test_refused(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    b.chip->refuse = 1;
    b.chip->refuse_with = 6;
    assert_int_equal(host_loader_write_reg(&b.loader, 0x3FF00000, 1, ~0u, 0),
                     HOST_LOADER_E_REFUSED);
    assert_int_equal(b.loader.error, 6);
    assert_non_null(strstr(b.loader.why, "operation failed"));
    close_bench(&b);
}

// An error comes without the result that success would bring; a stub has codes
// of its own.
static void test_refused_with_result(void **state)
{
    (void)state;
    for (int stub = 0; stub < 2; stub++) {
        struct bench b;
        uint8_t md5[16];
        connected(&b);
        b.chip->stub = b.loader.stub = stub;
        b.chip->refuse = 1;
        b.chip->refuse_with = stub ? 0xC4 : 9;
        assert_int_equal(host_loader_flash_md5(&b.loader, 0, 16, md5),
                         HOST_LOADER_E_REFUSED);
        assert_int_equal(b.loader.error, stub ? 0xC4 : 9);
        close_bench(&b);
    }
}

static void test_vanished(void **state)
{
    (void)state;
    struct bench b;
    uint8_t p[0x2000] = {0};
    uint32_t value;
    connected(&b);
    b.chip->vanish_at = 4;
    assert_int_equal(
        host_loader_flash_write(&b.loader, 0, p, sizeof p, false, NULL, NULL),
        HOST_LOADER_E_PORT);
    assert_non_null(strstr(b.loader.why, "vanished"));
    assert_int_equal(host_loader_read_reg(&b.loader, 0, &value),
                     HOST_LOADER_E_PORT);
    close_bench(&b);
}

// The ROM answers what it does not know with its previous answer and error 5,
// eight times after SYNC.
static void test_unknown_command(void **state)
{
    (void)state;
    struct bench b;
    uint8_t md5[16];
    uint32_t value = 0;
    connected(&b);
    *fake_reg(b.chip, 0x3FF00000) = 9;
    b.chip->unknown_md5 = true;
    assert_int_equal(host_loader_flash_md5(&b.loader, 0, 16, md5),
                     HOST_LOADER_E_REFUSED);
    assert_int_equal(b.loader.error, 5);
    assert_non_null(strstr(b.loader.why, "SPI_FLASH_MD5"));
    assert_int_equal(host_loader_read_reg(&b.loader, 0x3FF00000, &value), 0);
    assert_int_equal(value, 9);
    close_bench(&b);
}

static unsigned progress_calls;
static size_t progress_last;

static void progress(void *ctx, uint32_t flash_off, size_t done, size_t n)
{
    (void)flash_off;
    assert_ptr_equal(ctx, &progress_calls);
    assert_true(done > progress_last && done <= n);
    progress_last = done;
    progress_calls++;
}

static void write_and_check(struct bench *b, uint32_t flash_off, size_t n,
                            bool compress)
{
    static uint8_t p[0x20000], back[0x20000];
    fill(p, n);
    progress_calls = 0;
    progress_last = 0;
    assert_int_equal(host_loader_flash_write(&b->loader, flash_off, p, n,
                                             compress, progress,
                                             &progress_calls),
                     HOST_LOADER_OK);
    assert_int_equal(progress_last, b->loader.sent);
    assert_memory_equal(b->chip->flash + flash_off, p, n);
    for (size_t i = n; i % 0x1000 != 0; i++) {
        assert_int_equal(b->chip->flash[flash_off + i], 0xFF);
    }
    assert_int_equal(host_loader_flash_verify(&b->loader, flash_off, p, n),
                     HOST_LOADER_OK);
    assert_int_equal(
        host_loader_flash_read(&b->loader, flash_off, back, n, NULL, NULL),
        HOST_LOADER_OK);
    assert_memory_equal(back, p, n);
    assert_int_equal(b->chip->acked, b->loader.stub ? n : 0);
}

static void test_flash(void **state)
{
    (void)state;
    static const size_t sizes[] = {1,     63,    64,    65,     0x3FF,
                                   0x400, 0x401, 0xFFF, 0x1000, 0x12345};
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct bench b;
            connected(&b);
            b.chip->stub = b.loader.stub = kind & 1;
            write_and_check(&b, 0x1000, sizes[i], kind & 2);
            close_bench(&b);
        }
    }
}

static void test_stream_is_checked(void **state)
{
    (void)state;
    static uint8_t p[0x3000];
    struct bench b;
    connected(&b);
    b.chip->stub = b.loader.stub = true;
    b.chip->damage_stream = true;
    assert_int_equal(
        host_loader_flash_read(&b.loader, 0, p, sizeof p, NULL, NULL),
        HOST_LOADER_E_VERIFY);
    close_bench(&b);
}

static void test_md5_in_capitals(void **state)
{
    (void)state;
    static const uint8_t empty[] = {0xFF, 0xFF};
    struct bench b;
    connected(&b);
    b.chip->upper_case = true;
    assert_int_equal(host_loader_flash_verify(&b.loader, 0, empty, 2), 0);
    close_bench(&b);
}

static void test_attach(void **state)
{
    (void)state;
    for (int stub = 0; stub < 2; stub++) {
        struct bench b;
        connected(&b);
        b.chip->stub = b.loader.stub = stub;
        assert_int_equal(host_loader_flash_attach(&b.loader, 0), 0);
        assert_int_equal(b.chip->len[0x0D], stub ? 4 : 8);
        close_bench(&b);
    }
}

// The published example of a FLASH_BEGIN: 0x5400 bytes at 0x1000 are 0x15
// blocks of 0x400.
static void test_flash_begin(void **state)
{
    (void)state;
    static const uint8_t p[0x5400];
    struct bench b;
    connected(&b);
    assert_int_equal(host_loader_flash_write(&b.loader, 0x1000, p, sizeof p,
                                             false, NULL, NULL),
                     0);
    const uint32_t want[] = {0x5400, 0x15, 0x400, 0x1000};
    assert_memory_equal(b.chip->flash_begin, want, sizeof want);
    assert_int_equal(b.chip->count[3], 0x15);
    assert_int_equal(b.chip->count[4], 0); // the ROM would leave the loader

    assert_int_equal(
        host_loader_flash_write(&b.loader, 0x1000, p, 0x5001, true, NULL, NULL),
        0);
    // whole blocks for the ROM
    assert_int_equal(b.chip->flash_begin[0], 0x5400);
    assert_true(b.loader.sent < 100);
    close_bench(&b);
}

static void test_incompressible_goes_plain(void **state)
{
    (void)state;
    uint8_t p[256];
    struct bench b;
    connected(&b);
    for (size_t i = 0; i < sizeof p; i++) {
        p[i] = (uint8_t)i;
    }
    assert_int_equal(
        host_loader_flash_write(&b.loader, 0, p, sizeof p, true, NULL, NULL),
        0);
    assert_int_equal(b.chip->count[0x10], 0);
    assert_int_equal(b.loader.sent, sizeof p);
    close_bench(&b);
}

// Whatever happens to one block, or its answer, the flash is right.
static void test_block_survives(void **state)
{
    (void)state;
    for (unsigned which = 2; which < 12; which++) {
        for (int fault = 0; fault < 6; fault++) {
            for (int compress = 0; compress < 2; compress++) {
                struct bench b;
                connected(&b);
                b.chip->lose_request = fault == 0 ? which : 0;
                b.chip->lose_answer = fault == 1 ? which : 0;
                b.chip->corrupt_request = fault == 2 ? which : 0;
                b.chip->corrupt_answer = fault == 3 ? which : 0;
                b.chip->late_answer = fault == 4 ? which : 0;
                b.chip->late_ms = compress ? 40050 : 3050; // just too late
                b.chip->garbage_before = fault == 5 ? which : 0;
                write_and_check(&b, 0, 0x5000, compress);
                close_bench(&b);
            }
        }
    }
}

static void test_block_gives_up(void **state)
{
    (void)state;
    static const uint8_t p[0x1000];
    struct bench b;
    connected(&b);
    b.chip->lose_from = 3;
    assert_int_equal(
        host_loader_flash_write(&b.loader, 0, p, sizeof p, false, NULL, NULL),
        HOST_LOADER_E_TIMEOUT);
    assert_int_equal(b.chip->requests, 2 + 3);
    close_bench(&b);

    connected(&b);
    b.chip->refuse = 3;
    b.chip->refuse_with = 8;
    assert_int_equal(
        host_loader_flash_write(&b.loader, 0, p, sizeof p, false, NULL, NULL),
        HOST_LOADER_E_REFUSED);
    assert_non_null(strstr(b.loader.why, "FLASH_DATA"));
    close_bench(&b);
}

static void test_verify_finds_a_flipped_bit(void **state)
{
    (void)state;
    uint8_t p[0x1000];
    struct bench b;
    connected(&b);
    fill(p, sizeof p);
    b.chip->flip_flash = true;
    assert_int_equal(
        host_loader_flash_write(&b.loader, 0, p, sizeof p, false, NULL, NULL),
        0);
    assert_int_equal(host_loader_flash_verify(&b.loader, 0, p, sizeof p),
                     HOST_LOADER_E_VERIFY);
    close_bench(&b);
}

static void test_erase(void **state)
{
    (void)state;
    for (int stub = 0; stub < 2; stub++) {
        struct bench b;
        connected(&b);
        b.chip->stub = b.loader.stub = stub;
        memset(b.chip->flash, 0, FAKE_FLASH);
        assert_int_equal(host_loader_flash_erase(&b.loader, 0x2000, 0x3000), 0);
        assert_int_equal(b.chip->flash[0x1FFF], 0);
        assert_int_equal(b.chip->flash[0x2000], 0xFF);
        assert_int_equal(b.chip->flash[0x4FFF], 0xFF);
        assert_int_equal(b.chip->flash[0x5000], 0);
        close_bench(&b);
    }
}

static void test_blank_sectors(void **state)
{
    (void)state;
    enum { SECTORS = 2500 };
    static bool blank[SECTORS];
    struct bench b;
    connected(&b);
    b.chip->stub = b.loader.stub = true;
    memset(b.chip->flash, 0xFF, FAKE_FLASH);
    b.chip->flash[0] = b.chip->flash[0x9FFF] = b.chip->flash[0xB000] = 0;
    memset(blank, 2, sizeof blank);
    assert_int_equal(host_loader_blank_sectors(&b.loader, 0, SECTORS, blank),
                     0);
    for (unsigned i = 0; i < SECTORS; i++) {
        assert_int_equal(blank[i], i != 0 && i != 9 && i != 11);
    }
    unsigned requests = b.chip->requests;
    assert_int_equal(host_loader_blank_sectors(&b.loader, 0x9000, 3, blank), 0);
    assert_int_equal(b.chip->requests, requests + 1);
    assert_false(blank[0]);
    assert_true(blank[1]);
    assert_false(blank[2]);
    // another stub
    b.chip->refuse = b.chip->requests + 1;
    b.chip->refuse_with = FB_LOADER_E_STUB_COMMAND;
    assert_int_equal(host_loader_blank_sectors(&b.loader, 0, 1, blank),
                     HOST_LOADER_E_REFUSED);
    close_bench(&b);
}

static void test_flash_id(void **state)
{
    (void)state;
    struct bench b;
    uint32_t id = 0;
    connected(&b);
    *fake_reg(b.chip, 0x3FF4201C) = 0x80000040; // the ROM's own settings
    *fake_reg(b.chip, 0x3FF42024) = 0x70000003;
    assert_int_equal(host_loader_flash_id(&b.loader, &id), 0);
    assert_int_equal(id, 0x164020);
    assert_int_equal(host_loader_flash_bytes(id), 4 << 20);
    assert_int_equal(*fake_reg(b.chip, 0x3FF4201C), 0x80000040);
    assert_int_equal(*fake_reg(b.chip, 0x3FF42024), 0x70000003);
    close_bench(&b);
}

// RDSFDP: the address stands left-aligned in its register, the lengths are one
// less than what they count (TRM "SPI").
static void test_spi_address(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    const uint8_t out[] = {1, 2, 3, 4, 5};
    const struct host_spi_command c = {.opcode = 0x5A,
                                       .addr = 0x123456,
                                       .addr_bits = 24,
                                       .dummy_bits = 8,
                                       .out = out,
                                       .out_len = 5,
                                       .in_bits = 32};
    assert_int_equal(host_loader_spi(&b.loader, &c, NULL), 0);
    assert_int_equal(*fake_reg(b.chip, 0x3FF42004), 0x12345600);
    assert_int_equal(*fake_reg(b.chip, 0x3FF42020), 23u << 26 | 7);
    assert_int_equal(*fake_reg(b.chip, 0x3FF42028), 39);
    assert_int_equal(*fake_reg(b.chip, 0x3FF4202C), 31);
    assert_int_equal(*fake_reg(b.chip, 0x3FF42084), 5);
    close_bench(&b);
}

static void test_flash_sizes(void **state)
{
    (void)state;
    assert_int_equal(host_loader_flash_bytes(0x1840EF), 16 << 20);
    assert_int_equal(host_loader_flash_bytes(0x3340EF), 512 << 10);
    assert_int_equal(host_loader_flash_bytes(0x2040EF), 64 << 20);
    assert_int_equal(host_loader_flash_bytes(0x01471F), 4 << 20); // AT25SF321
    assert_int_equal(host_loader_flash_bytes(0xFFFFFF), 0);
    assert_int_equal(host_loader_flash_bytes(0), 0);
}

// CLK8M_FREQ 48 and a calibration value that makes the ROM believe in 42 MHz:
// it is told a rate 42/40 of the real one.
// A crystal of crystal_hz that the ROM takes for rom_hz.
static void change_baud(struct bench *b, uint32_t rom_hz, uint32_t crystal_hz)
{
    uint32_t cali = (uint32_t)((uint64_t)rom_hz * 40 / 15625 / 48);
    *fake_reg(b->chip, 0x3FF5F06C) = cali << 7;
    *fake_reg(b->chip, 0x3FF5A010) = 48;
    uint32_t measured = (uint32_t)((uint64_t)cali * 15625 * 48 / 40);
    assert_int_equal(host_loader_change_baud(&b->loader, 921600), 0);
    assert_int_equal(b->chip->baud, 921600);
    assert_int_equal(b->chip->rate_word, 921600ull * measured / crystal_hz);
    assert_true(measured > rom_hz - 100000 && measured <= rom_hz);
}

static void test_change_baud(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    change_baud(&b, 42000000, 40000000);
    change_baud(&b, 27000000, 26000000);
    change_baud(&b, 25200000, 26000000);
    b.chip->refuse_baud = true;
    assert_int_equal(host_loader_change_baud(&b.loader, 12345678),
                     HOST_LOADER_E_HOST);
    close_bench(&b);
}

static void test_hard_reset_by_lines(void **state)
{
    (void)state;
    struct bench b;
    open_bench(&b, true);
    assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT), 0);
    b.chip->lines[0] = 0;
    assert_int_equal(host_loader_reset(&b.loader, HOST_AFTER_HARD), 0);
    assert_string_equal(b.chip->lines, "D0R0 D0R1 W100 D0R0 ");
    assert_false(b.chip->in_download);
    close_bench(&b);
}

static void test_hard_reset_by_watchdog(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    b.chip->lose_answer = 4; // it bites before the answer is out
    assert_int_equal(host_loader_reset(&b.loader, HOST_AFTER_HARD), 0);
    assert_int_equal(*fake_reg(b.chip, 0x3FF480A4), 0x50D83AA1);
    uint32_t config = *fake_reg(b.chip, 0x3FF4808C);
    assert_int_equal(config >> 28, 0x8 | 4); // on, stage 0: reset chip and RTC
    assert_true(*fake_reg(b.chip, 0x3FF48090) < 150000); // within a second
    close_bench(&b);
}

static void test_soft_reset(void **state)
{
    (void)state;
    struct bench b;
    connected(&b);
    assert_int_equal(host_loader_reset(&b.loader, HOST_AFTER_NONE), 0);
    assert_false(b.chip->leaving);
    assert_int_equal(host_loader_reset(&b.loader, HOST_AFTER_SOFT), 0);
    assert_true(b.chip->leaving);
    close_bench(&b);
}

static void test_mem(void **state)
{
    (void)state;
    static uint8_t p[0x3001];
    struct bench b;
    connected(&b);
    assert_int_equal(host_loader_mem_write(&b.loader, 0x40080000, p, sizeof p),
                     0);
    assert_int_equal(b.chip->count[5], 1);
    assert_int_equal(b.chip->count[7], 3);
    b.chip->lose_answer = b.chip->requests + 1; // the ROM jumped
    assert_int_equal(host_loader_mem_run(&b.loader, 0x40080000), 0);
    close_bench(&b);
}

// The ROM's answer to MEM_END may be lost; the stub's greeting may not.
static void test_run_stub(void **state)
{
    (void)state;
    static const uint8_t text[0x2000], data[8];
    static const struct host_stub stub = {0x40098304, 0x40098300, 0x3FFB8000,
                                          text,       data,       sizeof text,
                                          sizeof data};
    for (int fault = 0; fault < 5; fault++) {
        struct bench b;
        connected(&b);
        b.chip->greets = fault != 2;
        b.chip->lose_answer = fault == 1 ? 6 : 0;
        b.chip->refuse = fault == 3 ? 6 : fault == 4 ? 2 : 0;
        b.chip->refuse_with = 6;
        int status = host_loader_run_stub(&b.loader, &stub);
        assert_int_equal(b.chip->count[5], fault == 4 ? 1 : 2);
        if (fault < 2) {
            assert_int_equal(status, HOST_LOADER_OK);
            assert_true(b.loader.stub);
            // nothing is uploaded a second time
            assert_int_equal(host_loader_run_stub(&b.loader, &stub), 0);
            assert_int_equal(b.chip->count[5], 2);
            assert_int_equal(host_loader_run_user_code(&b.loader), 0);
            assert_int_equal(b.chip->count[0xD3], 1);
        } else {
            assert_int_equal(status, fault == 2 ? HOST_LOADER_E_TIMEOUT
                                                : HOST_LOADER_E_REFUSED);
            assert_false(b.loader.stub);
            assert_non_null(strstr(b.loader.why,
                                   fault == 2 ? "does not start" : "refused"));
        }
        close_bench(&b);
    }
}

// The fifth word asks to encrypt.
static void test_encrypt_word(void **state)
{
    (void)state;
    static uint8_t p[64];
    for (int encrypt = 0; encrypt < 2; encrypt++) {
        struct bench b;
        open_bench(&b, false);
        b.chip->stub = true;
        assert_int_equal(host_loader_connect(&b.loader, HOST_BEFORE_DEFAULT),
                         HOST_LOADER_OK);
        b.loader.encrypt = encrypt;
        assert_int_equal(host_loader_flash_write(&b.loader, 0, p, sizeof p,
                                                 false, NULL, NULL),
                         HOST_LOADER_OK);
        assert_int_equal(b.chip->len[2], encrypt ? 20 : 16);
        close_bench(&b);
    }
}

// Every request of a whole session damaged in turn must end in success or in a
// clean error, never in a hang or in success with wrong data.
static void test_every_loss(void **state)
{
    (void)state;
    static uint8_t p[0x1800];
    fill(p, sizeof p);
    for (unsigned which = 1; which < 40; which++) {
        for (int fault = 0; fault < 4; fault++) {
            struct bench b;
            open_bench(&b, false);
            b.chip->lose_request = fault == 0 ? which : 0;
            b.chip->lose_answer = fault == 1 ? which : 0;
            b.chip->corrupt_request = fault == 2 ? which : 0;
            b.chip->vanish_at = fault == 3 ? which : 0;
            int status = host_loader_connect(&b.loader, HOST_BEFORE_NONE);
            uint32_t id;
            if (status == 0) {
                status = host_loader_flash_id(&b.loader, &id);
            }
            if (status == 0) {
                status = host_loader_flash_write(&b.loader, 0, p, sizeof p,
                                                 true, NULL, NULL);
            }
            if (status == 0) {
                status = host_loader_flash_verify(&b.loader, 0, p, sizeof p);
            }
            if (status == 0) {
                assert_memory_equal(b.chip->flash, p, sizeof p);
            } else {
                assert_true(status >= HOST_LOADER_E_HOST);
                assert_true(b.loader.why[0] != 0);
            }
            close_bench(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),
        cmocka_unit_test(test_connect_stub),
        cmocka_unit_test(test_connect_not_a_stub),
        cmocka_unit_test(test_connect_no_sync),
        cmocka_unit_test(test_connect_late),
        cmocka_unit_test(test_connect_nobody),
        cmocka_unit_test(test_connect_other_chip),
        cmocka_unit_test(test_connect_with_lines),
        cmocka_unit_test(test_connect_no_reset_leaves_lines),
        cmocka_unit_test(test_connect_wrong_boot_mode),
        cmocka_unit_test(test_connect_custom_sequence),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_read_reg_survives),
        cmocka_unit_test(test_read_reg_two_answers),
        cmocka_unit_test(test_stray_answers),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_nonsense_answer),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_with_result),
        cmocka_unit_test(test_vanished),
        cmocka_unit_test(test_unknown_command),
        cmocka_unit_test(test_flash),
        cmocka_unit_test(test_stream_is_checked),
        cmocka_unit_test(test_md5_in_capitals),
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_flash_begin),
        cmocka_unit_test(test_incompressible_goes_plain),
        cmocka_unit_test(test_block_survives),
        cmocka_unit_test(test_block_gives_up),
        cmocka_unit_test(test_verify_finds_a_flipped_bit),
        cmocka_unit_test(test_erase),
        cmocka_unit_test(test_blank_sectors),
        cmocka_unit_test(test_flash_id),
        cmocka_unit_test(test_spi_address),
        cmocka_unit_test(test_flash_sizes),
        cmocka_unit_test(test_change_baud),
        cmocka_unit_test(test_hard_reset_by_lines),
        cmocka_unit_test(test_hard_reset_by_watchdog),
        cmocka_unit_test(test_soft_reset),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_run_stub),
        cmocka_unit_test(test_encrypt_word),
        cmocka_unit_test(test_every_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
