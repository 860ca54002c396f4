/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The cgroup that libvirt puts its guests into: systemd's machine.slice, or "machine" without
 * systemd; in version 2 of cgroups, and in the cpuset controller of version 1. */
#include "kernel/settings.h"

#include <string.h>
#include <unistd.h>

static const struct {
	const char *folder;
	const char *cpus, *mems; /* what is in force */
	bool v2;
} places[] = {
	{ "sys/fs/cgroup/machine.slice", "cpuset.cpus.effective", "cpuset.mems.effective", true },
	{ "sys/fs/cgroup/machine", "cpuset.cpus.effective", "cpuset.mems.effective", true },
	{ "sys/fs/cgroup/unified/machine.slice", "cpuset.cpus.effective", "cpuset.mems.effective",
	  true },
	{ "sys/fs/cgroup/cpuset/machine.slice", "cpuset.effective_cpus", "cpuset.effective_mems",
	  false },
	{ "sys/fs/cgroup/cpuset/machine", "cpuset.effective_cpus", "cpuset.effective_mems", false },
};

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *p = text; p && (p = strstr(p, word)); p += length)
		if ((p == text || p[-1] == ' ') && (p[length] == ' ' || !p[length]))
			return true;
	return false;
}

void vn_settings_groups(vn_settings *settings)
{
	vn_kernel *kernel = settings->kernel;

	for (size_t i = 0; i < VN_LEN(places) && !kernel->machine_slice_known; i++) {
		const char *folder = places[i].folder, *cpus, *mems;

		if (places[i].v2 &&
		    has_word(vn_settings_text(settings, "%s/cgroup.controllers", folder), "cpuset"))
			kernel->cpuset_controller = true;
		cpus = vn_settings_text(settings, "%s/%s", folder, places[i].cpus);
		mems = vn_settings_text(settings, "%s/%s", folder, places[i].mems);
		if (!cpus || !mems ||
		    vn_cpuset_parse(vn_cursor_of_string(NULL, cpus), &kernel->machine_cpus, NULL) <
			    0 ||
		    vn_nodeset_parse(vn_cursor_of_string(NULL, mems), &kernel->machine_mems, NULL) <
			    0)
			continue;
		kernel->machine_slice_known = kernel->cpuset_controller = true;
		kernel->machine_partition =
			vn_settings_text(settings, "%s/cpuset.cpus.partition", folder);
	}
}
