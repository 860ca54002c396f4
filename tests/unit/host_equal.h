/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Are two hosts equal, field by field? Not where they were read from. */
#ifndef VN_TEST_HOST_EQUAL_H
#define VN_TEST_HOST_EQUAL_H

#include "vnuma/host.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void assert_matrix_equal(const uint32_t *a, const uint32_t *b, size_t n)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_memory_equal(a, b, n * n * sizeof(*a));
}

static inline void assert_node_equal(const vn_node *a, const vn_node *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->socket, b->socket);
	assert_true(vn_cpuset_equal(&a->cpus, &b->cpus));
	assert_true(vn_cpuset_equal(&a->pcpus, &b->pcpus));
	assert_true(vn_cpuset_equal(&a->pinned, &b->pinned));
	assert_int_equal(a->cpu_usage, b->cpu_usage);
	assert_int_equal(a->mem_kib, b->mem_kib);
	assert_int_equal(a->mem_used_kib, b->mem_used_kib);
	assert_int_equal(a->cache_kib, b->cache_kib);
	assert_int_equal(a->n_pages, b->n_pages);
	assert_memory_equal(a->pages, b->pages, a->n_pages * sizeof(*a->pages));
	assert_int_equal(a->gpu_memory, b->gpu_memory);
	assert_int_equal(a->physnets, b->physnets);
	assert_int_equal(a->tunneled, b->tunneled);
}

static inline void assert_device_equal(const vn_device *a, const vn_device *b)
{
	assert_int_equal(vn_pci_address_compare(a->address, b->address), 0);
	assert_int_equal(a->vendor, b->vendor);
	assert_int_equal(a->product, b->product);
	assert_int_equal(a->class_id, b->class_id);
	assert_int_equal(a->node_ix, b->node_ix);
	assert_int_equal(a->iommu_group, b->iommu_group);
	assert_int_equal(a->taken, b->taken);
	assert_int_equal(a->n_names, b->n_names);
	for (uint32_t i = 0; i < a->n_names; i++)
		assert_string_equal(a->names[i], b->names[i]);
}

static inline void assert_pool_equal(const vn_pool *a, const vn_pool *b)
{
	assert_int_equal(a->vendor, b->vendor);
	assert_int_equal(a->product, b->product);
	assert_int_equal(a->node_ix, b->node_ix);
	assert_int_equal(a->count, b->count);
}

static inline void assert_host_equal(const vn_host *a, const vn_host *b)
{
	assert_int_equal(a->n_nodes, b->n_nodes);
	for (uint32_t i = 0; i < a->n_nodes; i++)
		assert_node_equal(&a->nodes[i], &b->nodes[i]);
	assert_int_equal(a->n_cpus, b->n_cpus);
	assert_memory_equal(a->cpus, b->cpus, a->n_cpus * sizeof(*a->cpus));
	assert_int_equal(a->n_cores, b->n_cores);
	assert_int_equal(a->n_l3, b->n_l3);
	assert_int_equal(a->n_dies, b->n_dies);
	assert_int_equal(a->n_sockets, b->n_sockets);
	assert_int_equal(a->threads_per_core, b->threads_per_core);
	assert_true(vn_cpuset_equal(&a->offline, &b->offline));
	assert_true(vn_cpuset_equal(&a->isolated, &b->isolated));
	assert_matrix_equal(a->slit, b->slit, a->n_nodes);
	assert_matrix_equal(a->latency_ns, b->latency_ns, a->n_nodes);
	assert_matrix_equal(a->bandwidth_mibs, b->bandwidth_mibs, a->n_nodes);
	assert_int_equal(a->n_devices, b->n_devices);
	for (uint32_t i = 0; i < a->n_devices; i++)
		assert_device_equal(&a->devices[i], &b->devices[i]);
	assert_int_equal(a->n_pools, b->n_pools);
	for (uint32_t i = 0; i < a->n_pools; i++)
		assert_pool_equal(&a->pools[i], &b->pools[i]);
	assert_int_equal(a->n_physnets, b->n_physnets);
	for (uint32_t i = 0; i < a->n_physnets; i++)
		assert_string_equal(a->physnets[i], b->physnets[i]);
}

/* What every host promises, however it was read. */
static inline void assert_host_sane(const vn_host *host)
{
	int32_t seen[4] = { -1, -1, -1, -1 };

	assert_in_range(host->n_nodes, 1, VN_NODE_MAX);
	assert_in_range(host->n_cpus, 1, VN_CPU_MAX);
	assert_true(host->cpus[host->n_cpus - 1].node_ix >= 0);
	for (uint32_t i = 1; i < host->n_nodes; i++)
		assert_true(host->nodes[i - 1].id < host->nodes[i].id);
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		const vn_node *node = &host->nodes[i];

		assert_true(!node->cache_kib ||
			    node->mem_used_kib + node->cache_kib <= node->mem_kib);
		assert_true(vn_cpuset_contains(&node->pcpus, &node->pinned));
		VN_CPUSET_EACH(cpu, &node->pcpus)
			assert_int_equal(host->cpus[cpu].node_ix, i);
		VN_CPUSET_EACH(cpu, &node->cpus)
			assert_int_equal(host->cpus[cpu].node_ix, i);
	}
	for (uint32_t i = 0; i < host->n_cpus; i++) {
		const vn_cpu *cpu = &host->cpus[i];
		const int32_t groups[] = { cpu->core, cpu->l3, cpu->die, cpu->socket };

		assert_int_equal(cpu->node_ix < 0, cpu->core < 0);
		for (size_t kind = 0; kind < VN_LEN(groups); kind++) {
			assert_true(groups[kind] <= seen[kind] + 1); /* by the lowest CPU */
			if (groups[kind] > seen[kind])
				seen[kind] = groups[kind];
		}
	}
	assert_int_equal(seen[0] + 1, host->n_cores);
	assert_int_equal(seen[1] + 1, host->n_l3);
	assert_int_equal(seen[2] + 1, host->n_dies);
	assert_int_equal(seen[3] + 1, host->n_sockets);
}

/* Write as JSON and read back: equal, and equal text when written again. */
static inline void assert_round_trip(const vn_host *host)
{
	VN_AUTO_TEXT once = VN_TEXT_INIT;
	VN_AUTO_TEXT again = VN_TEXT_INIT;
	VN_AUTO(vn_host) back = NULL;
	vn_error err = { 0 };

	assert_host_sane(host);
	assert_int_equal(vn_host_write_json(host, &once, &err), VN_OK);
	if (vn_host_parse("written", once.bytes, once.len, &back, &err) < 0)
		fail_msg("%s", err.text);
	assert_host_equal(host, back);
	assert_int_equal(vn_host_write_json(back, &again, &err), VN_OK);
	assert_string_equal(once.bytes, again.bytes);
}

/* The message of a failed read, as the command prints it. */
static inline void assert_message(const vn_error *err, const char *expected)
{
	char text[512];

	assert_string_equal(vn_error_format(err, text, sizeof(text)), expected);
}

/* A document that is no host, and what is said about it. */
struct bad_host {
	const char *in, *message;
	enum vn_code code;
};

static inline void assert_all_refused(const char *source, const struct bad_host *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		vn_host *host = NULL;
		vn_error err = { 0 };
		int r = vn_host_parse(source, rows[i].in, strlen(rows[i].in), &host, &err);

		print_message("# row %zu\n", i);
		assert_int_equal(r, rows[i].code);
		assert_int_equal(err.code, rows[i].code);
		assert_null(host);
		assert_message(&err, rows[i].message);
	}
}

/* A document that is a host, and the same host again through JSON. */
static inline vn_host *read_good_host(const char *source, const char *document)
{
	vn_host *host = NULL;
	vn_error err = { 0 };

	if (vn_host_parse(source, document, strlen(document), &host, &err) < 0)
		fail_msg("%s", err.text);
	assert_round_trip(host);
	return host;
}

#endif
