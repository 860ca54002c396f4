/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Making a failing case small: one change after the other (without a cell, without a field, half of
 * a number ...), each kept if the case still fails, until none can be. Changes that make no sense
 * give a case that is not read, which does not fail in the same way, so they are not kept. */
#include "case.h"

#include <string.h>

struct shrinking {
	json_t **json;
	bool (*still_fails)(const json_t *json, void *context);
	void *context;
	bool changed;
};

/* Keep `candidate` (its reference is given over) if it still fails. */
static bool try_case(struct shrinking *s, json_t *candidate)
{
	if (!candidate || json_equal(candidate, *s->json) ||
	    !s->still_fails(candidate, s->context)) {
		json_decref(candidate);
		return false;
	}
	json_decref(*s->json);
	*s->json = candidate;
	s->changed = true;
	return true;
}

/* A value inside of a case, by keys ("host", "cells") and indexes. */
struct step {
	const char *key; /* NULL: index */
	size_t index;
};
struct path {
	struct step steps[8];
	size_t n;
};

static struct path path_to(struct path path, const char *key, size_t index)
{
	path.steps[path.n++] = (struct step){ key, index };
	return path;
}

static json_t *at(json_t *json, const struct path *path)
{
	for (size_t i = 0; i < path->n && json; i++)
		json = path->steps[i].key ? json_object_get(json, path->steps[i].key)
					  : json_array_get(json, path->steps[i].index);
	return json;
}

/* A copy of the case whose value at `path` is another one (a reference given over); NULL: without
 * the value. */
static json_t *with(const struct shrinking *s, const struct path *path, json_t *value)
{
	json_t *copy = json_deep_copy(*s->json);
	struct path parent = *path;
	const struct step *last = &path->steps[path->n - 1];
	json_t *in;

	parent.n--;
	in = at(copy, &parent);
	if (last->key && value)
		json_object_set_new(in, last->key, value);
	else if (last->key)
		json_object_del(in, last->key);
	else if (value)
		json_array_set_new(in, last->index, value);
	else
		json_array_remove(in, last->index);
	return copy;
}

/* ---- host nodes: the distances and devices go with them ---- */

static void drop_node_of(json_t *list, const char *key, json_int_t id)
{
	size_t i;
	json_t *device;

	json_array_foreach(list, i, device)
		if (json_is_integer(json_object_get(device, key)) &&
		    json_integer_value(json_object_get(device, key)) == id)
			json_array_remove(list, i--);
}

static json_t *without_node(const struct shrinking *s, size_t node)
{
	json_t *copy = json_deep_copy(*s->json), *host = json_object_get(copy, "host");
	json_t *cells = json_object_get(host, "cells"), *row;
	json_t *rows = json_object_get(host, "distances");
	json_int_t id = json_integer_value(json_object_get(json_array_get(cells, node), "id"));
	size_t i;

	json_array_remove(cells, node);
	json_array_remove(rows, node);
	json_array_foreach(rows, i, row)
		json_array_remove(row, node);
	drop_node_of(json_object_get(host, "pci_pools"), "numa_node", id);
	drop_node_of(json_object_get(host, "devices"), "node", id);
	return copy;
}

/* ---- the request as its cells ---- */

static json_t *numbers_of(const vn_cpuset *vcpus, const vn_cpuset *in, bool inside)
{
	json_t *list = json_array();

	VN_CPUSET_EACH(vcpu, vcpus)
		if (vn_cpuset_has(in, (unsigned)vcpu) == inside)
			json_array_append_new(list, json_integer(vcpu));
	return list;
}

static json_t *page_number(const vn_request *request, uint32_t cell)
{
	static const int words[VN_PAGE_WANT_COUNT] = {
		[VN_PAGES_SMALL] = -1, [VN_PAGES_LARGE] = -2, [VN_PAGES_ANY] = -3
	};

	for (uint32_t i = 0; i < request->n_pages; i++) {
		const vn_request_pages *wish = &request->pages[i];

		if (!vn_cpuset_is_empty(&wish->cells) && !vn_cpuset_has(&wish->cells, cell))
			continue;
		return json_integer(wish->want == VN_PAGES_SIZE ? (json_int_t)wish->page_kib
								: words[wish->want]);
	}
	return NULL;
}

/* The same guest in the form that gives its cells, which can be cut down vCPU by vCPU. */
static json_t *as_guest(const struct shrinking *s)
{
	CASE_AUTO read = { 0 };
	json_t *copy, *request, *cells = json_array(), *guest = json_pack("{s:o}", "cells", cells);

	if (case_read(*s->json, &read, NULL) < 0 || !read.request->n_cells) {
		json_decref(guest);
		return NULL;
	}
	for (uint32_t c = 0; c < read.request->n_cells; c++) {
		const vn_request_cell *from = &read.request->cells[c];
		json_t *pages = page_number(read.request, c);
		json_t *cell =
			json_pack("{s:i,s:o,s:o,s:I}", "id", (int)c, "cpus",
				  numbers_of(&from->vcpus, &read.request->dedicated, false),
				  "pcpus", numbers_of(&from->vcpus, &read.request->dedicated, true),
				  "mem_mib", (json_int_t)(from->mem_kib / 1024));

		if (pages)
			json_object_set_new(cell, "pagesize", pages);
		if (read.request->thread_policy_given)
			json_object_set_new(
				cell, "cpu_thread_policy",
				json_string(vn_thread_policy_names[read.request->thread_policy]));
		json_array_append_new(cells, cell);
	}
	if (read.request->emulator_policy != VN_EMULATOR_DEFAULT)
		json_object_set_new(
			guest, "emulator_threads_policy",
			json_string(vn_emulator_policy_names[read.request->emulator_policy]));
	copy = json_deep_copy(*s->json);
	request = json_object_get(copy, "request");
	for (size_t i = 0; i < 3; i++)
		json_object_del(request,
				(const char *const[]){ "vcpus", "mem_mib", "extra_specs" }[i]);
	json_object_set_new(request, "guest", guest);
	return copy;
}

/* ---- one kind of value after the other ---- */

static void shrink_value(struct shrinking *s, struct path path);

static void shrink_number(struct shrinking *s, const struct path *path)
{
	json_int_t number = json_integer_value(at(*s->json, path)), step;

	for (step = number; step; step /= 2)
		while (number - step >= 0 &&
		       try_case(s, with(s, path, json_integer(number - step))))
			number -= step;
}

/* "0-3,8": without one after the other. */
static void shrink_text(struct shrinking *s, const struct path *path)
{
	const char *text = json_string_value(at(*s->json, path));
	vn_cpuset set, less;
	char list[512];

	if (vn_cpuset_parse(vn_cursor_of_string(NULL, text), &set, NULL) < 0)
		return;
	VN_CPUSET_EACH(cpu, &set) {
		less = set;
		vn_cpuset_del(&less, (unsigned)cpu);
		vn_cpuset_format(&less, list, sizeof(list));
		if (try_case(s, with(s, path, json_string(list))))
			set = less;
	}
}

static void shrink_list(struct shrinking *s, const struct path *path)
{
	for (size_t i = json_array_size(at(*s->json, path)); i-- > 0;) {
		struct path member = path_to(*path, NULL, i);

		if (!try_case(s, with(s, &member, NULL)))
			shrink_value(s, member);
	}
}

static void shrink_object(struct shrinking *s, const struct path *path)
{
	const char *keys[64];
	size_t n = 0;
	const char *key;
	json_t *value, *now = json_deep_copy(at(*s->json, path)); /* keeps the keys alive */

	json_object_foreach(now, key, value)
		if (n < VN_LEN(keys))
			keys[n++] = key;
	for (size_t i = 0; i < n; i++) {
		struct path member = path_to(*path, keys[i], 0);

		if (!try_case(s, with(s, &member, NULL)))
			shrink_value(s, member);
	}
	json_decref(now);
}

static void shrink_value(struct shrinking *s, struct path path)
{
	json_t *value = at(*s->json, &path);

	if (path.n == VN_LEN(path.steps))
		return;
	if (json_is_object(value))
		shrink_object(s, &path);
	else if (json_is_array(value))
		shrink_list(s, &path);
	else if (json_is_integer(value))
		shrink_number(s, &path);
	else if (json_is_string(value))
		shrink_text(s, &path);
}

void case_shrink(json_t **json, bool (*still_fails)(const json_t *json, void *context),
		 void *context)
{
	struct shrinking s = { json, still_fails, context, true };
	const struct path cells = { { { "host", 0 }, { "cells", 0 } }, 2 };

	for (uint32_t round = 0; s.changed && round < 20; round++) {
		s.changed = false;
		try_case(&s, as_guest(&s));
		for (size_t i = json_array_size(at(*json, &cells)); i-- > 0;)
			try_case(&s, without_node(&s, i));
		shrink_value(&s, (struct path){ .n = 0 });
	}
}
