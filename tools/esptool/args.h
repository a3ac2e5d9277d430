// SPDX-License-Identifier: Apache-2.0
//
// `@file` on the command line stands for the words in that file: separated by
// blanks and lines, quoted as in a shell, # starts a comment.

#ifndef TOOLS_ESPTOOL_ARGS_H
#define TOOLS_ESPTOOL_ARGS_H

struct esptool_args {
    int argc;
    char **argv;  // NULL-terminated
    char **owned; // words that came from files
    int owned_count;
};

// 0 or CLI_FAILURE, which is told. Free args in either case.
int esptool_args_expand(int argc, char **argv, struct esptool_args *args);
void esptool_args_free(struct esptool_args *args);

#endif
