// SPDX-License-Identifier: Apache-2.0

#include "host/stub.h"

const struct host_stub *const host_stub = NULL;
