// SPDX-License-Identifier: Apache-2.0
//
// Register addresses and the memory map of the ESP32, for code that runs on
// it. Names are those of ESP-IDF's components/soc/esp32 (soc/*_reg.h), without
// the suffix _REG; addresses and bits as in the ESP32 Technical Reference
// Manual (TRM).

#ifndef FIRMWARE_DRIVERS_SOC_H
#define FIRMWARE_DRIVERS_SOC_H

#include <stdint.h>

#define REG32(addr) (*(volatile uint32_t *)(uintptr_t)(addr))

// Functions that must run while the flash cache is off: they live in IRAM, and
// so does all they call. Linker scripts place .iram.text there. Such a file is
// compiled with IRAM_FILE at its top, so that gcc does not turn its loops into
// calls of memcpy() or its switches into tables in flash.
#define IRAM_TEXT __attribute__((section(".iram.text"), noinline))
// clang-format off
#ifdef __clang__
#define IRAM_FILE
#else
#define IRAM_FILE                                                              \
    _Pragma("GCC optimize(\"no-tree-loop-distribute-patterns\", \"no-jump-tables\", \"no-tree-switch-conversion\")")
#endif
// clang-format on

// Memory map (TRM "System and Memory"). The second-stage bootloader runs in
// the upper parts of IRAM and DRAM, and an application may be loaded to all
// that lies below; once the application runs, it may use the rest too.
#define SOC_DROM_BASE     0x3F400000u
#define SOC_DROM_END      0x3F800000u
#define SOC_RTC_FAST_BASE 0x3FF80000u // data view
#define SOC_RTC_FAST_END  0x3FF82000u
#define SOC_DRAM_BASE     0x3FFAE000u
#define SOC_DRAM_END      0x40000000u
#define SOC_IRAM_BASE     0x40080000u // 0x40070000: cache RAM of both CPUs
#define SOC_IRAM_END      0x400A0000u // above: SRAM1 again, words reversed
#define SOC_RTC_IRAM_BASE 0x400C0000u // instruction view of RTC fast memory
#define SOC_RTC_IRAM_END  0x400C2000u
#define SOC_IROM_BASE     0x400D0000u
#define SOC_IROM_END      0x40400000u
#define SOC_RTC_SLOW_BASE 0x50000000u
#define SOC_RTC_SLOW_END  0x50002000u
#define BOOT_IRAM_BASE    0x40090000u // bootloader code
#define BOOT_DRAM_BASE    0x3FFF0000u // bootloader constants, data, stack

// DPORT (TRM "DPort Registers", soc/dport_reg.h)
#define DPORT_PERI_CLK_EN        0x3FF0001Cu
#define DPORT_PERI_RST_EN        0x3FF00020u
#define DPORT_APPCPU_CTRL_B      0x3FF00030u // bit 0 CLKGATE_EN
#define DPORT_CPU_PER_CONF       0x3FF0003Cu
#define DPORT_PRO_CACHE_CTRL     0x3FF00040u
#define DPORT_PRO_CACHE_CTRL1    0x3FF00044u
#define DPORT_APP_CACHE_CTRL     0x3FF00058u
#define DPORT_APP_CACHE_CTRL1    0x3FF0005Cu
#define DPORT_PERIP_CLK_EN       0x3FF000C0u
#define DPORT_PERIP_RST_EN       0x3FF000C4u
#define DPORT_SLAVE_SPI_CONFIG   0x3FF000C8u
#define DPORT_WIFI_CLK_EN        0x3FF000CCu
#define DPORT_PRO_TG_T0_INTR_MAP 0x3FF0013Cu
#define DPORT_PRO_GPIO_INTR_MAP  0x3FF0015Cu
#define DPORT_PRO_UART_INTR_MAP  0x3FF0018Cu // UART1, UART2: the next words
#define DPORT_PRO_DCACHE_DBUG0   0x3FF003F0u

#define DPORT_PERI_AES           (1u << 0) // PERI_CLK_EN and PERI_RST_EN
#define DPORT_PERI_SHA           (1u << 1)
#define DPORT_PERI_SECUREBOOT    (1u << 3)
#define DPORT_PERI_SIGNATURE     (1u << 4)
#define DPORT_CPUPERIOD_160      1u        // CPU_PER_CONF
#define DPORT_CACHE_ENABLE       (1u << 3) // PRO_ and APP_CACHE_CTRL
#define DPORT_CACHE_FLUSH_ENA    (1u << 4)
#define DPORT_CACHE_FLUSH_DONE   (1u << 5)
#define DPORT_CACHE_MASK_IRAM0   (1u << 0) // PRO_ and APP_CACHE_CTRL1
#define DPORT_CACHE_MASK_IRAM1   (1u << 1)
#define DPORT_CACHE_MASK_IROM0   (1u << 2)
#define DPORT_CACHE_MASK_DRAM1   (1u << 3)
#define DPORT_CACHE_MASK_DROM0   (1u << 4)
#define DPORT_CACHE_MASK_OPSDRAM (1u << 5)
#define DPORT_CACHE_MASKS        0x3Fu
#define DPORT_CACHE_MMU_IA_CLR   (1u << 13)
#define DPORT_CACHE_STATE_BIT    7 // PRO_DCACHE_DBUG0, 12 bits wide
#define DPORT_CACHE_STATE_MASK   0xFFFu
#define DPORT_CACHE_STATE_IDLE   1u
#define DPORT_SPI_ENCRYPT_ENABLE (1u << 8) // SLAVE_SPI_CONFIG
#define DPORT_SLAVE_SPI_MASK_PRO (1u << 0)
#define DPORT_WIFI_CLK_RNG       (1u << 15) // WIFI_CLK_EN
#define DPORT_TIMERGROUP         (1u << 13) // PERIP_CLK_EN

// Flash MMU: one word per 64 KiB page (soc/ext_mem_defs.h)
#define DPORT_PRO_FLASH_MMU_TABLE 0x3FF10000u
#define DPORT_APP_FLASH_MMU_TABLE 0x3FF12000u
#define DPORT_FLASH_MMU_ENTRIES   256u
#define DPORT_FLASH_MMU_INVALID   0x100u

// SHA accelerator (TRM "SHA Accelerator", soc/hwcrypto_reg.h)
#define AES_START 0x3FF01000u
#define AES_IDLE  0x3FF01004u
#define AES_MODE  0x3FF01008u
#define AES_KEY   0x3FF01010u
#define AES_TEXT  0x3FF01030u

#define SHA_TEXT         0x3FF03000u
#define SHA_256_START    0x3FF03090u
#define SHA_256_CONTINUE 0x3FF03094u
#define SHA_256_LOAD     0x3FF03098u
#define SHA_256_BUSY     0x3FF0309Cu

// UART (TRM "UART Controllers", soc/uart_reg.h)
#define UART0_FIFO     0x3FF40000u // read only from here
#define UART0_FIFO_AHB 0x60000000u // write only to here
#define UART0_INT_RAW  0x3FF40004u
#define UART0_INT_ENA  0x3FF4000Cu
#define UART0_INT_CLR  0x3FF40010u
#define UART0_CLKDIV   0x3FF40014u
#define UART0_STATUS   0x3FF4001Cu
#define UART0_CONF0    0x3FF40020u
#define UART0_CONF1    0x3FF40024u

// SPI1, the flash programmer (TRM "SPI Controller", soc/spi_reg.h)
#define SPI1_CMD             0x3FF42000u
#define SPI1_ADDR            0x3FF42004u
#define SPI1_CTRL            0x3FF42008u
#define SPI1_RD_STATUS       0x3FF42010u
#define SPI1_CLOCK           0x3FF42018u
#define SPI1_USER            0x3FF4201Cu
#define SPI1_USER1           0x3FF42020u
#define SPI1_USER2           0x3FF42024u
#define SPI1_MOSI_DLEN       0x3FF42028u
#define SPI1_MISO_DLEN       0x3FF4202Cu
#define SPI1_W0              0x3FF42080u
#define SPI1_EXT2            0x3FF420F8u
#define SPI0_CLOCK           0x3FF43018u
#define SPI0_CACHE_FCTRL     0x3FF43050u // bit 0 CACHE_REQ_EN
#define SPI0_EXT2            0x3FF430F8u
#define SPI_CLOCK_EQU_SYSCLK (1u << 31)
#define SPI_CLOCK_HALF       0x1001u // CLKCNT_N 1, H 0, L 1
#define SPI_CMD_WREN         (1u << 30)
#define SPI_CMD_RDID         (1u << 28)
#define SPI_CMD_RDSR         (1u << 27)
#define SPI_CMD_PP           (1u << 25)
#define SPI_CMD_SE           (1u << 24)
#define SPI_CMD_BE           (1u << 23)
#define SPI_CMD_USR          (1u << 18)
#define SPI_USER_COMMAND     (1u << 31)
#define SPI_USER_ADDR        (1u << 30)
#define SPI_USER_DUMMY       (1u << 29)
#define SPI_USER_MISO        (1u << 28)
#define SPI_USER_MOSI        (1u << 27)

// Flash encryption block (soc/flash_encryption_reg.h)
#define FLASH_ENCRYPTION_BUFFER  0x3FF5B000u
#define FLASH_ENCRYPTION_START   0x3FF5B020u
#define FLASH_ENCRYPTION_ADDRESS 0x3FF5B024u
#define FLASH_ENCRYPTION_DONE    0x3FF5B028u

// GPIO and IO_MUX (TRM "IO_MUX and GPIO Matrix")
#define GPIO_OUT_W1TS     0x3FF44008u
#define GPIO_OUT_W1TC     0x3FF4400Cu
#define GPIO_OUT1_W1TS    0x3FF44014u // GPIO32 and up, as all that end in 1
#define GPIO_OUT1_W1TC    0x3FF44018u
#define GPIO_ENABLE       0x3FF44020u
#define GPIO_ENABLE_W1TS  0x3FF44024u
#define GPIO_ENABLE_W1TC  0x3FF44028u
#define GPIO_ENABLE1      0x3FF4402Cu
#define GPIO_ENABLE1_W1TS 0x3FF44030u
#define GPIO_ENABLE1_W1TC 0x3FF44034u
#define GPIO_STRAP        0x3FF44038u
#define GPIO_IN           0x3FF4403Cu
#define GPIO_IN1          0x3FF44040u
#define GPIO_STATUS       0x3FF44044u
#define GPIO_STATUS_W1TC  0x3FF4404Cu
#define GPIO_STATUS1      0x3FF44050u
#define GPIO_STATUS1_W1TC 0x3FF44058u
#define GPIO_PIN0         0x3FF44088u
#define GPIO_FUNC0_IN     0x3FF44130u // FUNCn_IN_SEL_CFG, by signal
#define GPIO_FUNC0_OUT    0x3FF44530u // FUNCn_OUT_SEL_CFG, by GPIO
#define RTC_IO_BASE       0x3FF48400u
#define IO_MUX_BASE       0x3FF49000u

// RTC controller (TRM "Low-Power Management", soc/rtc_cntl_reg.h)
#define RTC_CNTL_OPTIONS0      0x3FF48000u
#define RTC_CNTL_SLP_TIMER0    0x3FF48004u
#define RTC_CNTL_SLP_TIMER1    0x3FF48008u
#define RTC_CNTL_TIME_UPDATE   0x3FF4800Cu
#define RTC_CNTL_TIME0         0x3FF48010u
#define RTC_CNTL_TIME1         0x3FF48014u
#define RTC_CNTL_STATE0        0x3FF48018u
#define RTC_CNTL_RESET_STATE   0x3FF48034u
#define RTC_CNTL_WAKEUP_STATE  0x3FF48038u
#define RTC_CNTL_CLK_CONF      0x3FF48070u
#define RTC_CNTL_REG           0x3FF4807Cu
#define RTC_CNTL_DIG_PWC       0x3FF48084u
#define RTC_CNTL_WDTCONFIG0    0x3FF4808Cu
#define RTC_CNTL_WDTCONFIG1    0x3FF48090u
#define RTC_CNTL_WDTFEED       0x3FF480A0u
#define RTC_CNTL_WDTWPROTECT   0x3FF480A4u
#define RTC_CNTL_STORE4        0x3FF480B0u
#define RTC_CNTL_STORE5        0x3FF480B4u
#define RTC_CNTL_SW_SYS_RST    (1u << 31) // OPTIONS0
#define RTC_CNTL_SOC_CLK_SEL   (3u << 27) // CLK_CONF: 0 the crystal
#define RTC_CNTL_SOC_CLK_PLL   (1u << 27)
#define RTC_CNTL_PLL_FORCE_PD  0x40540u    // OPTIONS0: BIAS_I2C, BBPLL, its I2C
#define RTC_CNTL_DIG_DBIAS_WAK (7u << 11)  // RTC_CNTL_REG: 7 is 1.25 V
#define RTC_CNTL_WDT_WKEY      0x50D83AA1u // also of the timer groups

// Bus to analogue parts (soc/regi2c_ctrl.h; mask ROM)
#define ANA_I2C_HOST4 0x3FF4E010u
#define ANA_CONFIG    0x3FF4E044u

// eFuse controller (TRM "eFuse Controller"); read shadows of BLK0 .. BLK3
#define EFUSE_BLK0_RDATA0 0x3FF5A000u
#define EFUSE_BLK1_RDATA0 0x3FF5A038u
#define EFUSE_BLK2_RDATA0 0x3FF5A058u
#define EFUSE_BLK3_RDATA0 0x3FF5A078u
#define EFUSE_BLK0_WDATA0 0x3FF5A01Cu
#define EFUSE_BLK1_WDATA0 0x3FF5A098u
#define EFUSE_CLK         0x3FF5A0F8u // SEL0 in bits 7:0, SEL1 in bits 15:8
#define EFUSE_CONF        0x3FF5A0FCu
#define EFUSE_CMD         0x3FF5A104u
#define EFUSE_DAC_CONF    0x3FF5A118u // CLK_DIV in bits 7:0

// Timer groups (TRM "Timer Group (TIMG)", soc/timer_group_reg.h)
#define TIMG0_BASE          0x3FF5F000u
#define TIMG1_BASE          0x3FF60000u
#define TIMG_T0CONFIG       0x00u
#define TIMG_T0LO           0x04u
#define TIMG_T0HI           0x08u
#define TIMG_T0UPDATE       0x0Cu
#define TIMG_T0LOADLO       0x18u
#define TIMG_T0LOADHI       0x1Cu
#define TIMG_T0LOAD         0x20u
#define TIMG_T0ALARMLO      0x10u
#define TIMG_T0ALARMHI      0x14u
#define TIMG_WDTCONFIG0     0x48u
#define TIMG_WDTCONFIG1     0x4Cu
#define TIMG_WDTCONFIG2     0x50u
#define TIMG_WDTFEED        0x60u
#define TIMG_WDTWPROTECT    0x64u
#define TIMG_T0_EN          (1u << 31)
#define TIMG_T0_INCREASE    (1u << 30)
#define TIMG_T0_DIVIDER_BIT 13
#define TIMG_T0_LEVEL_INT   (1u << 11)
#define TIMG_T0_ALARM_EN    (1u << 10)
#define TIMG_RTCCALICFG     0x68u
#define TIMG_RTCCALICFG1    0x6Cu
#define TIMG_INT_ENA        0x98u
#define TIMG_INT_CLR        0xA4u
#define TIMG_INT_T0         (1u << 0)

// Secure Boot V1 engine (no public description; places as the mask ROM uses
// them)
#define SECURE_BOOT_IV      0x3FF04000u // 128 bytes
#define SECURE_BOOT_BLOCK   0x3FF04080u // 128 bytes
#define SECURE_BOOT_DIGEST  0x3FF04100u // 64 bytes
#define SECURE_BOOT_COMPARE 0x3FF04140u // 64 bytes
#define SECURE_BOOT_RESULT  0x3FF04180u // 0: equal
#define SECURE_BOOT_START   0x3FF041C0u
#define SECURE_BOOT_HASH    0x3FF041C4u
#define SECURE_BOOT_OBTAIN  0x3FF041C8u
#define SECURE_BOOT_CHECK   0x3FF041CCu
#define SECURE_BOOT_FINISH  0x3FF041D0u
#define SECURE_BOOT_BUSY    0x3FF041D4u

// SAR ADC and I2S0, as far as they feed the random number generator
// (soc/sens_reg.h, soc/syscon_reg.h, soc/i2s_reg.h)
#define RTC_CNTL_TEST_MUX     0x3FF480A8u
#define SENS_SAR_READ_CTRL    0x3FF48800u
#define SENS_SAR_MEAS_WAIT2   0x3FF4880Cu
#define SENS_SAR_START_FORCE  0x3FF4882Cu
#define SENS_SAR_READ_CTRL2   0x3FF48890u
#define I2S0_CONF             0x3FF4F008u
#define I2S0_CONF2            0x3FF4F0A8u
#define I2S0_SAMPLE_RATE_CONF 0x3FF4F0B0u
#define SYSCON_SARADC_CTRL    0x3FF66010u
#define SYSCON_SARADC_FSM     0x3FF66018u
#define SYSCON_SAR2_PATT_TAB1 0x3FF6602Cu // .. TAB4
#define DPORT_I2S0            (1u << 4)   // PERIP_CLK_EN, PERIP_RST_EN

// Random number generator (TRM "Random Number Generator")
#define WDEV_RND 0x3FF75144u

#endif
