// SPDX-License-Identifier: Apache-2.0

#include "host/key_search.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

struct search {
    EC_GROUP *group;
    EC_POINT *point;
    BN_CTX *ctx;
    BIGNUM *x, *y, *p;
};

static bool set_up(struct search *s)
{
    s->group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    s->ctx = BN_CTX_new();
    s->x = BN_new();
    s->y = BN_new();
    s->p = BN_new();
    s->point = s->group != NULL ? EC_POINT_new(s->group) : NULL;
    return s->ctx != NULL && s->x != NULL && s->y != NULL && s->p != NULL &&
           s->point != NULL &&
           EC_GROUP_get_curve(s->group, s->p, NULL, NULL, s->ctx) == 1;
}

static void tear_down(struct search *s)
{
    EC_POINT_free(s->point);
    EC_GROUP_free(s->group);
    BN_free(s->x);
    BN_free(s->y);
    BN_free(s->p);
    BN_CTX_free(s->ctx);
}

static bool is_point(struct search *s, const uint8_t *p)
{
    return BN_bin2bn(p, 32, s->x) != NULL &&
           BN_bin2bn(p + 32, 32, s->y) != NULL && BN_cmp(s->x, s->p) < 0 &&
           BN_cmp(s->y, s->p) < 0 &&
           EC_POINT_set_affine_coordinates(s->group, s->point, s->x, s->y,
                                           s->ctx) == 1;
}

static bool have(uint8_t (*pub)[64], size_t found, const uint8_t *p)
{
    for (size_t i = 0; i < found; i++) {
        if (memcmp(pub[i], p, 64) == 0) {
            return true;
        }
    }
    return false;
}

size_t host_key_search(const uint8_t *p, size_t n, uint8_t (*pub)[64],
                       size_t max)
{
    struct search s;
    size_t found = 0;

    memset(&s, 0, sizeof s);
    ERR_set_mark(); // most bytes are no point: no error of ours
    if (set_up(&s)) {
        for (size_t i = 0; i + 64 <= n && found < max; i += 4) {
            if (is_point(&s, p + i) && !have(pub, found, p + i)) {
                memcpy(pub[found++], p + i, 64);
            }
        }
    }
    ERR_pop_to_mark();
    tear_down(&s);
    return found;
}
