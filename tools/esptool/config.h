// SPDX-License-Identifier: Apache-2.0
//
// esptool.cfg: time limits, attempts and reset sequences from the section
// [esptool] of the first file found (esptool docs, "Configuration File").

#ifndef TOOLS_ESPTOOL_CONFIG_H
#define TOOLS_ESPTOOL_CONFIG_H

#include <stdbool.h>

#include "host/loader_session.h"

// Find and read the file. 0 or CLI_FAILURE, which is told.
int esptool_config_load(void);
// Set in l what the file sets, and the time limit of all ports' writes.
void esptool_config_apply(struct host_loader *l);
// connect_attempts of the file, or fallback; 0: for ever.
int esptool_config_connect_attempts(int fallback);
int esptool_config_open_attempts(int fallback);

// Parse text as such a file; false: it has no section [esptool]. line
// receives the number of a line that cannot be parsed, else 0.
bool esptool_config_parse(const char *text, unsigned *line);

#endif
