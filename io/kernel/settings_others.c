/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Others that move threads, memory or interrupts on this machine. */
#include "kernel/settings.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

static bool look_at_process(void *context, uint32_t pid)
{
	vn_settings *settings = context;
	vn_kernel *kernel = settings->kernel;
	vn_kfile comm;

	if (vn_kfile_read(settings->root, &comm, "proc/%u/comm", pid))
		return true;
	kernel->numad_known = true;
	vn_kfile_trim(&comm);
	kernel->numad_running |= !strcmp(comm.bytes, "numad");
	kernel->irqbalance_running |= !strcmp(comm.bytes, "irqbalance");
	return true;
}

/* A device's interrupt has a folder with the name of its handler. */
static bool has_handler(int root, uint32_t irq)
{
	int fd = vn_kdir_open(root, "proc/irq/%u", irq);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir)))
		found = entry->d_type == DT_DIR && entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

static bool look_at_irq(void *context, uint32_t irq)
{
	vn_settings *settings = context;
	vn_kernel *kernel = settings->kernel;
	vn_cpuset cpus;

	if (has_handler(settings->root, irq) &&
	    vn_kfile_cpus(settings->root, &cpus, "proc/irq/%u/smp_affinity_list", irq)) {
		vn_cpuset_or(&kernel->irq_cpus, &cpus);
		kernel->irq_known = true;
	}
	return true;
}

void vn_settings_others(vn_settings *settings)
{
	vn_kdir_each_number(settings->root, "proc", look_at_process, settings);
	vn_kdir_each_number(settings->root, "proc/irq", look_at_irq, settings);
}
