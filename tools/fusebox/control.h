// SPDX-License-Identifier: Apache-2.0
//
// Commands to a running board, through the socket in its folder.

#ifndef TOOLS_FUSEBOX_CONTROL_H
#define TOOLS_FUSEBOX_CONTROL_H

// Send one of reset, download, stop, ping and wait for the answer. Prints its
// own error; returns an exit status.
int control_send(const char *dir, const char *command);

// Connect to a UNIX socket in the folder. Returns a descriptor or -errno.
int control_connect(const char *dir, const char *name);

#endif
