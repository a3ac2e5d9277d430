// SPDX-License-Identifier: Apache-2.0
//
// Inside of the checks: what the table's functions look at, and how they say
// what they saw.

#ifndef FB_CHECKS_FACTS_H
#define FB_CHECKS_FACTS_H

#include "lib/fb/board_view.h"
#include "lib/fb/checks.h"

struct fb_check_facts {
    const struct fb_check_input *in;
    struct fb_board_keys keys;
    struct fb_board_view before; // its plain bytes are gone
    struct fb_board_view after;  // the board after the plan, its bytes at hand
    size_t refused; // first write that cannot be made; in->plan->steps
    enum fb_status refusal;
};

// Set the verdict; step: in->plan->steps for none.
void fb_check_say(struct fb_check_result *out, enum fb_check_verdict verdict,
                  size_t step, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// Add to what was seen.
void fb_check_add(struct fb_check_result *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// No step.
static inline size_t fb_check_none(const struct fb_check_facts *f)
{
    return f->in->plan->steps;
}

static inline uint32_t fb_check_before(const struct fb_check_facts *f,
                                       enum fb_efuse_id id)
{
    return fb_efuse_get(&f->in->before->fuses, id);
}

static inline uint32_t fb_check_after(const struct fb_check_facts *f,
                                      enum fb_efuse_id id)
{
    return fb_efuse_get(&f->in->scratch->fuses, id);
}

// Is the field known after the plan?
static inline bool fb_check_knows(const struct fb_check_facts *f,
                                  enum fb_efuse_id id)
{
    return fb_board_state_knows(f->in->scratch, &fb_efuse_map[id]);
}

// The first step from `from` on that burns one of these bits of a field (a
// field of one word), fb_check_none() when there is none.
size_t fb_check_burn(const struct fb_check_facts *f, enum fb_efuse_id id,
                     uint32_t bits, size_t from);
// Does the plan burn anything of a block?
bool fb_check_burns_block(const struct fb_check_facts *f, unsigned block);
// The first step from `from` on of a kind, fb_check_none() when there is none.
size_t fb_check_step(const struct fb_check_facts *f, enum fb_step_kind kind,
                     size_t from);
// The step that proves the key of a block, from `from` on.
size_t fb_check_proof(const struct fb_check_facts *f, unsigned block,
                      size_t from);

// Is FLASH_CRYPT_CNT known? False: said that it is not.
bool fb_check_counter_known(const struct fb_check_facts *f,
                            struct fb_check_result *out);

// P1 to P25.
void fb_check_key_files(const struct fb_check_facts *f,
                        struct fb_check_result *out);
void fb_check_byte_order(const struct fb_check_facts *f,
                         struct fb_check_result *out);
void fb_check_read_protection(const struct fb_check_facts *f,
                              struct fb_check_result *out);
void fb_check_scheme(const struct fb_check_facts *f,
                     struct fb_check_result *out);
void fb_check_coding(const struct fb_check_facts *f,
                     struct fb_check_result *out);
void fb_check_rd_dis_order(const struct fb_check_facts *f,
                           struct fb_check_result *out);
void fb_check_shared_bits(const struct fb_check_facts *f,
                          struct fb_check_result *out);
void fb_check_counter_key(const struct fb_check_facts *f,
                          struct fb_check_result *out);
void fb_check_crypt_config(const struct fb_check_facts *f,
                           struct fb_check_result *out);
void fb_check_counter_budget(const struct fb_check_facts *f,
                             struct fb_check_result *out);
void fb_check_regions(const struct fb_check_facts *f,
                      struct fb_check_result *out);
void fb_check_addresses(const struct fb_check_facts *f,
                        struct fb_check_result *out);
void fb_check_ota(const struct fb_check_facts *f, struct fb_check_result *out);
void fb_check_plaintext(const struct fb_check_facts *f,
                        struct fb_check_result *out);
void fb_check_signatures(const struct fb_check_facts *f,
                         struct fb_check_result *out);
void fb_check_digest(const struct fb_check_facts *f,
                     struct fb_check_result *out);
void fb_check_header(const struct fb_check_facts *f,
                     struct fb_check_result *out);
void fb_check_layout(const struct fb_check_facts *f,
                     struct fb_check_result *out);
void fb_check_update_path(const struct fb_check_facts *f,
                          struct fb_check_result *out);
void fb_check_locks(const struct fb_check_facts *f,
                    struct fb_check_result *out);
void fb_check_voltage(const struct fb_check_facts *f,
                      struct fb_check_result *out);
void fb_check_custody(const struct fb_check_facts *f,
                      struct fb_check_result *out);
void fb_check_identity(const struct fb_check_facts *f,
                       struct fb_check_result *out);
void fb_check_quality(const struct fb_check_facts *f,
                      struct fb_check_result *out);
void fb_check_rollback(const struct fb_check_facts *f,
                       struct fb_check_result *out);

#endif
