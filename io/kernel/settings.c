/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The kernel's settings that matter to guests: single values, and sets of CPUs. */
#include "kernel/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *vn_settings_text(vn_settings *settings, const char *format, ...)
{
	vn_kfile file;
	char path[256];
	va_list args;
	const char *text;
	int length, error;

	va_start(args, format);
	length = vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(path))
		return NULL;
	error = vn_kfile_read(settings->root, &file, "%s", path);
	if ((error == EACCES || error == EPERM) && !settings->kernel->not_allowed)
		settings->kernel->not_allowed =
			vn_arena_strndup(settings->arena, path, (size_t)length);
	if (error)
		return NULL;
	vn_kfile_trim(&file);
	text = vn_arena_strndup(settings->arena, file.bytes, strlen(file.bytes));
	settings->no_memory |= !text;
	return text;
}

/* ---- single values ---- */

/* "always [madvise] never": the word in brackets; a text without brackets is taken whole. */
static const char *chosen_word(vn_settings *settings, const char *text)
{
	const char *open = text ? strchr(text, '[') : NULL;
	const char *close = open ? strchr(open, ']') : NULL;
	const char *word;

	if (!close)
		return text;
	word = vn_arena_strndup(settings->arena, open + 1, (size_t)(close - open - 1));
	settings->no_memory |= !word;
	return word;
}

static const struct {
	size_t offset; /* of the text in vn_kernel */
	const char *path;
	bool brackets;
} values[] = {
#define VALUE(field) offsetof(vn_kernel, field)
	{ VALUE(release), "proc/sys/kernel/osrelease", false },
	{ VALUE(cmdline), "proc/cmdline", false },
	{ VALUE(numa_balancing), "proc/sys/kernel/numa_balancing", false },
	{ VALUE(zone_reclaim_mode), "proc/sys/vm/zone_reclaim_mode", false },
	{ VALUE(swappiness), "proc/sys/vm/swappiness", false },
	{ VALUE(ksm_run), "sys/kernel/mm/ksm/run", false },
	{ VALUE(ksm_merge_across_nodes), "sys/kernel/mm/ksm/merge_across_nodes", false },
	{ VALUE(thp_enabled), "sys/kernel/mm/transparent_hugepage/enabled", true },
	{ VALUE(thp_defrag), "sys/kernel/mm/transparent_hugepage/defrag", true },
};

static void read_values(vn_settings *settings)
{
	for (size_t i = 0; i < VN_LEN(values); i++) {
		const char *text = vn_settings_text(settings, "%s", values[i].path);

		if (values[i].brackets)
			text = chosen_word(settings, text);
		*(const char **)((char *)settings->kernel + values[i].offset) = text;
	}
}

/* ---- CPUs ---- */

/* A kernel that was not told any CPU says "(null)" in some versions. */
static bool read_cpus(vn_settings *settings, const char *path, vn_cpuset *ret)
{
	const char *text = vn_settings_text(settings, "%s", path);

	if (text && !strcmp(text, "(null)")) {
		*ret = (vn_cpuset){ 0 };
		return true;
	}
	return text && vn_cpuset_parse(vn_cursor_of_string(path, text), ret, NULL) == VN_OK;
}

/* The governor that all online CPUs have, or "mixed". */
static const char *read_governor(vn_settings *settings)
{
	const vn_kernel *kernel = settings->kernel;
	const char *first = NULL;

	VN_CPUSET_EACH(cpu, &kernel->online) {
		vn_kfile file;

		if (vn_kfile_read(settings->root, &file,
				  "sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu))
			continue;
		vn_kfile_trim(&file);
		if (first && strcmp(first, file.bytes) != 0)
			return "mixed";
		if (!first)
			first = vn_arena_strndup(settings->arena, file.bytes, strlen(file.bytes));
	}
	return first;
}

static void read_cpu_sets(vn_settings *settings)
{
	vn_kernel *kernel = settings->kernel;

	kernel->online_known =
		read_cpus(settings, "sys/devices/system/cpu/online", &kernel->online);
	kernel->isolated_known =
		read_cpus(settings, "sys/devices/system/cpu/isolated", &kernel->isolated);
	kernel->nohz_full_known =
		read_cpus(settings, "sys/devices/system/cpu/nohz_full", &kernel->nohz_full);
	kernel->governor = read_governor(settings);
}

int vn_kernel_read(const char *root, vn_arena *arena, vn_kernel **ret, vn_error *err)
{
	int fd = vn_kdir_open(-1, "%s", root);
	vn_settings settings = { .root = fd, .arena = arena };

	if (fd < 0)
		return vn_fail_line(err, VN_E_INPUT, root, 0, 0, "cannot be opened: %s",
				    strerror(-fd));
	settings.kernel = vn_arena_alloc(arena, 1, sizeof(*settings.kernel));
	if (settings.kernel) {
		read_values(&settings);
		read_cpu_sets(&settings);
		vn_settings_pages(&settings);
		vn_settings_groups(&settings);
		vn_settings_others(&settings);
	}
	close(fd);
	if (!settings.kernel || settings.no_memory)
		return vn_fail(err, VN_E_NOMEM, "no memory for the kernel's settings");
	*ret = settings.kernel;
	return VN_OK;
}
