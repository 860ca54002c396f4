/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The answer to one case of `vnuma fit`, as one line of JSON with the fields of Nova's driver and a
 * few of our own (docs/fit-format.md). Cells and vCPUs have the numbers that the case gave them. */
#include "fit.h"

#include <stdlib.h>
#include <string.h>

enum { KIB_PER_MIB = 1024, DIGITS = 6 };

/* Names for errors that Nova has none for. */
static const char *const code_names[] = {
	[-VN_E_SYNTAX] = "Syntax",  [-VN_E_RANGE] = "Range",   [-VN_E_NOFIT] = "NoFit",
	[-VN_E_NOMEM] = "NoMemory", [-VN_E_SYSTEM] = "System", [-VN_E_CONFLICT] = "Conflict",
	[-VN_E_INPUT] = "TooLarge",
};

struct writer {
	const struct fit_case *fit;
	const struct fit_result *result;
	const vn_placement *placement; /* NULL: there is none */
	bool failed;		       /* out of memory */
};

/* Hand `value` over to the object; a NULL (no memory) shows up as a failed call. */
static void set(struct writer *w, json_t *object, const char *name, json_t *value)
{
	w->failed |= json_object_set_new(object, name, value) < 0;
}

static void append(struct writer *w, json_t *list, json_t *value)
{
	w->failed |= json_array_append_new(list, value) < 0;
}

static json_t *number(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* A message may quote half a character of the input. */
static json_t *text(const char *bytes)
{
	json_t *value = json_string(bytes);
	char ascii[sizeof((vn_error){ 0 }.text)];
	size_t n = 0;

	if (value)
		return value;
	for (; bytes[n] && n + 1 < sizeof(ascii); n++)
		ascii[n] = (unsigned char)bytes[n] < 0x80 ? bytes[n] : '?';
	return json_stringn(ascii, n);
}

static json_t *text_or_null(const char *bytes)
{
	return bytes ? text(bytes) : json_null();
}

/* ---- numbers of the case ---- */

/* Nova's number of a vCPU of the request: the vcpu-th member. */
static int vcpu_number(const struct fit_case *fit, int vcpu)
{
	int found = -1;

	do
		found = vn_cpuset_next(&fit->vcpu_numbers, found);
	while (vcpu--);
	return found;
}

static json_t *cpu_list(struct writer *w, const vn_cpuset *cpus)
{
	json_t *list = json_array();

	VN_CPUSET_EACH(cpu, cpus)
		append(w, list, number((uint64_t)cpu));
	return list;
}

static json_t *vcpu_list(struct writer *w, const vn_cpuset *vcpus)
{
	json_t *list = json_array();

	VN_CPUSET_EACH(vcpu, vcpus)
		append(w, list, number((uint64_t)vcpu_number(w->fit, vcpu)));
	return list;
}

static json_t *cell_number(struct writer *w, uint32_t cell)
{
	json_t *id = json_object_get(fit_case_guest_cell(w->fit, cell), "id");

	return id ? json_incref(id) : number(cell);
}

/* ---- the guest ---- */

/* What is asked for a cell's memory; NULL: nothing. */
static const vn_request_pages *pages_of(const vn_request *request, uint32_t cell)
{
	for (uint32_t i = 0; i < request->n_pages; i++) {
		const vn_request_pages *pages = &request->pages[i];

		if (vn_cpuset_is_empty(&pages->cells) || vn_cpuset_has(&pages->cells, cell))
			return pages->want == VN_PAGES_NONE ? NULL : pages;
	}
	return NULL;
}

/* Nova's numbers for small, large and any. */
static json_t *page_size(const vn_request_pages *pages)
{
	static const json_int_t words[VN_PAGE_WANT_COUNT] = {
		[VN_PAGES_SMALL] = -1, [VN_PAGES_LARGE] = -2, [VN_PAGES_ANY] = -3
	};

	if (!pages)
		return json_null();
	if (pages->want == VN_PAGES_SIZE)
		return number(pages->page_kib);
	return json_integer(words[pages->want]);
}

/* Shared is also what a guest is that says nothing, which Nova writes as null. */
static bool says_shared(const json_t *request)
{
	static const struct {
		const char *object, *name;
	} words[] = {
		{ "extra_specs", "hw:cpu_policy" },
		{ "extra_specs", "resources:VCPU" },
		{ "image_props", "hw_cpu_policy" },
	};

	for (size_t i = 0; i < VN_LEN(words); i++)
		if (json_object_get(json_object_get(request, words[i].object), words[i].name))
			return true;
	return false;
}

static json_t *cpu_policy(const struct fit_case *fit, uint32_t cell)
{
	json_t *given = fit_case_guest_cell(fit, cell);
	enum vn_cpu_policy policy = fit->request->cpu_policy;

	if (given)
		given = json_object_get(given, "cpu_policy");
	else if (policy != VN_CPU_SHARED || says_shared(json_object_get(fit->root, "request")))
		return json_string(vn_cpu_policy_names[policy]);
	return given ? json_incref(given) : json_null();
}

static json_t *guest_cell(struct writer *w, uint32_t i)
{
	const vn_request *request = w->fit->request;
	vn_cpuset shared = request->cells[i].vcpus, dedicated = shared;
	json_t *cell = json_object();

	vn_cpuset_minus(&shared, &request->dedicated);
	vn_cpuset_and(&dedicated, &request->dedicated);
	set(w, cell, "id", cell_number(w, i));
	set(w, cell, "cpus", vcpu_list(w, &shared));
	set(w, cell, "pcpus", vcpu_list(w, &dedicated));
	set(w, cell, "mem_mib", number(request->cells[i].mem_kib / KIB_PER_MIB));
	set(w, cell, "pagesize", page_size(pages_of(request, i)));
	set(w, cell, "cpu_policy", cpu_policy(w->fit, i));
	set(w, cell, "cpu_thread_policy",
	    text_or_null(request->thread_policy_given
				 ? vn_thread_policy_names[request->thread_policy]
				 : NULL));
	return cell;
}

/* null: nobody asked for a topology, or the request is not legal. */
static json_t *guest(struct writer *w)
{
	static const char *const emulator[VN_EMULATOR_POLICY_COUNT] = {
		[VN_EMULATOR_SHARE] = "share", [VN_EMULATOR_ISOLATE] = "isolate"
	};
	const vn_request *request = w->fit->request;
	json_t *object, *cells;

	if (!request || !request->numa_wanted)
		return json_null();
	object = json_object();
	cells = json_array();
	set(w, object, "emulator_threads_policy", text_or_null(emulator[request->emulator_policy]));
	for (uint32_t i = 0; i < request->n_cells; i++)
		append(w, cells, guest_cell(w, i));
	set(w, object, "cells", cells);
	return object;
}

/* ---- the placement ---- */

static json_t *pins(struct writer *w, const vn_place_cell *cell)
{
	json_t *object = json_object();
	char name[16];

	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		int32_t cpu = w->placement->pin[vcpu];

		if (cpu < 0)
			continue;
		snprintf(name, sizeof(name), "%d", vcpu_number(w->fit, vcpu));
		set(w, object, name, number((uint64_t)cpu));
	}
	return object;
}

/* The page size of a cell that asked for one; ordinary pages are the node's smallest. */
static json_t *placed_page(struct writer *w, uint32_t i)
{
	const vn_place_cell *cell = &w->placement->cells[i];
	const vn_node *node = &w->fit->host->nodes[cell->mem_node_ix];

	if (!pages_of(w->fit->request, i))
		return json_null();
	if (cell->page_kib)
		return number(cell->page_kib);
	return node->n_pages ? number(node->pages[0].size_kib) : json_null();
}

static json_t *placed_cell(struct writer *w, uint32_t i)
{
	const vn_place_cell *cell = &w->placement->cells[i];
	const vn_node *nodes = w->fit->host->nodes;
	json_t *object = json_object();

	set(w, object, "guest_cell", cell_number(w, i));
	set(w, object, "host_cell", number(nodes[cell->node_ix].id));
	set(w, object, "pins", pins(w, cell));
	set(w, object, "reserved", cpu_list(w, &cell->reserved));
	set(w, object, "pagesize_kib", placed_page(w, i));
	if (cell->mem_node_ix != cell->node_ix)
		set(w, object, "mem_node", number(nodes[cell->mem_node_ix].id));
	return object;
}

static json_t *placed_cells(struct writer *w)
{
	json_t *list;

	if (!w->placement)
		return json_null();
	list = json_array();
	for (uint32_t i = 0; i < w->placement->n_cells; i++)
		append(w, list, placed_cell(w, i));
	return list;
}

static json_t *pci_pick(struct writer *w, const vn_pci_pick *pick)
{
	const vn_host *host = w->fit->host;
	const vn_device *device = pick->device >= 0 ? &host->devices[pick->device] : NULL;
	const vn_pool *pool = pick->pool >= 0 ? &host->pools[pick->pool] : NULL;
	json_t *object = json_object();
	char address[24];

	set(w, object, "request", number(pick->request));
	set(w, object, "count", number(pick->count));
	if (device || pool) {
		set(w, object, "vendor_id",
		    json_sprintf("%04x", device ? device->vendor : pool->vendor));
		set(w, object, "product_id",
		    json_sprintf("%04x", device ? device->product : pool->product));
	}
	if (device)
		set(w, object, "address",
		    json_string(vn_pci_address_format(device->address, address, sizeof(address))));
	set(w, object, "node",
	    pick->node_ix >= 0 ? number(host->nodes[pick->node_ix].id) : json_null());
	return object;
}

/* ---- times and additions ---- */

static json_t *times(struct writer *w, const struct fit_times *times)
{
	json_t *object;

	if (!times->n)
		return json_null();
	object = json_object();
	set(w, object, "min", json_real(times->min));
	set(w, object, "median", json_real(times->median));
	set(w, object, "mean", json_real(times->mean));
	set(w, object, "n", number(times->n));
	return object;
}

static json_t *cost(struct writer *w)
{
	const vn_cost *cost = &w->placement->cost;
	json_t *object = json_object();

	set(w, object, "devices_remote", number(cost->devices_remote));
	set(w, object, "distance", number(cost->distance));
	set(w, object, "broken", number(cost->broken));
	set(w, object, "strategy", number(cost->strategy));
	return object;
}

/* Fields that Nova's driver has not: they stand at the end, and only where they say something. */
static void set_additions(struct writer *w, json_t *answer)
{
	const vn_placement *placement = w->placement;

	if (w->result->status == FIT_NO)
		set(w, answer, "reason", text(w->result->err.text));
	if (!placement)
		return;
	if (placement->n_pci_picks) {
		json_t *list = json_array();

		for (uint32_t i = 0; i < placement->n_pci_picks; i++)
			append(w, list, pci_pick(w, &placement->pci_picks[i]));
		set(w, answer, "pci", list);
	}
	set(w, answer, "cost", cost(w));
	set(w, answer, "proven", json_boolean(placement->proven));
}

/* ---- the line ---- */

static json_t *feasible(enum fit_status status)
{
	switch (status) {
	case FIT_FITS:
	case FIT_NO_NUMA: return json_true();
	case FIT_NO: return json_false();
	default: return json_null();
	}
}

static void set_error(struct writer *w, json_t *answer)
{
	const vn_error *err = &w->result->err;
	bool is_error = w->result->status == FIT_ERROR;
	bool has_message = is_error || w->result->status == FIT_TIMEOUT;
	char message[sizeof(err->text) + 128];

	vn_error_format(err, message, sizeof(message));
	set(w, answer, "error",
	    !is_error ? json_null() : json_string(err->name ? err->name : code_names[-err->code]));
	set(w, answer, "message", text_or_null(has_message ? message : NULL));
}

static json_t *violations(struct writer *w)
{
	json_t *list = json_array();

	if (w->placement && w->result->violation.code != VN_OK)
		append(w, list, text(w->result->violation.text));
	return list;
}

static json_t *answer_of(struct writer *w)
{
	const struct fit_result *result = w->result;
	json_t *answer = json_object();

	set(w, answer, "case", text_or_null(w->fit->name));
	set(w, answer, "status", json_string(fit_status_names[result->status]));
	set(w, answer, "feasible", feasible(result->status));
	set_error(w, answer);
	set(w, answer, "guest", guest(w));
	set(w, answer, "placement", placed_cells(w));
	set(w, answer, "violations", violations(w));
	set(w, answer, "usec", times(w, &result->wall));
	set(w, answer, "cpu_usec", times(w, &result->cpu));
	set(w, answer, "parse_usec", w->fit->request ? json_real(w->fit->parse_usec) : json_null());
	set(w, answer, "clone_usec", json_null()); /* the fit does not change its input */
	set_additions(w, answer);
	return answer;
}

int fit_answer_write(const struct fit_case *fit, const struct fit_result *result,
		     const vn_placement *placement, vn_text *to, vn_error *err)
{
	struct writer w = { fit, result, result->status == FIT_FITS ? placement : NULL, false };
	json_t *answer = answer_of(&w);
	char *line = w.failed ? NULL : json_dumps(answer, JSON_REAL_PRECISION(DIGITS));

	json_decref(answer);
	if (!line)
		return vn_fail(err, VN_E_NOMEM, "no memory for the answer");
	vn_text_add(to, line);
	vn_text_add(to, "\n");
	free(line);
	return vn_text_done(to, err);
}
