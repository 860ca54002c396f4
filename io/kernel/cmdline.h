/* SPDX-License-Identifier: LGPL-2.1-or-later
 * QEMU's command line, as /proc/PID/cmdline has it. Untrusted: anybody can run a program with any
 * arguments. */
#ifndef VN_KERNEL_CMDLINE_H
#define VN_KERNEL_CMDLINE_H

#include "kernel/files.h"

/* The argument after the option `name` ("-name" or "--name"), from *at on; *at moves behind it.
 * Begin with *at = 0. NULL: no more. */
const char *vn_cmdline_option(const vn_kfile *cmdline, const char *name, size_t *at);

/* The value of `key` in an argument of QEMU's form "key=value,key=value" - `first` is the key of a
 * first value without one - or of JSON. ",," is a comma. False: not there, or longer than `size`.
 */
bool vn_cmdline_value(const char *argument, const char *first, const char *key, char *to,
		      size_t size);

#endif
