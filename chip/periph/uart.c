// SPDX-License-Identifier: Apache-2.0

#include "chip/periph/uart.h"

#include <string.h>

#include "chip/soc.h"

#define FIFO      0x00u
#define INT_RAW   0x04u
#define INT_ST    0x08u
#define INT_ENA   0x0Cu
#define INT_CLR   0x10u
#define CLKDIV    0x14u
#define AUTOBAUD  0x18u
#define STATUS    0x1Cu
#define CONF0     0x20u
#define CONF1     0x24u
#define LOWPULSE  0x28u
#define HIGHPULSE 0x2Cu
#define RXD_CNT   0x30u

#define INT_RXFIFO_FULL  (1u << 0)
#define INT_TXFIFO_EMPTY (1u << 1)
#define INT_RXFIFO_OVF   (1u << 4)
#define INT_RXFIFO_TOUT  (1u << 8)
#define INT_TX_DONE      (1u << 14)

#define CONF0_RXFIFO_RST         (1u << 17)
#define CONF0_LOOPBACK           (1u << 14)
#define CONF0_TICK_REF_ALWAYS_ON (1u << 27)
#define CONF1_RX_TOUT_EN         (1u << 31)
#define REF_TICK_HZ              1000000u
#define PULSE_SHORT              9u

static const uint32_t bases[CHIP_UARTS] = {0x3FF40000u, 0x3FF50000u,
                                           0x3FF6E000u};

static unsigned uart_of(uint32_t vaddr)
{
    uint32_t base = vaddr & ~0xFFFu;

    return base == bases[0] ? 0 : base == bases[1] ? 1 : 2;
}

// The level conditions; the others stand in INT_RAW until they are cleared.
static uint32_t raw_bits(const struct chip *chip, unsigned uart)
{
    uint32_t base = bases[uart];
    uint32_t raw = soc_reg_get(chip, base + INT_RAW);
    uint32_t conf1 = soc_reg_get(chip, base + CONF1);
    unsigned count = chip->uart[uart].rx_count;
    uint32_t full = conf1 & 0x7Fu;

    raw |= INT_TXFIFO_EMPTY; // it drains at once
    if (count >= full && count > 0) {
        raw |= INT_RXFIFO_FULL;
    }
    if (count > 0 && (conf1 & CONF1_RX_TOUT_EN) != 0) {
        raw |= INT_RXFIFO_TOUT; // bytes wait, the line is silent
    }
    return raw;
}

static void update(struct chip *chip, unsigned uart)
{
    uint32_t ena = soc_reg_get(chip, bases[uart] + INT_ENA);

    soc_source_set(chip, SOC_SRC_UART0 + uart,
                   (raw_bits(chip, uart) & ena) != 0);
}

static void set_raw(struct chip *chip, unsigned uart, uint32_t bits)
{
    *soc_reg(chip, bases[uart] + INT_RAW) |= bits;
    update(chip, uart);
}

int uart_take(struct chip *chip, unsigned uart)
{
    struct soc_uart *u = &chip->uart[uart];
    uint8_t byte;

    if (u->rx_count == 0) {
        return -1;
    }
    byte = u->rx[u->rx_first];
    u->rx_first = (u->rx_first + 1) % UART_FIFO_SIZE;
    u->rx_count--;
    update(chip, uart);
    return byte;
}

void uart_put(struct chip *chip, unsigned uart, const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n && chip->cb.uart_tx != NULL; i++) {
        chip->cb.uart_tx(chip->cb.ctx, uart, bytes[i]);
    }
    set_raw(chip, uart, INT_TX_DONE);
}

// Falling and rising edges on the line for a byte with start and stop bit.
static unsigned edges_of(uint8_t byte)
{
    unsigned bits = 0x200u | (unsigned)byte << 1; // stop, data, start
    unsigned edges = 1;                           // into the start bit

    for (unsigned i = 0; i < 9; i++) {
        edges += ((bits >> i) ^ (bits >> (i + 1))) & 1u;
    }
    return edges;
}

size_t uart_receive(struct chip *chip, unsigned uart, const uint8_t *p,
                    size_t n)
{
    struct soc_uart *u = &chip->uart[uart];
    bool measuring = (soc_reg_get(chip, bases[uart] + AUTOBAUD) & 1u) != 0;
    size_t taken = 0;

    while (taken < n && u->rx_count < UART_FIFO_SIZE) {
        unsigned at = (u->rx_first + u->rx_count) % UART_FIFO_SIZE;

        u->rx[at] = p[taken];
        u->rx_count++;
        u->edges += measuring ? edges_of(p[taken]) : 0;
        taken++;
    }
    update(chip, uart);
    return taken;
}

void uart_set_baud(struct chip *chip, unsigned uart, uint32_t baud,
                   uint32_t clock_hz)
{
    uint32_t divider = (clock_hz << 4) / (baud == 0 ? 1 : baud);

    registers_store(chip, bases[uart] + CLKDIV, 4,
                    (divider >> 4 & 0xFFFFFu) | (divider & 0xFu) << 20);
}

void uart_reset(struct chip *chip)
{
    memset(chip->uart, 0, sizeof chip->uart);
}

static uint32_t fifo_read(struct chip *chip, uint32_t vaddr)
{
    int byte = uart_take(chip, uart_of(vaddr));

    return byte < 0 ? 0 : (uint32_t)byte;
}

static void fifo_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    uint8_t byte = (uint8_t)value;
    unsigned uart = uart_of(vaddr);

    // TXD goes to RXD inside of the chip too (soc/uart_reg.h).
    if ((soc_reg_get(chip, bases[uart] + CONF0) & CONF0_LOOPBACK) != 0) {
        (void)uart_receive(chip, uart, &byte, 1);
    }
    uart_put(chip, uart, &byte, 1);
}

static uint32_t raw_read(struct chip *chip, uint32_t vaddr)
{
    return raw_bits(chip, uart_of(vaddr));
}

static uint32_t st_read(struct chip *chip, uint32_t vaddr)
{
    unsigned uart = uart_of(vaddr);

    return raw_bits(chip, uart) & soc_reg_get(chip, bases[uart] + INT_ENA);
}

static void ena_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    update(chip, uart_of(vaddr));
}

static void clr_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned uart = uart_of(vaddr);

    *soc_reg(chip, bases[uart] + INT_RAW) &= ~value;
    update(chip, uart);
}

static void clkdiv_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned uart = uart_of(vaddr);
    uint32_t conf0 = soc_reg_get(chip, bases[uart] + CONF0);
    uint32_t hz = (conf0 & CONF0_TICK_REF_ALWAYS_ON) != 0 ? soc_apb_hz(chip)
                                                          : REF_TICK_HZ;
    uint32_t sixteenths = (value & 0xFFFFFu) << 4 | (value >> 20 & 0xFu);
    uint32_t baud;

    *soc_reg(chip, vaddr) = value;
    if (sixteenths == 0) {
        return;
    }
    baud = (hz << 4) / sixteenths;
    if (baud != chip->uart[uart].baud) {
        chip->uart[uart].baud = baud;
        if (chip->cb.uart_baud != NULL) {
            chip->cb.uart_baud(chip->cb.ctx, uart, baud);
        }
    }
}

static void autobaud_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    if ((value & 1u) == 0) {
        chip->uart[uart_of(vaddr)].edges = 0;
    }
    *soc_reg(chip, vaddr) = value;
}

// The detector sees a line at 115200, whatever the owner's line is set to. Its
// counters fall short of the real width by what the ROM adds again.
static uint32_t pulse_read(struct chip *chip, uint32_t vaddr)
{
    if (chip->uart[uart_of(vaddr)].edges == 0) {
        return 0xFFFFFu;
    }
    return soc_apb_hz(chip) / 115200u - PULSE_SHORT;
}

static uint32_t rxd_cnt_read(struct chip *chip, uint32_t vaddr)
{
    uint32_t edges = chip->uart[uart_of(vaddr)].edges;

    return edges > 0x3FFu ? 0x3FFu : edges;
}

static uint32_t status_read(struct chip *chip, uint32_t vaddr)
{
    // TX count and both state machines 0; RXD and TXD idle high.
    return chip->uart[uart_of(vaddr)].rx_count | 1u << 15 | 1u << 31;
}

static void conf0_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    unsigned uart = uart_of(vaddr);

    if ((value & CONF0_RXFIFO_RST) != 0) {
        chip->uart[uart].rx_count = 0;
    }
    *soc_reg(chip, vaddr) = value;
    update(chip, uart);
}

static void conf1_write(struct chip *chip, uint32_t vaddr, uint32_t value)
{
    *soc_reg(chip, vaddr) = value;
    update(chip, uart_of(vaddr));
}

static uint32_t mem_rx_read(struct chip *chip, uint32_t vaddr)
{
    const struct soc_uart *u = &chip->uart[uart_of(vaddr)];

    // Read and write address in the shared RAM (soc/uart_reg.h).
    return (u->rx_first & 0x7FFu) << 2 |
           ((u->rx_first + u->rx_count) % UART_FIFO_SIZE) << 13;
}

// clang-format off
static const struct reg_row rows[] = {
    {0x00, 1, "FIFO",          0, fifo_read, fifo_write},
    {0x04, 1, "INT_RAW",       0, raw_read, NULL},
    {0x08, 1, "INT_ST",        0, st_read, NULL},
    {0x0C, 1, "INT_ENA",       0, NULL, ena_write},
    {0x10, 1, "INT_CLR",       0, NULL, clr_write},
    {0x14, 1, "CLKDIV",    0x2B6, NULL, clkdiv_write},
    {0x18, 1, "AUTOBAUD",  0x1000, NULL, autobaud_write},
    {0x1C, 1, "STATUS",        0, status_read, NULL},
    {0x20, 1, "CONF0",  0x0800001C, NULL, conf0_write},
    {0x24, 1, "CONF1",    0x6060, NULL, conf1_write},
    {0x28, 2, "PULSE",  0xFFFFF, pulse_read, NULL},
    {0x30, 1, "RXD_CNT",       0, rxd_cnt_read, NULL},
    {0x34, 9, "FLOW_AND_IDLE", 0, NULL, NULL},
    {0x58, 1, "MEM_CONF",   0x88, NULL, NULL},
    {0x5C, 1, "MEM_TX_STATUS", 0, NULL, NULL},
    {0x60, 1, "MEM_RX_STATUS", 0, mem_rx_read, NULL},
    {0x64, 5, "MEM_CNT_STATUS", 0, NULL, NULL},
    {0x78, 1, "DATE", 0x15122500, NULL, NULL},
    {0x7C, 1, "ID",       0x0500, NULL, NULL},
};
// clang-format on

const struct reg_block uart0_block = {"UART0", 0x3FF40000u, 0x1000,
                                      REG_ROWS(rows), false};
const struct reg_block uart1_block = {"UART1", 0x3FF50000u, 0x1000,
                                      REG_ROWS(rows), false};
const struct reg_block uart2_block = {"UART2", 0x3FF6E000u, 0x1000,
                                      REG_ROWS(rows), false};
