// SPDX-License-Identifier: Apache-2.0

#include "firmware/drivers/soc.h"
#include "firmware/drivers/uart.h"
#include "firmware/stub/stub.h"
#include "lib/fb/bytes.h"

#define SYNC_ANSWERS 8 // as the ROM: hosts wait for that many
#define FLASH_MAX    0x1000000u

// TRM "Watchdog Timers".
#define RTC_CNTL_WDTCONFIG1   0x3FF48090u
#define RTC_CNTL_WDT_EN       (1u << 31)
#define RTC_CNTL_WDT_STG0_RTC (4u << 28) // stage 0 resets chip and RTC
#define RTC_CNTL_WDT_LENGTHS  (7u << 14 | 7u << 11)

// The interrupt's and the program's.
static struct stub stub;

void stub_interrupt(void)
{
    link_receive(&stub.link);
}

uint32_t stub_word(const struct stub *s, unsigned i)
{
    return load32_le(s->request.data + 4 * i);
}

bool stub_outside_flash(const struct stub *s, uint32_t flash_off, uint32_t n)
{
    uint32_t size = flash_size();

    if (size == 0) {
        size = s->flash_size != 0 ? s->flash_size : FLASH_MAX;
    }
    return flash_off > size || n > size - flash_off;
}

void stub_answer(struct stub *s, uint8_t error, uint32_t value,
                 const uint8_t *data, size_t n)
{
    const uint8_t status[FB_LOADER_STATUS_STUB] = {error, 0};
    uint8_t header[FB_LOADER_HEADER] = {1, s->request.op,
                                        (uint8_t)(n + sizeof(status)), 0};

    store32_le(header + 4, value);
    link_end();
    link_put(header, sizeof(header));
    link_put(data, n);
    link_put(status, sizeof(status));
    link_end();
}

// A frame whose length is not what it says lost bytes on the line. If it was a
// request, the host need not wait in vain.
static bool take_request(struct stub *s)
{
    const struct fb_slip_rx *rx = &s->link.rx;

    if (fb_loader_request_parse(rx->buf, rx->len, &s->request) == FB_OK) {
        return true;
    }
    if (rx->len >= FB_LOADER_HEADER && rx->buf[0] == 0) {
        s->request.op = rx->buf[1];
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
    }
    return false;
}

void stub_next_request(struct stub *s)
{
    for (;;) {
        if (link_poll(&s->link)) {
            if (take_request(s)) {
                return;
            }
        } else if (!stub_erase_ahead(&s->transfer)) {
            link_wait(&s->link);
        }
    }
}

const uint8_t *stub_payload(struct stub *s, enum transfer_kind kind, size_t *n)
{
    struct transfer *t = &s->transfer;
    const uint8_t *p;
    uint32_t sequence;
    enum fb_status status =
        fb_loader_request_payload(&s->request, &sequence, &p, n);

    if (t->kind != kind) {
        stub_done(s, FB_LOADER_E_STUB_NOT_FLASHING);
    } else if (status == FB_E_BAD_CHECKSUM) {
        stub_done(s, FB_LOADER_E_STUB_CHECKSUM);
    } else if (status != FB_OK) {
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
    } else if (t->error != 0) {
        stub_done(s, t->error);
    } else if (sequence + 1 == t->sequence) {
        stub_done(s, 0); // once more: only the answer was lost
    } else if (sequence != t->sequence) {
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
    } else {
        t->sequence++;
        return p;
    }
    return NULL;
}

static void synchronise(struct stub *s)
{
    for (int i = 0; i < SYNC_ANSWERS; i++) {
        stub_done(s, 0);
    }
}

static void change_baud(struct stub *s)
{
    uint32_t new_baud = stub_word(s, 0), old_baud = stub_word(s, 1);

    if (new_baud == 0 || old_baud == 0) {
        stub_done(s, FB_LOADER_E_STUB_DATA_LENGTH);
        return;
    }
    stub_done(s, 0);
    link_set_baud(new_baud, old_baud);
}

// As if power came: the straps are sampled anew, and the application starts
// unless they ask for the loader again.
static _Noreturn void restart(void)
{
    uart_flush();
    REG32(RTC_CNTL_WDTWPROTECT) = RTC_CNTL_WDT_WKEY;
    REG32(RTC_CNTL_WDTFEED) = 1u << 31;
    REG32(RTC_CNTL_WDTCONFIG1) = 2000; // slow clock cycles: about 13 ms
    REG32(RTC_CNTL_WDTCONFIG0) =
        RTC_CNTL_WDT_EN | RTC_CNTL_WDT_STG0_RTC | RTC_CNTL_WDT_LENGTHS;
    for (;;) {
    }
}

// Words of each request.
enum { ANY = 0x7F, OR_ONE_MORE = 0x80 };

static const uint8_t words[][2] = {
    {FB_LOADER_SYNC, 9},
    {FB_LOADER_READ_REG, 1},
    {FB_LOADER_WRITE_REG, ANY},
    {FB_LOADER_MEM_BEGIN, 4},
    {FB_LOADER_MEM_DATA, ANY},
    {FB_LOADER_MEM_END, 2},
    {FB_LOADER_CHANGE_BAUDRATE, 2},
    {FB_LOADER_SPI_ATTACH, 1 | OR_ONE_MORE}, // the ROM's second word
    {FB_LOADER_SPI_SET_PARAMS, 6},
    {FB_LOADER_FLASH_BEGIN, 4 | OR_ONE_MORE}, // the fifth: encrypt
    {FB_LOADER_FLASH_DEFL_BEGIN, 4 | OR_ONE_MORE},
    {FB_LOADER_FLASH_DATA, ANY},
    {FB_LOADER_FLASH_ENCRYPT_DATA, ANY},
    {FB_LOADER_FLASH_DEFL_DATA, ANY},
    {FB_LOADER_FLASH_END, 1},
    {FB_LOADER_FLASH_DEFL_END, 1},
    {FB_LOADER_ERASE_FLASH, 0},
    {FB_LOADER_ERASE_REGION, 2},
    {FB_LOADER_READ_FLASH, 4},
    {FB_LOADER_SPI_FLASH_MD5, 4},
    {FB_LOADER_RUN_USER_CODE, 0},
    {FB_LOADER_BLANK_SECTORS, 2},
};

static uint8_t check_request(const struct fb_loader_request *r)
{
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        unsigned want = words[i][1];
        size_t more = r->len - 4 * (want & ANY);

        if (words[i][0] == r->op) {
            return want == ANY || more == 0 || (want > ANY && more == 4)
                       ? 0
                       : FB_LOADER_E_STUB_DATA_LENGTH;
        }
    }
    return FB_LOADER_E_STUB_COMMAND;
}

static void serve_other(struct stub *s)
{
    switch (s->request.op) {
    case FB_LOADER_SYNC:
        synchronise(s);
        return;
    case FB_LOADER_READ_REG:
        stub_read_reg(s);
        return;
    case FB_LOADER_WRITE_REG:
        stub_write_reg(s);
        return;
    case FB_LOADER_MEM_BEGIN:
        stub_mem_begin(s);
        return;
    case FB_LOADER_MEM_DATA:
        stub_mem_data(s);
        return;
    case FB_LOADER_MEM_END:
        stub_mem_end(s);
        return;
    case FB_LOADER_CHANGE_BAUDRATE:
        change_baud(s);
        return;
    case FB_LOADER_RUN_USER_CODE: // no answer
        restart();
    }
}

static void serve(struct stub *s)
{
    uint8_t error = check_request(&s->request);

    if (error != 0) {
        stub_done(s, error);
        return;
    }
    switch (s->request.op) {
    case FB_LOADER_SPI_ATTACH:
        stub_done(s, 0);
        return;
    case FB_LOADER_SPI_SET_PARAMS:
        s->flash_size = stub_word(s, 1);
        stub_done(s, 0);
        return;
    case FB_LOADER_FLASH_BEGIN:
        stub_flash_begin(s);
        return;
    case FB_LOADER_FLASH_DEFL_BEGIN:
        stub_deflate_begin(s);
        return;
    case FB_LOADER_FLASH_DATA:
    case FB_LOADER_FLASH_ENCRYPT_DATA:
        stub_flash_data(s);
        return;
    case FB_LOADER_FLASH_DEFL_DATA:
        stub_deflate_data(s);
        return;
    case FB_LOADER_FLASH_END:
    case FB_LOADER_FLASH_DEFL_END:
        stub_flash_end(s);
        return;
    case FB_LOADER_ERASE_FLASH:
        stub_erase_flash(s);
        return;
    case FB_LOADER_ERASE_REGION:
        stub_erase_region(s, stub_word(s, 0), stub_word(s, 1));
        return;
    case FB_LOADER_READ_FLASH:
        stub_read_flash(s);
        return;
    case FB_LOADER_SPI_FLASH_MD5:
        stub_flash_md5(s);
        return;
    case FB_LOADER_BLANK_SECTORS:
        stub_blank_sectors(s);
        return;
    default:
        serve_other(s);
        return;
    }
}

_Noreturn void stub_main(void)
{
    struct stub *s = &stub;

    link_init(&s->link);
    link_send((const uint8_t *)"OHAI", 4);
    for (;;) {
        if (!s->pending) {
            stub_next_request(s);
        }
        s->pending = false;
        serve(s);
    }
}
