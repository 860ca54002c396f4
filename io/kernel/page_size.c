/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page size of mappings of files: /proc/PID/map_files leads to the file, whose file system says
 * it. Only root may follow; else it stays unknown here, and smaps or numa_maps say it. */
#include "kernel/process.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

static uint64_t file_page_kib(const vn_process *process, const vn_ram_area *area)
{
	struct statfs info;
	char path[64];
	uint64_t kib = 0;
	int fd;

	snprintf(path, sizeof(path), "map_files/%llx-%llx", (unsigned long long)area->first,
		 (unsigned long long)area->last);
	fd = openat(process->dir, path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!fstatfs(fd, &info))
		kib = info.f_type == HUGETLBFS_MAGIC ? (uint64_t)info.f_bsize >> 10
						     : vn_page_bytes() >> 10;
	close(fd);
	return kib;
}

void vn_ram_page_sizes(const vn_process *process, vn_ram *ram)
{
	for (uint32_t i = 0; i < ram->n_areas; i++) {
		vn_ram_area *area = &ram->areas[i];

		if (area->page_kib)
			area->page_kib = vn_page_bytes() >> 10;
		else if (process->live)
			area->page_kib = file_page_kib(process, area);
	}
}
