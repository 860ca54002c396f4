/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The parts of vn_kernel_read. Each leaves alone what it cannot find out. */
#ifndef VN_KERNEL_SETTINGS_H
#define VN_KERNEL_SETTINGS_H

#include "kernel/files.h"
#include "kernel/kernel.h"

typedef struct vn_settings {
	int root;
	vn_arena *arena;
	vn_kernel *kernel;
	bool no_memory;
} vn_settings;

/* The trimmed text of a file in the arena, or NULL; a refusal is noted in kernel->not_allowed. */
const char *vn_settings_text(vn_settings *settings, const char *format, ...) VN_PRINTF(2, 3);

/* settings_groups.c: the cgroup of libvirt's guests, resctrl. */
void vn_settings_groups(vn_settings *settings);
/* settings_pages.c: huge page pools and their mounts. */
void vn_settings_pages(vn_settings *settings);
/* settings_others.c: what else works on this machine: numad, irqbalance, interrupts. */
void vn_settings_others(vn_settings *settings);

#endif
