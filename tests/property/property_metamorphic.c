/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Laws between two questions, on random cases of the batch form: a change of the host that cannot
 * hurt does not; numbers of nodes and CPUs are only names; the same question has the same answer,
 * byte for byte; taking and giving back restores the host, byte for byte; a larger budget finds
 * nothing worse. (property_laws has the same for what an owner fixes.) */
#include "case.h"
#include "judge.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 2500, SHOWN = 3, TERMS = 4 };

static uint64_t seed, first, cases;
static vn_placement placement, other;

/* The case in work. */
struct work {
	uint64_t n;
	const json_t *json;
	struct case_read read;
};

/* A law: NULL, or what broke it. Called for cases that fit; `placement` is theirs. */
typedef const char *(*law)(struct work *work);

static int place(const struct question *q, vn_placement *ret)
{
	return vn_place(q->host, q->request, q->options, ret, NULL);
}

static void hold(law holds)
{
	uint64_t broken = 0, held = 0;

	for (uint64_t n = first; n < first + cases; n++) {
		json_t *json = case_make(&features_usual, seed, n);
		struct work work = { .n = n, .json = json };
		const char *why = NULL;

		if (case_read(json, &work.read, NULL) == VN_OK &&
		    place(&work.read.q, &placement) == VN_OK) {
			why = holds(&work);
			held++;
		}
		if (why && broken++ < SHOWN) {
			char *text = json_dumps(json, JSON_REAL_PRECISION(6));

			printf("# seed %" PRIu64 ", case %" PRIu64 ": %s\n# %s\n", seed, n, why,
			       text);
			free(text);
		}
		case_read_clear(&work.read);
		json_decref(json);
	}
	assert_int_equal(broken, 0);
	assert_true(held * 5 > cases || cases < 100);
}

/* ---- the same again ---- */

static char *as_json(const vn_host *host, const vn_request *request, const vn_placement *of)
{
	vn_text text = VN_TEXT_INIT;

	return vn_render_json(host, request, of, &text, NULL) == VN_OK ? text.bytes : NULL;
}

static bool same_bytes(const struct work *work, const vn_placement *a, const vn_placement *b)
{
	char *one = as_json(work->read.host, work->read.request, a);
	char *two = as_json(work->read.host, work->read.request, b);
	bool same = one && two && !strcmp(one, two);

	free(one);
	free(two);
	return same && !memcmp(a->cells, b->cells, a->n_cells * sizeof(*a->cells)) &&
	       !memcmp(a->pin, b->pin, a->n_vcpus * sizeof(*a->pin)) &&
	       !memcmp(&a->cost, &b->cost, sizeof(a->cost)) && a->proven == b->proven &&
	       vn_cpuset_equal(&a->emulator, &b->emulator);
}

static const char *runs_are_identical(struct work *work)
{
	CASE_AUTO again = { 0 };

	memset(&other, 0xff, sizeof(other)); /* nothing may come from what was there */
	if (case_read(work->json, &again, NULL) < 0 || place(&again.q, &other) < 0)
		return "a second run does not fit";
	return same_bytes(work, &placement, &other) ? NULL : "a second run differs";
}

/* ---- taking ---- */

static const char *take_restores(struct work *work)
{
	VN_AUTO_TEXT before = VN_TEXT_INIT;
	VN_AUTO_TEXT after = VN_TEXT_INIT;
	const char *broken = NULL;

	if (vn_host_write_json(work->read.host, &before, NULL) < 0)
		return "the host is not written";
	vn_host_take(work->read.host, &placement);
	if (place(&work->read.q, &other) == VN_OK)
		broken = judge_placement(&work->read.q, &other);
	vn_host_release(work->read.host, &placement);
	if (broken)
		return broken; /* of the next guest on what is left */
	if (vn_host_write_json(work->read.host, &after, NULL) < 0 ||
	    strcmp(before.bytes, after.bytes) != 0)
		return "release does not restore the host";
	return NULL;
}

/* ---- more room ---- */

static const char *still_fits(const struct question *q, const char *what)
{
	return place(q, &other) == VN_OK ? NULL : what;
}

static const char *more_memory_fits(struct work *work)
{
	enum { MORE_KIB = 1 << 21 };
	vn_node *node = &work->read.host->nodes[work->n % work->read.host->n_nodes];

	if (!node->mem_kib)
		return NULL; /* with memory it would be another kind of node */
	node->mem_kib += MORE_KIB;
	if (node->n_pages)
		node->pages[0].total += MORE_KIB / node->pages[0].size_kib;
	return still_fits(&work->read.q, "more memory, and it does not fit any more");
}

static const char *more_pages_fit(struct work *work)
{
	enum { MORE = 3 };
	vn_node *node = &work->read.host->nodes[work->n % work->read.host->n_nodes];
	vn_pages *pages = &node->pages[work->n % 7 % (node->n_pages ? node->n_pages : 1)];

	if (!node->n_pages)
		return NULL;
	node->mem_kib += MORE * pages->size_kib;
	pages->total += MORE;
	return still_fits(&work->read.q, "more pages, and it does not fit any more");
}

/* One more CPU, a core of its own, of each kind that the node has. */
static const char *more_cpus_fit(struct work *work)
{
	static const char *const kinds[] = { "cpus", "pcpus" };
	json_t *more = json_deep_copy(work->json);
	json_t *cells = json_object_get(json_object_get(more, "host"), "cells");
	json_t *cell = json_array_get(cells, work->n % json_array_size(cells));
	bool alike = !json_object_get(cell, "pcpus");
	CASE_AUTO read = { 0 };
	const char *why = NULL;

	for (size_t i = 0; i < VN_LEN(kinds); i++) {
		const char *cpus = json_string_value(json_object_get(cell, kinds[i]));

		if (cpus && *cpus && (alike || i == work->n / 7 % 2))
			json_object_set_new(cell, kinds[i], json_sprintf("%s,%d", cpus, 900));
	}
	if (case_read(more, &read, NULL) < 0)
		why = "one more CPU, and the host is not read any more";
	else
		why = still_fits(&read.q, "one more CPU, and it does not fit any more");
	json_decref(more);
	return why;
}

static const char *more_devices_fit(struct work *work)
{
	vn_host *host = work->read.host;

	if (!host->n_pools)
		return NULL;
	host->pools[work->n % host->n_pools].count++;
	return still_fits(&work->read.q, "one more device, and it does not fit any more");
}

/* ---- other numbers ---- */

static const char *costs_as_much(const json_t *changed, const char *what)
{
	CASE_AUTO read = { 0 };

	if (case_read(changed, &read, NULL) < 0 || place(&read.q, &other) < 0)
		return "with other numbers it does not fit any more";
	if (!placement.proven || !other.proven)
		return NULL;
	return memcmp(&placement.cost, &other.cost, sizeof(other.cost)) ? what : NULL;
}

/* Another CPU for each: the order is turned round in one half of them. */
static uint32_t other_cpu(uint32_t cpu)
{
	enum { PRIME = 499 };

	return (cpu * 101 + 7) % PRIME;
}

static void change_list(json_t *in, const char *key, size_t index)
{
	json_t *value = key ? json_object_get(in, key) : json_array_get(in, index);
	vn_cpuset set, changed = { 0 };
	char list[1024];

	if (!json_is_string(value) ||
	    vn_cpuset_parse(vn_cursor_of_string(NULL, json_string_value(value)), &set, NULL) < 0)
		return;
	VN_CPUSET_EACH(cpu, &set)
		vn_cpuset_add(&changed, other_cpu((uint32_t)cpu));
	vn_cpuset_format(&changed, list, sizeof(list));
	if (key)
		json_object_set_new(in, key, json_string(list));
	else
		json_array_set_new(in, index, json_string(list));
}

static const char *cpu_numbers_are_names(struct work *work)
{
	json_t *changed = json_deep_copy(work->json), *host = json_object_get(changed, "host");
	json_t *cell;
	const char *why;
	size_t i;

	json_array_foreach(json_object_get(host, "cells"), i, cell) {
		json_t *siblings = json_object_get(cell, "siblings");

		change_list(cell, "cpus", 0);
		change_list(cell, "pcpus", 0);
		change_list(cell, "pinned", 0);
		for (size_t k = 0; k < json_array_size(siblings); k++)
			change_list(siblings, NULL, k);
	}
	change_list(host, "offline", 0);
	why = costs_as_much(changed, "with other numbers for its CPUs it costs something else");
	json_decref(changed);
	return why;
}

static void change_node(json_t *list, const char *key, const json_int_t *id_of)
{
	json_t *device;
	size_t i;

	json_array_foreach(list, i, device)
		if (json_is_integer(json_object_get(device, key)))
			json_object_set_new(
				device, key,
				json_integer(
					id_of[json_integer_value(json_object_get(device, key))]));
}

/* Node i gets the number of node i + turn: with its distances and devices, it is the same node. */
static const char *node_numbers_are_names(struct work *work)
{
	json_t *changed = json_deep_copy(work->json), *host = json_object_get(changed, "host");
	json_t *cells = json_object_get(host, "cells"), *cell;
	size_t n = json_array_size(cells), turn = 1 + work->n % 5, i;
	json_int_t id_of[VN_NODE_MAX], ids[VN_NODE_MAX];
	const char *why;

	json_array_foreach(cells, i, cell)
		ids[i] = json_integer_value(json_object_get(cell, "id"));
	for (i = 0; i < n; i++)
		id_of[ids[i]] = ids[(n - 1 - i + turn) % n];
	json_array_foreach(cells, i, cell)
		json_object_set_new(cell, "id", json_integer(id_of[ids[i]]));
	change_node(json_object_get(host, "pci_pools"), "numa_node", id_of);
	change_node(json_object_get(host, "devices"), "node", id_of);
	why = costs_as_much(changed, "with other numbers for its nodes it costs something else");
	json_decref(changed);
	return why;
}

/* ---- budget ---- */

static int compare_cost(const vn_cost *a, const vn_cost *b)
{
	const uint64_t x[TERMS] = { a->devices_remote, a->distance, a->broken, a->strategy },
		       y[TERMS] = { b->devices_remote, b->distance, b->broken, b->strategy };

	for (size_t i = 0; i < TERMS; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static const char *budget_never_hurts(struct work *work)
{
	static const uint64_t budgets[] = { 1, 3, 10, 30, 100, 1000, 100000 };
	vn_cost last = { UINT64_MAX, 0, 0, 0 };

	for (size_t i = 0; i < VN_LEN(budgets); i++) {
		int r;

		work->read.options.budget = budgets[i];
		r = place(&work->read.q, &other);
		if (r == VN_E_NOFIT)
			return "a small budget makes a false no";
		if (r != VN_OK && last.devices_remote != UINT64_MAX)
			return "with a larger budget there is no answer any more";
		if (r != VN_OK)
			continue;
		if (compare_cost(&other.cost, &last) > 0)
			return "with a larger budget the answer is worse";
		last = other.cost;
		if (other.proven && compare_cost(&other.cost, &placement.cost) != 0)
			return "with another budget something else is proven";
	}
	return NULL;
}

#define LAW(holds)                                                                                 \
	static void test_##holds(void **state)                                                     \
	{                                                                                          \
		(void)state;                                                                       \
		hold(holds);                                                                       \
	}
LAW(runs_are_identical)
LAW(take_restores)
LAW(more_memory_fits)
LAW(more_pages_fit)
LAW(more_cpus_fit)
LAW(more_devices_fit)
LAW(cpu_numbers_are_names)
LAW(node_numbers_are_names)
LAW(budget_never_hurts)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_are_identical),
		cmocka_unit_test(test_take_restores),
		cmocka_unit_test(test_more_memory_fits),
		cmocka_unit_test(test_more_pages_fit),
		cmocka_unit_test(test_more_cpus_fit),
		cmocka_unit_test(test_more_devices_fit),
		cmocka_unit_test(test_cpu_numbers_are_names),
		cmocka_unit_test(test_node_numbers_are_names),
		cmocka_unit_test(test_budget_never_hurts),
	};

	seed = seed_of_run();
	cases = cases_of_run(CASES, &first);
	return cmocka_run_group_tests_name("metamorphic", tests, NULL, NULL);
}
