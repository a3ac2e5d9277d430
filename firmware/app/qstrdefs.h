// SPDX-License-Identifier: Apache-2.0
//
// Strings of modules whose names are not C words (py/makeqstrdata.py).

// clang-format off
Q(/flash)
Q(/flash/lib)
