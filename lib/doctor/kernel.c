/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Settings of the host that matter to its guests. Each is looked at only where some guest would
 * feel it, and SKIPs where it is not known: a captured host has no kernel to ask. */
#include <string.h>

#include "doctor/look.h"

/* The setting's text, or NULL after a SKIP that names it. */
static const char *known(vn_look *look, const char *value, const char *what)
{
	const char *not_allowed = look->kernel->not_allowed;

	if (!look->kernel_known)
		vn_look_skip(look, "the kernel settings of this host are not known");
	else if (!value)
		vn_look_skip(look, "%s cannot be read%s%s", what,
			     not_allowed ? "; first file that needs rights: " : "",
			     not_allowed ? not_allowed : "");
	return look->kernel_known ? value : NULL;
}

static bool is_zero(const char *value)
{
	return !strcmp(value, "0");
}

/* "'a', 'b' and 3 more" of the guests that `wanted` is true for; NULL: none. */
static const char *guests_with(vn_look *look, bool (*wanted)(const vn_look *, const vn_subject *))
{
	enum { NAMED = 3 };
	VN_AUTO_TEXT names = VN_TEXT_INIT;
	uint32_t count = 0;
	const char *kept;

	for (uint32_t i = 0; i < look->n_subjects; i++) {
		const vn_subject *s = &look->subjects[i];

		if (!s->config || !wanted(look, s))
			continue;
		if (count++ < NAMED)
			vn_text_addf(&names, "%s'%.80s'", count > 1 ? ", " : "",
				     s->guest->name ? s->guest->name : "");
	}
	if (!count)
		return NULL;
	if (count > NAMED)
		vn_text_addf(&names, " and %u more", count - NAMED);
	kept = names.failed ? NULL : vn_arena_strndup(look->arena, names.bytes, names.len);
	look->no_memory |= !kept;
	return kept ? kept : "";
}

static bool is_pinned(const vn_look *look, const vn_subject *s)
{
	(void)look;
	return !vn_cpuset_is_empty(&s->masked);
}

static bool is_loose(const vn_look *look, const vn_subject *s)
{
	(void)look;
	return vn_cpuset_is_empty(&s->masked) && vn_nodeset_is_empty(&s->mem_bound) && !s->by_numad;
}

static bool is_fixed(const vn_subject *s)
{
	bool bound = true;

	for (uint32_t c = 0; c < s->n_cells; c++)
		bound &= vn_look_is_strict(&s->cells[c]);
	return bound && vn_cpuset_count(&s->masked) == s->config->vcpus;
}

static bool is_mergeable(const vn_look *look, const vn_subject *s)
{
	(void)look;
	return !s->domain->nosharepages && !vn_look_has_pages(s);
}

static bool has_ordinary(const vn_look *look, const vn_subject *s)
{
	(void)look;
	for (uint32_t c = 0; c < s->n_cells; c++)
		if (!s->cells[c].page_kib)
			return true;
	return false;
}

static bool is_realtime(const vn_look *look, const vn_subject *s)
{
	(void)look;
	return !vn_cpuset_is_empty(&s->domain->realtime);
}

static bool has_own_cpus(const vn_look *look, const vn_subject *s)
{
	(void)look;
	return !vn_cpuset_is_empty(&s->own);
}

static bool has_resource_control(const vn_look *look, const vn_subject *s)
{
	(void)look;
	return s->domain->resource_control;
}

/* ---- VN007: pools ---- */

static bool needs_mount(const vn_subject *s, uint64_t page_kib)
{
	for (uint32_t c = 0; s->config && c < s->n_cells; c++)
		if (s->cells[c].page_kib == page_kib)
			return !s->domain->memfd;
	return false;
}

static void check_pool(vn_look *look, uint32_t i)
{
	const vn_kernel *kernel = look->kernel;
	uint64_t kib = kernel->hugetlb_size_kib[i];
	const char *over = kernel->nr_overcommit[i], *surplus = kernel->surplus[i];
	const char *size = vn_look_size(look, kib);
	vn_finding *finding = NULL;

	if ((over && !is_zero(over)) || (surplus && !is_zero(surplus)))
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "the pool of %s pages may grow by %s surplus pages, on any "
				       "node, and has by %s",
				       size, over ? over : "an unknown number of",
				       surplus ? surplus : "an unknown number");
	if (finding)
		vn_look_fix(look, finding, VN_FIX_COMMAND,
			    "echo 0 >/sys/kernel/mm/hugepages/hugepages-%llukB/"
			    "nr_overcommit_hugepages",
			    (unsigned long long)kib);
	for (uint32_t g = 0; g < look->n_subjects && !kernel->hugetlbfs_mounted[i]; g++) {
		if (!needs_mount(&look->subjects[g], kib))
			continue;
		finding = vn_look_find(look, VN_CHECK_WARN, -1,
				       "no hugetlbfs for pages of %s is mounted, and guest '%s' "
				       "needs one to start",
				       size, look->subjects[g].guest->name);
		vn_look_fix(look, finding, VN_FIX_COMMAND,
			    "mkdir -p /dev/hugepages-%lluK && mount -t hugetlbfs -o pagesize=%lluK "
			    "hugetlbfs /dev/hugepages-%lluK",
			    (unsigned long long)kib, (unsigned long long)kib,
			    (unsigned long long)kib);
		return;
	}
}

/* Pages of 1 GiB that nothing reserves at boot are found in free memory, or not. */
static void check_late_pages(vn_look *look)
{
	enum { GIB_KIB = 1 << 20 };

	for (uint32_t g = 0; g < look->n_subjects && look->kernel->cmdline; g++) {
		const vn_subject *s = &look->subjects[g];
		bool uses = false;

		for (uint32_t c = 0; s->config && c < s->n_cells; c++)
			uses |= s->cells[c].page_kib == GIB_KIB;
		if (!uses || strstr(look->kernel->cmdline, "hugepagesz=1G"))
			continue;
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_INFO, -1,
					 "guest '%s' uses pages of 1 GiB, and the kernel's command "
					 "line reserves none: after the next boot they may not be "
					 "had any more",
					 s->guest->name),
			    VN_FIX_WORDS,
			    "boot the host with hugepagesz=1G hugepages=NODE:COUNT,NODE:COUNT");
		return;
	}
}

void vn_check_pools(vn_look *look, const vn_subject *s)
{
	(void)s;
	if (!known(look, "", "huge page pools"))
		return;
	for (uint32_t i = 0; i < look->kernel->n_hugetlb; i++)
		check_pool(look, i);
	check_late_pages(look);
}

/* ---- VN017, VN018: numad ---- */

void vn_check_placement_auto(vn_look *look, const vn_subject *s)
{
	const vn_domain *domain = s->domain;
	vn_finding *finding;

	if (!domain->auto_vcpu && !domain->auto_memory)
		return;
	if (!vn_cpuset_is_empty(&domain->memnodes))
		finding = vn_look_find(look, VN_CHECK_FAIL, -1,
				       "placement='auto' with <memnode>: libvirt refuses to bind "
				       "cells when numad chooses");
	else
		finding =
			vn_look_find(look, VN_CHECK_WARN, -1,
				     "placement='auto': numad chooses its nodes at each start, by "
				     "what is idle then, without cells, pages or other guests' "
				     "promises");
	vn_look_plan(look, finding);
}

void vn_check_numad(vn_look *look, const vn_subject *s)
{
	const char *pinned = guests_with(look, is_pinned);

	(void)s;
	if (!known(look, look->kernel->numad_known ? "" : NULL, "whether numad runs"))
		return;
	if (!look->kernel->numad_running || !pinned)
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_WARN, -1,
				 "numad runs, and moves guests that are pinned: %s", pinned),
		    VN_FIX_COMMAND, "systemctl disable --now numad");
}

/* ---- VN019 ---- */

void vn_check_balancing(vn_look *look, const vn_subject *s)
{
	const char *value, *loose = guests_with(look, is_loose);
	uint32_t fixed = 0, all = 0;

	(void)s;
	value = known(look, look->kernel->numa_balancing, "kernel.numa_balancing");
	if (!value || look->host->n_nodes < 2)
		return;
	for (uint32_t i = 0; i < look->n_subjects; i++) {
		all++;
		fixed += look->subjects[i].config && is_fixed(&look->subjects[i]);
	}
	if (is_zero(value) && loose)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "kernel.numa_balancing is 0, and nothing brings memory to "
					 "the vCPUs of guests without pins: %s",
					 loose),
			    VN_FIX_COMMAND, "sysctl -w kernel.numa_balancing=1");
	else if (!is_zero(value) && all && fixed == all)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_INFO, -1,
					 "kernel.numa_balancing is %s, and all %u guests are "
					 "pinned and bound: it has nothing to do",
					 value, all),
			    VN_FIX_COMMAND, "sysctl -w kernel.numa_balancing=0");
}

/* ---- VN020 ---- */

void vn_check_ksm(vn_look *look, const vn_subject *s)
{
	const vn_kernel *kernel = look->kernel;
	const char *across, *run, *guests = guests_with(look, is_mergeable);

	(void)s;
	if (!(run = known(look, kernel->ksm_run, "ksm/run")) || is_zero(run) ||
	    look->host->n_nodes < 2 || !guests)
		return;
	across = known(look, kernel->ksm_merge_across_nodes, "ksm/merge_across_nodes");
	if (!across || is_zero(across))
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_WARN, -1,
				 "KSM merges equal pages of different nodes (run is %s, "
				 "merge_across_nodes %s): memory of %s becomes remote",
				 run, across, guests),
		    VN_FIX_COMMAND,
		    "echo 2 >/sys/kernel/mm/ksm/run\n"
		    "echo 0 >/sys/kernel/mm/ksm/merge_across_nodes\n"
		    "echo 1 >/sys/kernel/mm/ksm/run");
}

/* ---- VN021 ---- */

/* A guest of ordinary memory that should have had transparent huge pages. */
static void check_thp_of(vn_look *look, const vn_subject *s)
{
	enum { LARGE_KIB = 1 << 20 };
	const vn_memory_use *memory = &s->guest->memory;
	uint64_t ordinary = 0;

	if (!s->running || !vn_look_measured(look, s) || !memory->thp_known || !memory->n_sizes)
		return;
	for (uint32_t n = 0; n < look->host->n_nodes; n++)
		ordinary += memory->kib[n];
	if (ordinary < LARGE_KIB || memory->thp_kib >= ordinary / 10)
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_INFO, -1,
				 "of %s of ordinary memory of guest '%s' %s are in transparent "
				 "huge pages",
				 vn_look_size(look, ordinary), s->guest->name,
				 vn_look_size(look, memory->thp_kib)),
		    VN_FIX_WORDS, "khugepaged may need time; free memory may be fragmented");
}

void vn_check_thp(vn_look *look, const vn_subject *s)
{
	const vn_kernel *kernel = look->kernel;
	const char *enabled, *guests = guests_with(look, has_ordinary);

	(void)s;
	enabled = known(look, kernel->thp_enabled, "transparent_hugepage/enabled");
	if (!enabled || !guests)
		return;
	if (!strcmp(enabled, "never")) {
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "transparent huge pages are off ('never'), and %s have "
					 "ordinary memory",
					 guests),
			    VN_FIX_COMMAND,
			    "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled");
		return;
	}
	if (kernel->thp_defrag && !strcmp(kernel->thp_defrag, "always"))
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_INFO, -1,
					 "transparent_hugepage/defrag is 'always': a page fault of "
					 "a guest may wait for compaction"),
			    VN_FIX_COMMAND,
			    "echo madvise >/sys/kernel/mm/transparent_hugepage/defrag");
	for (uint32_t i = 0; i < look->n_subjects; i++)
		if (look->subjects[i].config)
			check_thp_of(look, &look->subjects[i]);
}

/* ---- VN022 ---- */

void vn_check_zone_reclaim(vn_look *look, const vn_subject *s)
{
	const char *value = known(look, look->kernel->zone_reclaim_mode, "vm.zone_reclaim_mode");

	(void)s;
	if (value && !is_zero(value) && look->host->n_nodes > 1)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "vm.zone_reclaim_mode is %s: a node drops its file cache "
					 "before it takes memory of another",
					 value),
			    VN_FIX_COMMAND, "sysctl -w vm.zone_reclaim_mode=0");
}

/* ---- VN026: machine.slice ---- */

static void check_in_slice(vn_look *look, const vn_subject *s)
{
	const vn_kernel *kernel = look->kernel;
	vn_cpuset out = { 0 };
	vn_nodeset mems = s->mem_bound;

	VN_CPUSET_EACH(vcpu, &s->masked)
		vn_cpuset_or(&out, &s->vcpu[vcpu]);
	vn_cpuset_minus(&out, &kernel->machine_cpus);
	vn_nodeset_minus(&mems, &kernel->machine_mems);
	if (!vn_cpuset_is_empty(&out))
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, -1,
					 "guest '%s' is pinned to %s, which machine.slice may "
					 "not use (it has %s)",
					 s->guest->name, vn_look_cpus(look, &out),
					 vn_look_cpu_list(look, &kernel->machine_cpus)),
			    VN_FIX_COMMAND, "systemctl set-property machine.slice AllowedCPUs=");
	if (!vn_nodeset_is_empty(&mems))
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, vn_nodeset_next(&mems, -1),
					 "memory of guest '%s' is bound to %s, which machine.slice "
					 "may not use (it has %s)",
					 s->guest->name, vn_look_node_list(look, &mems),
					 vn_look_node_list(look, &kernel->machine_mems)),
			    VN_FIX_COMMAND,
			    "systemctl set-property machine.slice AllowedMemoryNodes=");
}

static bool any_runs(const vn_look *look)
{
	for (uint32_t i = 0; i < look->n_subjects; i++)
		if (look->subjects[i].running)
			return true;
	return false;
}

void vn_check_cgroup(vn_look *look, const vn_subject *s)
{
	const vn_kernel *kernel = look->kernel;

	(void)s;
	if (!known(look, "", "machine.slice"))
		return;
	if (any_runs(look) && !kernel->cpuset_controller)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "machine.slice has no cpuset controller: libvirt can "
					 "neither keep guests to their CPUs nor move their memory"),
			    VN_FIX_COMMAND,
			    "echo +cpuset >/sys/fs/cgroup/cgroup.subtree_control\n"
			    "echo +cpuset >/sys/fs/cgroup/machine.slice/cgroup.subtree_control");
	else if (!kernel->machine_slice_known)
		vn_look_skip(look, "there is no machine.slice yet, or it cannot be read");
	if (!kernel->machine_slice_known)
		return;
	if (kernel->machine_partition && strstr(kernel->machine_partition, "invalid"))
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_FAIL, -1,
					 "cpuset.cpus.partition of machine.slice is '%s'",
					 kernel->machine_partition),
			    VN_FIX_WORDS,
			    "take its CPUs from the other slices, or write 'member' to it");
	for (uint32_t i = 0; i < look->n_subjects; i++)
		if (look->subjects[i].config)
			check_in_slice(look, &look->subjects[i]);
}

/* ---- VN027 ---- */

void vn_check_interrupts(vn_look *look, const vn_subject *s)
{
	const vn_kernel *kernel = look->kernel;
	const char *realtime = guests_with(look, is_realtime);
	vn_cpuset both = look->owned, left = look->online;
	vn_finding *finding;

	(void)s;
	vn_cpuset_minus(&left, &look->owned);
	if (!known(look, kernel->irq_known ? "" : NULL, "/proc/irq"))
		return;
	vn_cpuset_and(&both, &kernel->irq_cpus);
	if (vn_cpuset_is_empty(&both))
		return;
	finding = vn_look_find(look, realtime ? VN_CHECK_WARN : VN_CHECK_INFO, -1,
			       "device interrupts may go to %s, which vCPUs have to "
			       "themselves%s%s; irqbalance %s",
			       vn_look_cpus(look, &both), realtime ? ", in real time: " : "",
			       realtime ? realtime : "",
			       kernel->irqbalance_running ? "runs" : "does not run");
	if (kernel->irqbalance_running)
		vn_look_fix(look, finding, VN_FIX_WORDS,
			    "in /etc/default/irqbalance: IRQBALANCE_BANNED_CPULIST=%s",
			    vn_look_cpu_list(look, &look->owned));
	else if (!vn_cpuset_is_empty(&left))
		vn_look_fix(look, finding, VN_FIX_COMMAND,
			    "for i in /proc/irq/[0-9]*/smp_affinity_list; do echo %s >$i; done",
			    vn_look_cpu_list(look, &left));
	else
		vn_look_fix(look, finding, VN_FIX_WORDS,
			    "leave a CPU without pins, and write it to "
			    "/proc/irq/*/smp_affinity_list");
}

/* ---- VN028 ---- */

void vn_check_governor(vn_look *look, const vn_subject *s)
{
	const char *guests = guests_with(look, has_own_cpus);
	const char *governor = known(look, look->kernel->governor, "the CPU frequency governor");

	(void)s;
	if (!governor || !guests || !strcmp(governor, "performance"))
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_INFO, -1,
				 "the CPU frequency governor is '%s', and vCPUs have CPUs to "
				 "themselves: %s",
				 governor, guests),
		    VN_FIX_COMMAND, "cpupower frequency-set -g performance");
}

/* ---- VN030 ---- */

void vn_check_uneven(vn_look *look, const vn_subject *s)
{
	uint64_t least = UINT64_MAX, most = 0;
	uint32_t bare = 0;
	const vn_host *host = look->host;

	(void)s;
	for (uint32_t n = 0; n < host->n_nodes; n++) {
		const vn_node *node = &host->nodes[n];

		if (vn_cpuset_is_empty(&node->cpus) && vn_cpuset_is_empty(&node->pcpus))
			continue;
		bare += !node->mem_kib;
		least = node->mem_kib < least ? node->mem_kib : least;
		most = node->mem_kib > most ? node->mem_kib : most;
	}
	/* A virtual machine may well have a socket for each CPU: no firmware did that. */
	if (host->n_sockets > look->nodes_with_cpus && look->nodes_with_cpus &&
	    host->n_cores >= 2 * host->n_sockets)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_WARN, -1,
					 "%u sockets and %u node%s: the firmware interleaves "
					 "memory over sockets (or the kernel has numa=off), so "
					 "that no placement keeps it near",
					 host->n_sockets, look->nodes_with_cpus,
					 look->nodes_with_cpus == 1 ? "" : "s"),
			    VN_FIX_WORDS,
			    "switch node interleaving off in the firmware's settings");
	if (bare)
		vn_look_find(look, VN_CHECK_INFO, -1, "%u of %u nodes with CPUs have no memory",
			     bare, look->nodes_with_cpus);
	else if (look->nodes_with_cpus > 1 && (most - least) * 5 > most)
		vn_look_fix(look,
			    vn_look_find(look, VN_CHECK_INFO, -1,
					 "nodes with CPUs have between %s and %s of memory",
					 vn_look_size(look, least), vn_look_size(look, most)),
			    VN_FIX_WORDS, "fit the same modules to every memory channel");
}

/* ---- VN042 ---- */

void vn_check_resctrl(vn_look *look, const vn_subject *s)
{
	const char *guests = guests_with(look, has_resource_control);

	(void)s;
	if (!guests || !known(look, "", "/sys/fs/resctrl") || look->kernel->resctrl_mounted)
		return;
	vn_look_fix(look,
		    vn_look_find(look, VN_CHECK_WARN, -1,
				 "/sys/fs/resctrl is not mounted, and <cachetune> or <memorytune> "
				 "of %s need it",
				 guests),
		    VN_FIX_COMMAND, "mount -t resctrl resctrl /sys/fs/resctrl");
}
