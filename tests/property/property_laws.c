/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Laws of the fit that hold for every host and guest: taking and giving back restores the host,
 * equal questions have equal answers, more room never hurts, and neither the numbers of nodes nor a
 * detour through JSON change what a placement costs. */
#include "judge.h"
#include "random.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 3000 };

static struct pair pair, other;
static vn_placement placement, again;
static uint64_t seed, first, cases;
static uint64_t fitting[CASES], n_fitting; /* the cases that have a placement */

static int place(struct pair *of, vn_placement *ret)
{
	pair_count(of);
	return vn_place(&of->host, &of->request, &of->options, ret, NULL);
}

/* A copy of `pair` in `other` whose pointers point into `other`. */
static void copy_pair(void)
{
	other = pair;
	other.host.nodes = other.nodes;
	other.host.cpus = other.cpus;
	other.host.devices = other.devices;
	if (pair.host.slit)
		other.host.slit = other.slit;
	if (pair.request.memnode)
		other.request.memnode = other.memnode;
	if (pair.request.vcpupin)
		other.request.vcpupin = other.vcpupin;
}

/* The failing case as text; always false. */
static bool fails(uint64_t n, const char *what)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	pair_print(&pair, &text);
	printf("# VN_SEED=%" PRIu64 " VN_CASE=%" PRIu64 ": %s\n%s\n", seed, n, what, text.bytes);
	return false;
}

typedef bool (*law)(uint64_t n);

static void hold(law holds)
{
	uint64_t broken = 0;

	for (uint64_t i = 0; i < n_fitting && broken < 3; i++) {
		pair_make(&pair, seed, fitting[i]);
		assert_int_equal(place(&pair, &placement), VN_OK);
		broken += !holds(fitting[i]);
	}
	assert_int_equal(broken, 0);
}

/* ---- taking
 * -------------------------------------------------------------------------------------- */

static bool take_restores(uint64_t n)
{
	static vn_node before[NODES_MAX];

	memcpy(before, pair.nodes, sizeof(before));
	vn_host_take(&pair.host, &placement);
	for (uint32_t vcpu = 0; vcpu < placement.n_vcpus; vcpu++) {
		const vn_node *node =
			&pair.nodes[placement.cells[placement.vcpu_cell[vcpu]].node_ix];

		if (placement.pin[vcpu] >= 0 &&
		    !vn_cpuset_has(&node->pinned, (unsigned)placement.pin[vcpu]))
			return fails(n, "a taken CPU is not pinned");
	}
	const struct question q = { &pair.host, &pair.request, &pair.options };
	const char *broken = pair.options.ram_ratio_percent == 100 && place(&pair, &again) == VN_OK
				     ? judge_placement(&q, &again)
				     : NULL;

	if (broken)
		return fails(n, broken); /* by the next guest, on what is left */
	vn_host_release(&pair.host, &placement);
	if (memcmp(before, pair.nodes, sizeof(before)))
		return fails(n, "release does not restore the host");
	return true;
}

/* ---- the same again
 * ------------------------------------------------------------------------------ */

static bool same_placement(const vn_placement *a, const vn_placement *b)
{
	uint32_t cells = a->n_cells;

	return cells == b->n_cells && a->n_vcpus == b->n_vcpus &&
	       !memcmp(a->cells, b->cells, cells * sizeof(*a->cells)) &&
	       !memcmp(a->vcpu_cell, b->vcpu_cell, a->n_vcpus * sizeof(*a->vcpu_cell)) &&
	       !memcmp(a->pin, b->pin, a->n_vcpus * sizeof(*a->pin)) &&
	       vn_cpuset_equal(&a->emulator, &b->emulator) &&
	       !memcmp(&a->topology, &b->topology, sizeof(a->topology)) &&
	       !memcmp(a->distance, b->distance, cells * cells * sizeof(*a->distance)) &&
	       !memcmp(a->device_cell, b->device_cell, a->n_devices * sizeof(*a->device_cell)) &&
	       !memcmp(&a->cost, &b->cost, sizeof(a->cost));
}

static bool runs_agree(uint64_t n)
{
	memset(&again, 0xff, sizeof(again)); /* nothing may come from what was there */
	if (place(&pair, &again) != VN_OK || !same_placement(&placement, &again))
		return fails(n, "a second run differs");
	return true;
}

static bool json_agrees(uint64_t n)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	VN_AUTO(vn_host) host = NULL;
	vn_error err = { 0 };

	if (n % 4)
		return true;
	if (vn_host_write_json(&pair.host, &text, NULL) < 0 ||
	    vn_host_parse("random.json", text.bytes, text.len, &host, &err) < 0) {
		printf("# %s\n", err.text);
		return fails(n, "the host in JSON is not read back");
	}
	if (vn_place(host, &pair.request, &pair.options, &again, NULL) != VN_OK ||
	    !same_placement(&placement, &again))
		return fails(n, "the host from JSON gives another placement");
	return true;
}

/* ---- more room
 * ----------------------------------------------------------------------------------- */

static bool still_fits(void)
{
	int r = place(&pair, &again);

	return r == VN_OK || r == VN_E_SYSTEM; /* the search budget ended: no answer */
}

/* Memory for a node that has some: a memory-less one becomes another kind of node with it. */
static bool more_memory_fits(uint64_t n)
{
	vn_node *node = &pair.nodes[n % pair.host.n_nodes];
	enum { MORE_KIB = 1 << 20 };

	if (!node->mem_kib)
		return true;
	node->mem_kib += MORE_KIB;
	if (node->n_pages)
		node->pages[0].total += MORE_KIB / 4;
	return still_fits() || fails(n, "more memory, and it does not fit any more");
}

/* One more CPU, a core of its own, for a node that has CPUs. */
static bool more_cpus_fit(uint64_t n)
{
	vn_node *node = &pair.nodes[n % pair.host.n_nodes];
	uint32_t cpu = pair.host.n_cpus;

	if (vn_cpuset_is_empty(&node->cpus) || vn_cpuset_is_empty(&node->pcpus) || cpu == CPUS_MAX)
		return true;
	pair.cpus[cpu] = pair.cpus[vn_cpuset_next(&node->cpus, -1)];
	pair.cpus[cpu].core = (int32_t)pair.host.n_cores++;
	pair.host.n_cpus++;
	vn_cpuset_add(&node->cpus, cpu);
	vn_cpuset_add(&node->pcpus, cpu);
	return still_fits() || fails(n, "one more CPU, and it does not fit any more");
}

/* ---- renumbering
 * --------------------------------------------------------------------------------- */

static vn_nodeset renamed(const vn_nodeset *set, const uint32_t *to)
{
	vn_nodeset result = { 0 };

	for (uint32_t i = 0; i < pair.host.n_nodes; i++)
		if (vn_nodeset_has(set, pair.nodes[i].id))
			vn_nodeset_add(&result, pair.nodes[to[i]].id);
	return result;
}

/* The same host with its nodes in another order: node i becomes node to[i]. */
static void renumber(const uint32_t *to)
{
	uint32_t n = pair.host.n_nodes;

	copy_pair();
	for (uint32_t i = 0; i < n; i++) {
		other.nodes[to[i]] = pair.nodes[i];
		other.nodes[to[i]].id = pair.nodes[to[i]].id;
		for (uint32_t k = 0; k < n && pair.host.slit; k++)
			other.slit[to[i] * n + to[k]] = pair.slit[i * n + k];
	}
	for (uint32_t cpu = 0; cpu < pair.host.n_cpus; cpu++)
		if (pair.cpus[cpu].node_ix >= 0)
			other.cpus[cpu].node_ix = (int32_t)to[pair.cpus[cpu].node_ix];
	for (uint32_t i = 0; i < pair.host.n_devices; i++)
		if (pair.devices[i].node_ix >= 0)
			other.devices[i].node_ix = (int32_t)to[pair.devices[i].node_ix];
	other.request.nodeset = renamed(&pair.request.nodeset, to);
	other.request.numatune = renamed(&pair.request.numatune, to);
	for (uint32_t c = 0; c < CELLS_MAX; c++)
		other.memnode[c] = renamed(&pair.memnode[c], to);
}

static bool numbers_do_not_matter(uint64_t n)
{
	uint32_t to[NODES_MAX], turn = 1 + (uint32_t)(n % 7);

	for (uint32_t i = 0; i < pair.host.n_nodes; i++)
		to[i] = (i + turn) % pair.host.n_nodes;
	if (n % 2 && pair.host.n_nodes > 1) {
		uint32_t first_to = to[0];

		to[0] = to[1];
		to[1] = first_to;
	}
	renumber(to);
	if (!placement.proven)
		return true;
	int r = place(&other, &again);

	if (r == VN_E_SYSTEM)
		return true; /* the search budget ended: no answer */
	if (r != VN_OK)
		return fails(n, "with other numbers for its nodes it does not fit");
	if (again.proven && (again.cost.devices_remote != placement.cost.devices_remote ||
			     again.cost.distance != placement.cost.distance))
		return fails(n, "with other numbers for its nodes it costs something else");
	return true;
}

static int find_fitting(void **state)
{
	(void)state;
	for (uint64_t n = first; n < first + cases && n_fitting < CASES; n++) {
		pair_make(&pair, seed, n);
		if (place(&pair, &placement) == VN_OK)
			fitting[n_fitting++] = n;
	}
	printf("# %" PRIu64 " placements\n", n_fitting);
	return 0;
}

#define LAW(holds)                                                                                 \
	static void test_##holds(void **state)                                                     \
	{                                                                                          \
		(void)state;                                                                       \
		hold(holds);                                                                       \
	}
LAW(take_restores)
LAW(runs_agree)
LAW(json_agrees)
LAW(more_memory_fits)
LAW(more_cpus_fit)
LAW(numbers_do_not_matter)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_restores), cmocka_unit_test(test_runs_agree),
		cmocka_unit_test(test_json_agrees),   cmocka_unit_test(test_more_memory_fits),
		cmocka_unit_test(test_more_cpus_fit), cmocka_unit_test(test_numbers_do_not_matter),
	};

	seed = seed_of_run();
	cases = cases_of_run(CASES, &first);
	return cmocka_run_group_tests_name("laws", tests, find_fitting, NULL);
}
