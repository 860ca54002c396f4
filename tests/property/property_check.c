/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The verifier against the judge: placements of random cases, and the same with one thing changed
 * in them, are accepted by both or refused by both. */
#include "case.h"
#include "judge.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 6000, EACH = 6, SHOWN = 5 };

static vn_placement placement, changed;

/* ---- changes; each may also change nothing ---- */

struct change {
	struct random *r;
	const struct question *q;
	vn_place_cell *cell; /* a random one */
};

static uint32_t any_cpu(const struct change *c)
{
	return random_below(c->r, c->q->host->n_cpus);
}

static void change_pin(const struct change *c)
{
	uint32_t vcpu = random_below(c->r, changed.n_vcpus);

	if (changed.pin[vcpu] < 0)
		return;
	vn_cpuset_del(&c->cell->cpus, (unsigned)changed.pin[vcpu]);
	changed.pin[vcpu] = (int32_t)any_cpu(c);
	for (uint32_t i = 0; i < changed.n_cells; i++)
		vn_cpuset_del(&changed.cells[i].cpus, (unsigned)changed.pin[vcpu]);
}

/* To a sibling or a neighbour: mostly still on the node. */
static void move_pin(const struct change *c)
{
	uint32_t vcpu = random_below(c->r, changed.n_vcpus);

	if (changed.pin[vcpu] < 0 || changed.pin[vcpu] + 1 >= (int32_t)c->q->host->n_cpus)
		return;
	changed.pin[vcpu]++;
	for (uint32_t i = 0; i < changed.n_cells; i++)
		vn_cpuset_del(&changed.cells[i].cpus, (unsigned)changed.pin[vcpu]);
}

static void swap_pins(const struct change *c)
{
	uint32_t a = random_below(c->r, changed.n_vcpus), b = random_below(c->r, changed.n_vcpus);
	int32_t pin = changed.pin[a];

	if (pin < 0 || changed.pin[b] < 0)
		return;
	changed.pin[a] = changed.pin[b];
	changed.pin[b] = pin;
}

static void change_node(const struct change *c)
{
	c->cell->node_ix = random_below(c->r, c->q->host->n_nodes);
}

static void change_memory_node(const struct change *c)
{
	c->cell->mem_node_ix = random_below(c->r, c->q->host->n_nodes);
}

static void change_pages(const struct change *c)
{
	static const uint64_t sizes_kib[] = { 0, 2048, 1 << 20 };

	c->cell->page_kib = sizes_kib[random_below(c->r, VN_LEN(sizes_kib))];
}

static void reserve_cpu(const struct change *c)
{
	uint32_t cpu = any_cpu(c);

	vn_cpuset_add(&c->cell->reserved, cpu);
	for (uint32_t i = 0; i < changed.n_cells; i++)
		vn_cpuset_del(&changed.cells[i].cpus, cpu);
}

static void free_reserved(const struct change *c)
{
	int cpu = vn_cpuset_next(&c->cell->reserved, -1);

	if (cpu >= 0)
		vn_cpuset_del(&c->cell->reserved, (unsigned)cpu);
}

static void change_emulator(const struct change *c)
{
	changed.emulator = (vn_cpuset){ 0 };
	vn_cpuset_add(&changed.emulator, any_cpu(c));
}

static void change_pick(const struct change *c)
{
	vn_pci_pick *pick;

	if (!c->q->request->n_pci_requests || !changed.n_pci_picks)
		return;
	pick = &changed.pci_picks[random_below(c->r, changed.n_pci_picks)];
	switch (random_below(c->r, 4)) {
	case 0: pick->count = random_below(c->r, 4); break;
	case 1: pick->request = (uint16_t)random_below(c->r, c->q->request->n_pci_requests); break;
	case 2: *pick = changed.pci_picks[--changed.n_pci_picks]; break;
	default:
		if (pick->pool < 0 || !c->q->host->n_pools)
			return;
		pick->pool = (int16_t)random_below(c->r, c->q->host->n_pools);
		pick->node_ix = (int16_t)c->q->host->pools[pick->pool].node_ix;
	}
}

static void (*const changes[])(const struct change *c) = {
	change_pin,   move_pin,	   swap_pins,	  change_node,	   change_memory_node,
	change_pages, reserve_cpu, free_reserved, change_emulator, change_pick,
};

/* ---- both ---- */

static uint64_t accepted, refused, apart;

static void compare(const struct question *q, uint64_t n, size_t change)
{
	vn_error err = { 0 };
	int r = vn_placement_check(q->host, q->request, q->options, &changed, &err);
	const char *broken = judge_hard(q, &changed);

	*(broken ? &refused : &accepted) += 1;
	if (!broken == (r == VN_OK))
		return;
	if (apart++ < SHOWN)
		printf("# case %" PRIu64 ", change %zu: the judge says '%s', the check '%s'\n", n,
		       change, broken ? broken : "good", err.text);
}

static void change_and_compare(const struct question *q, struct random *r, uint64_t n)
{
	changed = placement;
	compare(q, n, VN_LEN(changes));
	for (size_t i = 0; i < EACH; i++) {
		size_t which = random_below(r, VN_LEN(changes));
		struct change c = { .r = r, .q = q };

		changed = placement;
		c.cell = &changed.cells[random_below(r, changed.n_cells)];
		changes[which](&c);
		compare(q, n, which);
	}
}

static void test_check(void **state)
{
	uint64_t seed = seed_of_run(), first, cases = cases_of_run(CASES, &first);

	(void)state;
	for (uint64_t n = first; n < first + cases; n++) {
		json_t *json = case_make(&features_usual, seed, n);
		struct random r = { seed ^ n };
		CASE_AUTO read = { 0 };

		if (case_read(json, &read, NULL) == VN_OK &&
		    vn_place(read.host, read.request, &read.options, &placement, NULL) == VN_OK)
			change_and_compare(&read.q, &r, n);
		json_decref(json);
	}
	printf("# %" PRIu64 " accepted, %" PRIu64 " refused by both, %" PRIu64 " apart\n", accepted,
	       refused, apart);
	assert_int_equal(apart, 0);
	assert_true(cases < 1000 || (accepted > cases / 2 && refused > cases / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
