/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Random guests for a random host, near the edge of what it holds: in Nova's words (extra specs),
 * or cell by cell ("guest"); and the limits and settings that go with them. */
#include "case.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { CELLS_MOST = 4, VCPUS_MOST = 14 };

struct asker {
	struct random *r;
	const struct features *features;
	const struct case_host *host;
	json_t *request;
	uint32_t n, vcpus[CELLS_MOST];
	uint64_t mib[CELLS_MOST];
	enum vn_cpu_policy policy;
	enum vn_thread_policy threads;
};

static bool chance(struct asker *a, uint32_t percent)
{
	return random_chance(a->r, percent);
}

static uint32_t below(struct asker *a, uint32_t n)
{
	return random_below(a->r, n);
}

static uint32_t draw_vcpus(struct asker *a)
{
	uint32_t node = below(a, a->host->n_nodes), most;

	most = a->policy == VN_CPU_SHARED ? a->host->shared[node] : a->host->dedicated[node];
	if (a->threads == VN_THREADS_ISOLATE)
		most = most / a->host->threads + 1;
	if (chance(a, 25))
		return 1 + most % VCPUS_MOST; /* one more than there is, or nearly all */
	if (chance(a, 25) && most)
		return most < VCPUS_MOST ? most : VCPUS_MOST;
	return 1 + below(a, most < 6 ? most + 1 : 6);
}

/* Often small, often what is free on a node or a part of it. */
static uint64_t draw_mib(struct asker *a)
{
	uint64_t free = a->host->free_mib[below(a, a->host->n_nodes)];

	if (chance(a, 40))
		return 64 * (1 + below(a, 8));
	if (chance(a, 20))
		return 1 + below(a, 700);
	if (chance(a, 30) && free >= 1024)
		return free / 1024 * 1024;
	if (chance(a, 30) && free >= 2)
		return free / 2;
	return free + (chance(a, 50) ? 0 : 256) + !free;
}

static void draw_policy(struct asker *a)
{
	a->policy = chance(a, 35) ? VN_CPU_SHARED : VN_CPU_DEDICATED;
	if (chance(a, 25) &&
	    (!a->host->overlaps || chance(a, a->features->percent[FEATURE_MIXED_OVERLAP])))
		a->policy = VN_CPU_MIXED;
	a->threads = a->policy == VN_CPU_SHARED || chance(a, 35) ? VN_THREADS_PREFER
								 : below(a, VN_THREAD_POLICY_COUNT);
	if (a->threads == VN_THREADS_REQUIRE && a->host->threads > 2 &&
	    !chance(a, a->features->percent[FEATURE_REQUIRE_SMT4]))
		a->threads = VN_THREADS_PREFER;
}

static void draw_cells(struct asker *a)
{
	bool even = chance(a, 50);

	a->n = chance(a, 35) ? 1 : 1 + below(a, CELLS_MOST);
	for (uint32_t c = 0; c < a->n; c++) {
		a->vcpus[c] = c && even ? a->vcpus[0] : draw_vcpus(a);
		a->mib[c] = c && even ? a->mib[0] : draw_mib(a);
	}
}

/* ---- cell by cell ---- */

/* Wishes for pages; either all cells have one or none, since what a wish leaves to a cell without
 * one on the same node depends on their order. */
static json_t *draw_pagesize(struct asker *a)
{
	static const int sizes[] = { -1, -2, -2, -3, -3, 4, 2048, 2048, 1048576 };

	return json_integer(sizes[below(a, VN_LEN(sizes))]);
}

static json_t *numbers(uint32_t first, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, json_integer(first + i));
	return list;
}

static json_t *make_guest_cell(struct asker *a, uint32_t c, uint32_t first, bool wishes)
{
	static const char *const policies[] = { "shared", "dedicated", "mixed" };
	uint32_t pins = a->policy == VN_CPU_DEDICATED ? a->vcpus[c] : 0;
	json_t *cell = json_pack("{s:i,s:I}", "id", (int)c, "mem_mib", (json_int_t)a->mib[c]);

	if (a->policy == VN_CPU_MIXED)
		pins = below(a, a->vcpus[c] + 1);
	json_object_set_new(cell, "cpus", numbers(first, a->vcpus[c] - pins));
	json_object_set_new(cell, "pcpus", numbers(first + a->vcpus[c] - pins, pins));
	if (pins == a->vcpus[c] || !pins || chance(a, 80))
		json_object_set_new(cell, "cpu_policy",
				    json_string(policies[pins == a->vcpus[c] ? VN_CPU_DEDICATED
							 : pins		     ? VN_CPU_MIXED
									     : VN_CPU_SHARED]));
	if (a->threads != VN_THREADS_PREFER)
		json_object_set_new(cell, "cpu_thread_policy",
				    json_string(vn_thread_policy_names[a->threads]));
	if (wishes)
		json_object_set_new(cell, "pagesize", draw_pagesize(a));
	return cell;
}

static void make_guest(struct asker *a)
{
	json_t *cells = json_array(), *guest = json_pack("{s:o}", "cells", cells);
	bool wishes = chance(a, a->host->pages ? 35 : 8);
	uint32_t first = 0;

	for (uint32_t c = 0; c < a->n; c++) {
		json_array_append_new(cells, make_guest_cell(a, c, first, wishes));
		first += a->vcpus[c];
	}
	if (a->policy != VN_CPU_SHARED && chance(a, 25))
		json_object_set_new(guest, "emulator_threads_policy",
				    json_string(chance(a, 80) ? "isolate" : "share"));
	json_object_set_new(a->request, "guest", guest);
}

/* ---- in Nova's words ---- */

static void set_spec(json_t *specs, const char *name, json_t *value)
{
	json_object_set_new(specs, name, value);
}

/* Uneven cells need lists; vCPUs in blocks, or dealt out where all have as many. */
static void set_lists(struct asker *a, json_t *specs)
{
	bool even = true, dealt;
	uint32_t first = 0;

	for (uint32_t c = 0; c < a->n; c++)
		even &= a->vcpus[c] == a->vcpus[0] && a->mib[c] == a->mib[0];
	if (even && chance(a, 80))
		return;
	dealt = even && chance(a, 50);
	for (uint32_t c = 0; c < a->n; c++) {
		char name[32], list[512];
		vn_cpuset vcpus = { 0 };

		for (uint32_t i = 0; i < a->vcpus[c]; i++)
			vn_cpuset_add(&vcpus, dealt ? c + i * a->n : first + i);
		first += a->vcpus[c];
		vn_cpuset_format(&vcpus, list, sizeof(list));
		snprintf(name, sizeof(name), "hw:numa_cpus.%u", c);
		set_spec(specs, name, json_string(list));
		snprintf(name, sizeof(name), "hw:numa_mem.%u", c);
		set_spec(specs, name, json_sprintf("%" PRIu64, a->mib[c]));
	}
}

static void set_mask(struct asker *a, json_t *specs, uint32_t vcpus)
{
	vn_cpuset mask = { 0 };
	char list[512];

	for (uint32_t vcpu = 0; vcpu < vcpus; vcpu++)
		if (chance(a, 50))
			vn_cpuset_add(&mask, vcpu);
	vn_cpuset_add(&mask, below(a, vcpus));
	if (vn_cpuset_count(&mask) == vcpus)
		vn_cpuset_del(&mask, below(a, vcpus));
	vn_cpuset_format(&mask, list, sizeof(list));
	set_spec(specs, "hw:cpu_dedicated_mask", json_string(list));
}

static void set_policies(struct asker *a, json_t *specs, uint32_t vcpus)
{
	static const char *const pages[] = { "small", "large", "large", "any",	  "any",
					     "4KB",   "2MB",   "2048",	"1048576" };

	if (a->policy == VN_CPU_MIXED && vcpus < 2)
		a->policy = VN_CPU_DEDICATED;
	if (a->policy != VN_CPU_SHARED || chance(a, 30))
		set_spec(specs, "hw:cpu_policy", json_string(vn_cpu_policy_names[a->policy]));
	if (a->policy == VN_CPU_MIXED)
		set_mask(a, specs, vcpus);
	if (a->policy != VN_CPU_SHARED && (a->threads != VN_THREADS_PREFER || chance(a, 30)))
		set_spec(specs, "hw:cpu_thread_policy",
			 json_string(vn_thread_policy_names[a->threads]));
	if (a->policy != VN_CPU_SHARED && chance(a, 25))
		set_spec(specs, "hw:emulator_threads_policy",
			 json_string(chance(a, 80) ? "isolate" : "share"));
	if (chance(a, a->host->pages ? 35 : 8))
		set_spec(specs, "hw:mem_page_size", json_string(pages[below(a, VN_LEN(pages))]));
	if (chance(a, a->features->percent[FEATURE_PCI] / 4))
		set_spec(specs, "hw:pci_numa_affinity_policy",
			 json_string(vn_pci_policy_names[below(a, VN_PCI_POLICY_COUNT)]));
}

static void make_flavor(struct asker *a)
{
	json_t *specs = json_object();
	uint32_t vcpus = 0;
	uint64_t mib = 0;

	for (uint32_t c = 0; c < a->n; c++) {
		vcpus += a->vcpus[c];
		mib += a->mib[c];
	}
	if (!chance(a, a->features->percent[FEATURE_AUTO])) {
		set_spec(specs, "hw:numa_nodes", json_sprintf("%u", a->n));
		set_lists(a, specs);
	}
	set_policies(a, specs, vcpus);
	json_object_set_new(a->request, "vcpus", json_integer(vcpus));
	json_object_set_new(a->request, "mem_mib", json_integer((json_int_t)mib));
	json_object_set_new(a->request, "extra_specs", specs);
}

/* ---- devices, limits ---- */

static json_t *make_pci_request(struct asker *a)
{
	json_t *spec = json_pack("{s:s}", "vendor_id", chance(a, 70) ? "8086" : "15b3");
	json_t *request = json_pack("{s:i,s:[o]}", "count", 1 + (int)below(a, 3), "spec", spec);

	if (chance(a, 80))
		json_object_set_new(spec, "product_id",
				    json_string(chance(a, 60) ? "1572" : "10c9"));
	if (chance(a, 80))
		json_object_set_new(
			request, "numa_policy",
			json_string(vn_pci_policy_names[below(a, VN_PCI_POLICY_COUNT)]));
	return request;
}

static void set_pci_requests(struct asker *a)
{
	uint32_t n = 1 + below(a, 3);
	json_t *list = json_array();

	if (chance(a, 50))
		n = 1;
	for (uint32_t i = 0; i < n; i++)
		json_array_append_new(list, make_pci_request(a));
	json_object_set_new(a->request, "pci_requests", list);
}

static json_t *make_limits(struct asker *a)
{
	static const double cpu[] = { 0.5, 1, 1.5, 2, 4, 16 }, ram[] = { 0.5, 1, 1, 1.5, 2 };
	static const char *const nets[] = { "net0", "net1", "net2", "net3" };
	json_t *limits = json_object(), *list = json_array();

	json_object_set_new(limits, "cpu_allocation_ratio", json_real(cpu[below(a, VN_LEN(cpu))]));
	json_object_set_new(limits, "ram_allocation_ratio",
			    json_real(chance(a, a->features->percent[FEATURE_RAM_RATIO])
					      ? ram[below(a, VN_LEN(ram))]
					      : 1.0));
	if (chance(a, a->features->percent[FEATURE_NETWORKS])) {
		for (size_t i = 0; i < VN_LEN(nets); i++)
			if (chance(a, 30))
				json_array_append_new(list, json_string(nets[i]));
		json_object_set(limits, "physnets", list);
		json_object_set_new(limits, "tunneled", json_boolean(chance(a, 30)));
	}
	json_decref(list);
	return limits;
}

void case_make_request(struct random *r, const struct features *features,
		       const struct case_host *host, json_t *to)
{
	struct asker a = { .r = r, .features = features, .host = host, .request = json_object() };
	json_t *config = json_pack("{s:b}", "packing", random_chance(r, 50));

	draw_policy(&a);
	draw_cells(&a);
	if (chance(&a, 40))
		make_guest(&a);
	else
		make_flavor(&a);
	if (chance(&a, features->percent[FEATURE_PCI]))
		set_pci_requests(&a);
	json_object_set_new(to, "request", a.request);
	json_object_set_new(to, "limits", chance(&a, 30) ? json_null() : make_limits(&a));
	json_object_set_new(to, "config", config);
}
