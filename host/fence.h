// SPDX-License-Identifier: Apache-2.0
//
// A fence around a script that was written for a real board and now runs
// against a copy: of the devices in /dev it may write to no others than
// terminals of its own, null, zero, full and random. (Linux's Landlock; needs
// no privilege, holds for all children, cannot be taken down.)

#ifndef HOST_FENCE_H
#define HOST_FENCE_H

// For this process from now on. Programs cannot gain privileges in it (sudo).
// Returns 0, or an errno value where the kernel has no such fence: then nothing
// has changed.
int host_fence_devices(void);

#endif
