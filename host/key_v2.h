// SPDX-License-Identifier: Apache-2.0
//
// Signing keys as Secure Boot V2 sees them.

#ifndef HOST_KEY_V2_H
#define HOST_KEY_V2_H

#include "host/key.h"
#include "lib/fb/signature_v2.h"

// The kind of block a key signs in. The key is P-192, P-256, P-384 or
// RSA-3072.
enum fb_signature_v2_kind host_key_v2_kind(const struct host_key *key);

// Fill a block's key part from the public key. False: not a key for V2.
bool host_key_v2_fill(const struct host_key *key, struct fb_signature_v2 *s);

// What the eFuse block holds: SHA-256 of the public key's part of a block.
bool host_key_v2_digest(const struct host_key *key, uint8_t digest[32]);

// The same from a key file (PEM, public or private). NULL, or why not, valid
// until the next call.
const char *host_key_v2_file_digest(const char *path, uint8_t digest[32]);

#endif
