// SPDX-License-Identifier: Apache-2.0
//
// Interrupts and exceptions. vectors.S saves the registers in a frame and
// calls one of two functions. Both and all they call are in IRAM, with their
// constants in DRAM, so that they also work while the flash cache is off.

#ifndef FIRMWARE_APP_TRAP_H
#define FIRMWARE_APP_TRAP_H

// The frame, byte offsets; the size keeps the stack aligned to 16 bytes.
#define TRAP_FRAME 80
#define TRAP_A0    0
#define TRAP_A2    4 // a2 .. a15
#define TRAP_SAR   60
#define TRAP_PC    64
#define TRAP_CAUSE 68
#define TRAP_VADDR 72

// EXCCAUSE of a level-1 interrupt (Xtensa ISA, Exception Option)
#define TRAP_LEVEL1 4

#ifndef __ASSEMBLER__

#include <stdint.h>

struct trap_frame {
    uint32_t a0;
    uint32_t a2_15[14];
    uint32_t sar;
    uint32_t pc;
    uint32_t cause;
    uint32_t vaddr;
    uint32_t unused;
};

// Level-1 interrupt: serve what is pending. Defined once for the chip (irq.c)
// and once for the simulator.
void trap_interrupt(struct trap_frame *frame);

// Anything else: say where and why on the console, and reset.
_Noreturn void trap_report(const struct trap_frame *frame);

#endif
#endif
