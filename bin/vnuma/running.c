/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs on a host: libvirt tells which guests there are and what they may use, the kernel of
 * this machine what they do use. */
#include "cli.h"

#include "kernel/kernel.h"

#include <string.h>

int cli_read_running(vn_virt *virt, unsigned which, vn_running **ret, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	vn_error unknown = { 0 };
	int r = vn_virt_read(virt, which, &running, err);

	if (r == VN_OK && running->local) {
		vn_kernel_read("/", running->arena, &running->kernel, &unknown);
		r = vn_kernel_fill(running, &(vn_kernel_options){ 0 }, err);
	}
	if (r == VN_OK)
		*ret = VN_STEAL(running);
	return r;
}

const vn_guest *cli_find_guest(const vn_running *running, const char *name)
{
	for (uint32_t i = 0; i < running->n_guests; i++)
		if (!strcmp(running->guests[i].name, name))
			return &running->guests[i];
	return NULL;
}
