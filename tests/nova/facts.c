/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Nova's facts that `vnuma fit` does not show (README.md): what a setting of a flavor or an image
 * means, how CPU lists read, what a guest takes from a host. Each fact is a test of its own. */
#include "vnuma/vnuma.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FACTS_MAX = 256, KIB_PER_MIB = 1024, NO_LIMIT = 65536 };

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static json_t *expected(const json_t *fact)
{
	return json_object_get(json_object_get(fact, "expect"), "value");
}

static vn_cpuset set_of(const json_t *value)
{
	vn_cpuset set = { 0 };
	json_t *number;
	size_t i;

	if (json_is_string(value))
		assert_int_equal(
			vn_cpuset_parse(vn_cursor_of_string(NULL, json_string_value(value)), &set,
					NULL),
			VN_OK);
	json_array_foreach(value, i, number)
		vn_cpuset_add(&set, (unsigned)json_integer_value(number));
	return set;
}

static void assert_set(const vn_cpuset *set, const json_t *value)
{
	vn_cpuset wanted = set_of(value);

	assert_true(vn_cpuset_equal(set, &wanted));
}

static int parse_request(const json_t *value, vn_request **ret, vn_error *err)
{
	char *text = json_dumps(value, 0);
	int r;

	assert_non_null(text);
	r = vn_request_parse_json("fact", text, strlen(text), ret, err);
	free(text);
	return r;
}

static vn_host *parse_host(const json_t *value)
{
	char *text = json_dumps(value, 0);
	vn_host *host = NULL;
	vn_error err = { 0 };

	assert_non_null(text);
	if (vn_host_parse("fact", text, strlen(text), &host, &err) < 0)
		fail_msg("%s", err.text);
	free(text);
	return host;
}

/* ---- settings ---- */

static void check_policy(const vn_request *request, const json_t *value)
{
	const char *name = json_string_value(value); /* null: nothing was said, which is shared */

	assert_string_equal(vn_cpu_policy_names[request->cpu_policy], name ? name : "shared");
}

static void check_realtime(const vn_request *request, const json_t *value)
{
	assert_true(request->realtime);
	assert_set(&request->realtime_vcpus, value);
}

static void check_pci_policy(const vn_request *request, const json_t *value)
{
	assert_true(request->pci_policy_given);
	assert_string_equal(vn_pci_policy_names[request->pci_policy], json_string_value(value));
}

static void check_page_size(const vn_request *request, const json_t *value)
{
	static const enum vn_page_want words[] = { VN_PAGES_NONE, VN_PAGES_SMALL, VN_PAGES_LARGE,
						   VN_PAGES_ANY };
	json_int_t number = json_integer_value(value);

	assert_int_equal(request->n_pages, 1);
	assert_int_equal(request->pages[0].want, number < 0 ? words[-number] : VN_PAGES_SIZE);
	if (number > 0)
		assert_int_equal(request->pages[0].page_kib, number);
}

static void check_locked(const vn_request *request, const json_t *value)
{
	assert_int_equal(request->locked, json_is_true(value));
}

static void assert_topology(vn_topology topology, const json_t *value, uint32_t none)
{
	const uint32_t parts[] = { topology.sockets, topology.cores, topology.threads };

	for (size_t i = 0; i < VN_LEN(parts); i++)
		assert_int_equal(parts[i] ? parts[i] : none,
				 json_integer_value(json_array_get(value, i)));
}

/* [preferred, most], each of them sockets, cores, threads. */
static void check_limits(const vn_request *request, const json_t *value)
{
	assert_topology(request->topology_want, json_array_get(value, 0), 0);
	assert_topology(request->topology_max, json_array_get(value, 1), NO_LIMIT);
}

/* Nova's list, the best first. Where the owner prefers something, ours is that one; else it is one
 * of them, by the guest's cells and not by Nova's order (docs/nova.md). */
static void check_topologies(const vn_request *request, const json_t *value)
{
	static const char document[] =
		"{\"cells\":[{\"id\":0,\"cpus\":\"0-15\",\"mem_mib\":65536}]}";
	const vn_topology *want = &request->topology_want;
	vn_placement *placement = calloc(1, sizeof(*placement));
	json_t *host_json = json_loads(document, 0, NULL), *each;
	VN_AUTO(vn_host) host = parse_host(host_json);
	size_t i, found = json_array_size(value);
	vn_error err = { 0 };

	json_decref(host_json);
	assert_non_null(placement);
	if (vn_place(host, request, NULL, placement, &err) < 0)
		fail_msg("%s", err.text);
	json_array_foreach(value, i, each)
		if (json_integer_value(json_array_get(each, 0)) == placement->topology.sockets &&
		    json_integer_value(json_array_get(each, 1)) == placement->topology.cores &&
		    json_integer_value(json_array_get(each, 2)) == placement->topology.threads)
			found = i;
	assert_int_equal(placement->topology.dies, 1);
	assert_true(found < json_array_size(value));
	if (want->sockets || want->cores || want->threads)
		assert_int_equal(found, 0);
	free(placement);
}

/* NULL: the setting does nothing to a placement; it is validated, and its value goes nowhere. */
static const struct {
	const char *name;
	void (*check)(const vn_request *request, const json_t *value);
} settings[] = {
	{ "cpu_policy", check_policy },
	{ "realtime", check_realtime },
	{ "pci_policy", check_pci_policy },
	{ "page_size", check_page_size },
	{ "locked", check_locked },
	{ "limits", check_limits },
	{ "topologies", check_topologies },
	{ "pmu", NULL },
	{ "multiqueue", NULL },
	{ "serial_ports", NULL },
};

static void test_setting(void **state)
{
	const json_t *fact = *state, *expect = json_object_get(fact, "expect");
	const char *name = text_of(expect, "error");
	VN_AUTO(vn_request) request = NULL;
	vn_error err = { 0 };
	size_t row = 0;

	if (parse_request(json_object_get(fact, "request"), &request, &err) < 0) {
		if (!name)
			fail_msg("%s: %s", err.name ? err.name : "", err.text);
		assert_non_null(err.name);
		assert_string_equal(err.name, name);
		return;
	}
	assert_null(name);
	while (strcmp(settings[row].name, text_of(fact, "of")))
		assert_true(++row < VN_LEN(settings));
	if (settings[row].check)
		settings[row].check(request, expected(fact));
}

/* ---- lists of CPUs ---- */

/* A list as the mask of a mixed guest; that no vCPU is left is another rule's error. */
static void test_list(const json_t *fact)
{
	const json_t *expect = json_object_get(fact, "expect"),
		     *set = json_object_get(expect, "set");
	json_t *request_json =
		json_pack("{s:i, s:i, s:{s:s, s:s}}", "vcpus", 64, "mem_mib", 64, "extra_specs",
			  "hw:cpu_policy", "mixed", "hw:cpu_dedicated_mask", text_of(fact, "text"));
	VN_AUTO(vn_request) request = NULL;
	vn_error err = { 0 };
	int r = parse_request(request_json, &request, &err);

	json_decref(request_json);
	if (r == VN_OK) {
		assert_non_null(set);
		assert_set(&request->dedicated, set);
		return;
	}
	assert_non_null(err.name);
	assert_string_equal(err.name,
			    set ? "InvalidMixedInstanceDedicatedMask" : text_of(expect, "error"));
	assert_int_equal(json_array_size(set), 0);
}

static void test_set(void **state)
{
	const json_t *fact = *state;
	vn_cpuset set = set_of(json_object_get(fact, "set"));
	char list[256];

	if (!strcmp(text_of(fact, "of"), "parse")) {
		test_list(fact);
		return;
	}
	vn_cpuset_format(&set, list, sizeof(list));
	assert_string_equal(list, text_of(json_object_get(fact, "expect"), "text"));
}

/* ---- what a guest takes ---- */

/* The guest of a fact on its host: its cells are on the nodes of their numbers. */
struct seated {
	vn_host *host;
	vn_request *request;
	vn_placement placement;
};

/* Under `isolate` the other threads of a pin's core are kept idle. */
static void reserve_siblings(struct seated *s, vn_place_cell *cell, int pin)
{
	vn_cpuset core = vn_host_core_cpus(s->host, s->host->cpus[pin].core);

	if (s->request->thread_policy == VN_THREADS_ISOLATE)
		vn_cpuset_or(&cell->reserved, &core);
}

static void seat_cell(struct seated *s, const json_t *fact, uint32_t i)
{
	json_t *json = json_array_get(json_object_get(json_object_get(fact, "guest"), "cells"), i);
	vn_place_cell *cell = &s->placement.cells[i];
	int node_ix =
		vn_host_node_ix(s->host, (uint32_t)json_integer_value(json_object_get(json, "id")));
	json_int_t page_kib = json_integer_value(json_object_get(json, "pagesize"));
	json_t *pin, *pins = json_object_get(json, "pins");
	int vcpu = -1;
	const char *key;

	assert_true(node_ix >= 0);
	cell->node_ix = cell->mem_node_ix = (uint32_t)node_ix;
	cell->vcpus = s->request->cells[i].vcpus;
	cell->mem_kib = s->request->cells[i].mem_kib;
	if (page_kib > (json_int_t)s->host->nodes[node_ix].pages[0].size_kib)
		cell->page_kib = (uint64_t)page_kib;
	cell->reserved = set_of(json_object_get(json, "reserved"));
	VN_CPUSET_EACH(each, &cell->vcpus) {
		s->placement.vcpu_cell[each] = (uint16_t)i;
		s->placement.pin[each] = -1;
	}
	json_object_foreach(pins, key, pin) { /* in the order of the dedicated vCPUs */
		int cpu = (int)json_integer_value(pin);

		do
			vcpu = vn_cpuset_next(&cell->vcpus, vcpu);
		while (vcpu >= 0 && !vn_cpuset_has(&s->request->dedicated, (unsigned)vcpu));
		assert_true(vcpu >= 0);
		s->placement.pin[vcpu] = cpu;
		reserve_siblings(s, cell, cpu);
	}
	json_object_foreach(pins, key, pin)
		vn_cpuset_del(&cell->reserved, (unsigned)json_integer_value(pin));
}

/* The guest as a request: without where it sits. */
static json_t *request_of(const json_t *fact)
{
	json_t *guest = json_deep_copy(json_object_get(fact, "guest")), *cell;
	size_t i;

	json_array_foreach(json_object_get(guest, "cells"), i, cell) {
		json_object_del(cell, "pins");
		json_object_del(cell, "reserved");
	}
	return json_pack("{s:o}", "guest", guest);
}

static void seat(struct seated *s, const json_t *fact)
{
	json_t *request = request_of(fact);
	vn_error err = { 0 };

	s->host = parse_host(json_object_get(fact, "host"));
	if (parse_request(request, &s->request, &err) < 0)
		fail_msg("%s", err.text);
	json_decref(request);
	s->placement.n_vcpus = s->request->vcpus;
	s->placement.n_cells = s->request->n_cells;
	for (uint32_t i = 0; i < s->request->n_cells; i++)
		seat_cell(s, fact, i);
}

static void check_account(const vn_host *host, const json_t *cells)
{
	json_t *cell, *used;
	size_t i, j;

	json_array_foreach(cells, i, cell) {
		const vn_node *node = &host->nodes[i];

		assert_int_equal(node->id, json_integer_value(json_object_get(cell, "id")));
		assert_int_equal(node->mem_used_kib / KIB_PER_MIB,
				 json_integer_value(json_object_get(cell, "mem_used_mib")));
		assert_int_equal(node->cpu_usage,
				 json_integer_value(json_object_get(cell, "cpu_usage")));
		assert_set(&node->pinned, json_object_get(cell, "pinned"));
		json_array_foreach(json_object_get(cell, "pages_used"), j, used)
			assert_int_equal(node->pages[j].used, json_integer_value(used));
	}
}

/* Nova raises where a pin is taken twice; here the check refuses such a placement. */
static void test_usage(void **state)
{
	const json_t *fact = *state, *expect = json_object_get(fact, "expect");
	struct seated *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	seat(s, fact);
	if (json_object_get(expect, "error")) {
		assert_int_equal(vn_placement_check(s->host, s->request, NULL, &s->placement, NULL),
				 VN_E_RANGE);
	} else {
		(json_is_true(json_object_get(fact, "free")) ? vn_host_release : vn_host_take)(
			s->host, &s->placement);
		check_account(s->host, json_object_get(expect, "cells"));
	}
	vn_host_free(s->host);
	vn_request_free(s->request);
	free(s);
}

/* ---- the files ---- */

static const struct {
	const char *name;
	CMUnitTestFunction test;
} files[] = {
	{ "settings.jsonl", test_setting },
	{ "sets.jsonl", test_set },
	{ "usage.jsonl", test_usage },
};

/* One JSON object a line, as tests but for those that vnuma cannot express (README.md). They live
 * as long as the program. */
static size_t load(const char *folder, size_t file, struct CMUnitTest *tests, size_t n)
{
	char path[4096];
	json_t *fact;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", folder, files[file].name);
	in = fopen(path, "r");
	if (!in) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(1);
	}
	while ((fact = json_loadf(in, JSON_DISABLE_EOF_CHECK, NULL)) && n < FACTS_MAX) {
		if (json_object_get(fact, "not_expressible")) {
			json_decref(fact);
			continue;
		}
		tests[n++] = (struct CMUnitTest){ .name = text_of(fact, "case"),
						  .test_func = files[file].test,
						  .initial_state = fact };
	}
	if (!feof(in)) {
		fprintf(stderr, "%s: not JSON after test %zu, or too many facts\n", path, n);
		exit(1);
	}
	fclose(in);
	return n;
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[FACTS_MAX];
	size_t n = 0;

	if (argc < 2)
		return 1;
	for (size_t file = 0; file < VN_LEN(files); file++)
		n = load(argv[1], file, tests, n);
	return _cmocka_run_group_tests("nova", tests, n, NULL, NULL);
}
