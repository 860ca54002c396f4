/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The pools of huge pages, and where hugetlbfs is mounted. */
#include "kernel/settings.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

/* "hugepages-2048kB" */
static bool pool_size(const char *name, uint64_t *ret)
{
	vn_cursor in = vn_cursor_of_string(NULL, name);

	return vn_take_word(&in, "hugepages-") &&
	       vn_take_uint(&in, UINT64_MAX, ret, NULL) == VN_OK && vn_take_word(&in, "kB") &&
	       in.p == in.end && *ret;
}

/* Their sizes, ascending. */
static void read_pools(vn_settings *settings)
{
	vn_kernel *kernel = settings->kernel;
	int fd = vn_kdir_open(settings->root, "sys/kernel/mm/hugepages");
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	uint64_t size;

	while (dir && (entry = readdir(dir))) {
		uint32_t at = kernel->n_hugetlb;

		if (at == VN_PAGE_SIZES_MAX || !pool_size(entry->d_name, &size))
			continue;
		for (; at && kernel->hugetlb_size_kib[at - 1] > size; at--)
			kernel->hugetlb_size_kib[at] = kernel->hugetlb_size_kib[at - 1];
		kernel->hugetlb_size_kib[at] = size;
		kernel->n_hugetlb++;
	}
	if (dir)
		closedir(dir);
}

/* The value of "pagesize=" in mount options, in KiB; 0: not said. */
static uint64_t mount_page_kib(vn_cursor options)
{
	uint64_t kib;

	while (options.p < options.end) {
		if (vn_take_word(&options, "pagesize=")) {
			vn_cursor size = options;

			while (size.p < size.end && *size.p != ',' && *size.p != ' ')
				size.p++;
			size = vn_cursor_of(NULL, options.p, (size_t)(size.p - options.p));
			return vn_size_parse(size, "b", &kib, NULL) == VN_OK ? kib : 0;
		}
		while (options.p < options.end && *options.p++ != ',')
			;
	}
	return 0;
}

/* The field of a line of /proc/mounts that begins at in->p, and in moves behind it. */
static vn_cursor mount_field(vn_cursor *in)
{
	const char *first = in->p;
	vn_cursor field;

	while (in->p < in->end && *in->p != ' ')
		in->p++;
	field = vn_cursor_of(NULL, first, (size_t)(in->p - first));
	vn_take_byte(in, ' ');
	return field;
}

static void read_mount(vn_settings *settings, vn_cursor line)
{
	vn_kernel *kernel = settings->kernel;
	vn_cursor type, options;

	mount_field(&line);
	mount_field(&line);
	type = mount_field(&line);
	options = mount_field(&line);
	if (vn_take_word(&type, "resctrl") && type.p == type.end)
		kernel->resctrl_mounted = true;
	else if (vn_take_word(&type, "hugetlbfs") && type.p == type.end)
		for (uint32_t i = 0; i < kernel->n_hugetlb; i++)
			if (kernel->hugetlb_size_kib[i] == mount_page_kib(options))
				kernel->hugetlbfs_mounted[i] = true;
}

static void read_mounts(vn_settings *settings)
{
	vn_klines lines;
	vn_cursor line;

	if (vn_klines_open(&lines, settings->root, "proc/mounts"))
		return;
	while (vn_klines_next(&lines, &line))
		read_mount(settings, line);
	vn_klines_close(&lines);
}

void vn_settings_pages(vn_settings *settings)
{
	vn_kernel *kernel = settings->kernel;

	read_pools(settings);
	for (uint32_t i = 0; i < kernel->n_hugetlb; i++) {
		unsigned long long size = kernel->hugetlb_size_kib[i];

		kernel->nr_overcommit[i] = vn_settings_text(
			settings,
			"sys/kernel/mm/hugepages/hugepages-%llukB/nr_overcommit_hugepages", size);
		kernel->surplus[i] = vn_settings_text(
			settings, "sys/kernel/mm/hugepages/hugepages-%llukB/surplus_hugepages",
			size);
	}
	read_mounts(settings);
}
