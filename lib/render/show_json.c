/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What runs, as JSON: "vnuma/show/1" (docs/show.schema.json). What is not known is left out, with
 * its reason beside it. `host` is what `vnuma host -o json` prints. */
#include "render/json_out.h"
#include "render/show.h"

#include <stdlib.h>

typedef struct out {
	struct json_out json;
	const vn_show *show;
} out;

static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *tenths(int32_t value)
{
	return json_real(value / 10.0);
}

/* ---- configuration ---- */

static json_t *cells(out *o, const vn_request *config)
{
	json_t *list = json_array();

	for (uint32_t cell = 0; cell < config->n_cells; cell++) {
		json_t *object = json_object();

		json_put(&o->json, object, "guest_cell", json_integer(cell));
		json_put(&o->json, object, "vcpus",
			 json_cpus(&o->json, &config->cells[cell].vcpus));
		json_put(&o->json, object, "mem_kib", number(config->cells[cell].mem_kib));
		if (vn_cpuset_has(&config->memnode_given, cell))
			json_put(&o->json, object, "mem_host_cells",
				 json_nodes(&o->json, &config->memnode[cell]));
		else if (config->numatune_given)
			json_put(&o->json, object, "mem_host_cells",
				 json_nodes(&o->json, &config->numatune));
		json_push(&o->json, list, object);
	}
	return list;
}

static json_t *policy(out *o, const vn_show_guest *g)
{
	const vn_guest *guest = g->guest;
	json_t *object = json_object();

	if (guest->policy && guest->policy->at_policy.line) {
		json_put(&o->json, object, "mode", json_string(vn_mode_names[guest->policy->mode]));
		json_put(&o->json, object, "distribution",
			 json_string(vn_distribution_names[guest->policy->distribution]));
	}
	if (guest->config && guest->config->numatune_given) {
		json_put(&o->json, object, "memory_mode",
			 json_string(vn_mem_mode_names[guest->config->mem_mode]));
		json_put(&o->json, object, "memory_host_cells",
			 json_nodes(&o->json, &guest->config->numatune));
	}
	if (g->n_vcpus) {
		json_put(&o->json, object, "vcpus_pinned", json_integer(g->n_pinned));
		json_put(&o->json, object, "vcpus_floating",
			 json_integer(g->n_vcpus - g->n_pinned));
	}
	return object;
}

/* ---- threads and memory ---- */

static json_t *thread_object(out *o, const vn_thread *thread)
{
	json_t *object = json_object();

	json_put(&o->json, object, "kind", json_string(vn_show_kinds[thread->kind]));
	if (thread->kind <= VN_THREAD_IOTHREAD)
		json_put(&o->json, object, "number", json_integer(thread->number));
	if (thread->tid)
		json_put(&o->json, object, "tid", json_integer(thread->tid));
	if (thread->cpu >= 0)
		json_put(&o->json, object, "cpu", json_integer(thread->cpu));
	if (thread->pin_known)
		json_put(&o->json, object, "pin", json_cpus(&o->json, &thread->pin));
	if (thread->allowed_known) {
		json_put(&o->json, object, "allowed", json_cpus(&o->json, &thread->allowed));
		json_put(&o->json, object, "mems_allowed", json_nodes(&o->json, &thread->mems));
	}
	if (thread->times_known) {
		json_put(&o->json, object, "run_ns", number(thread->run_ns));
		json_put(&o->json, object, "wait_ns", number(thread->wait_ns));
	}
	return object;
}

static json_t *threads(out *o, const vn_guest *guest)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < guest->n_threads; i++)
		json_push(&o->json, list, thread_object(o, &guest->threads[i]));
	return list;
}

static json_t *memory_on(out *o, const vn_guest *guest)
{
	const vn_host *host = o->show->running->host;
	json_t *list = json_array();

	for (uint32_t ix = 0; ix < host->n_nodes; ix++)
		for (uint32_t size = 0; size < guest->memory.n_sizes; size++) {
			uint64_t kib = vn_show_kib(o->show, guest, size, ix);
			json_t *object;

			if (!kib)
				continue;
			object = json_object();
			json_put(&o->json, object, "host_cell", json_integer(host->nodes[ix].id));
			json_put(&o->json, object, "size_kib",
				 number(guest->memory.size_kib[size]));
			json_put(&o->json, object, "kib", number(kib));
			json_push(&o->json, list, object);
		}
	return list;
}

static json_t *memory_object(out *o, const vn_guest *guest)
{
	const vn_memory_use *memory = &guest->memory;
	json_t *object = json_object();

	json_put(&o->json, object, "measured", json_string(vn_show_measured[memory->how]));
	if (memory->how == VN_MEASURED_SAMPLED)
		json_put(&o->json, object, "samples", json_integer(memory->samples));
	if (memory->guessed)
		json_put(&o->json, object, "guessed", json_true());
	json_put(&o->json, object, "ram_kib", number(memory->ram_kib));
	json_put(&o->json, object, "swap_kib", number(memory->swap_kib));
	if (memory->thp_known)
		json_put(&o->json, object, "thp_kib", number(memory->thp_kib));
	json_put(&o->json, object, "on", memory_on(o, guest));
	return object;
}

static json_t *balloon_object(out *o, const vn_guest *guest)
{
	json_t *object = json_object();

	json_put(&o->json, object, "guest_has_kib", number(guest->balloon_kib));
	if (guest->guest_stats_known) {
		json_put(&o->json, object, "guest_sees_kib", number(guest->guest_available_kib));
		json_put(&o->json, object, "guest_unused_kib", number(guest->guest_unused_kib));
	}
	return object;
}

/* ---- guests ---- */

static void put_reason(out *o, json_t *object, const char *name, const vn_error *why)
{
	if (why->code != VN_OK)
		json_put(&o->json, object, name, json_any_text(why->text));
}

static void put_measured(out *o, json_t *object, const vn_show_guest *g)
{
	const vn_guest *guest = g->guest;

	if (!vn_nodeset_is_empty(&g->cpu_nodes))
		json_put(&o->json, object, "cpu_host_cells", json_nodes(&o->json, &g->cpu_nodes));
	if (!vn_nodeset_is_empty(&g->mem_nodes))
		json_put(&o->json, object, "mem_host_cells", json_nodes(&o->json, &g->mem_nodes));
	if (g->locality >= 0)
		json_put(&o->json, object, "locality_percent", tenths(g->locality));
	json_put(&o->json, object, "threads", threads(o, guest));
	put_reason(o, object, "no_threads", &guest->no_threads);
	if (guest->threads_by_name)
		json_put(&o->json, object, "threads_by_name", json_true());
	if (guest->memory.how != VN_MEASURED_NOT)
		json_put(&o->json, object, "memory", memory_object(o, guest));
	put_reason(o, object, "no_memory", &guest->no_memory);
	if (guest->balloon_known)
		json_put(&o->json, object, "balloon", balloon_object(o, guest));
}

static json_t *guest_object(out *o, const vn_show_guest *g)
{
	const vn_guest *guest = g->guest;
	json_t *object = json_object();

	json_put(&o->json, object, "name", json_any_text(guest->name));
	if (*guest->uuid)
		json_put(&o->json, object, "uuid", json_any_text(guest->uuid));
	json_put(&o->json, object, "state", json_string(vn_show_states[guest->state]));
	if (guest->pid)
		json_put(&o->json, object, "pid", json_integer(guest->pid));
	put_reason(o, object, "no_xml", &guest->unreadable);
	if (guest->config) {
		json_put(&o->json, object, "vcpus", json_integer(guest->config->vcpus_online));
		json_put(&o->json, object, "max_vcpus", json_integer(guest->config->vcpus));
		json_put(&o->json, object, "mem_kib", number(guest->config->mem_kib));
		json_put(&o->json, object, "cells", cells(o, guest->config));
	}
	json_put(&o->json, object, "policy", policy(o, g));
	put_measured(o, object, g);
	return object;
}

static int guests(out *o, json_t *list, vn_error *err)
{
	const vn_guest *guest;
	uint32_t at = 0;

	while ((guest = vn_show_next(o->show, &at))) {
		VN_AUTO(vn_arena)
		arena = vn_arena_new();
		vn_show_guest g;
		int r;

		if (!arena)
			return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
		if ((r = vn_show_guest_make(o->show, guest, arena, &g, err)) < 0)
			return r;
		json_push(&o->json, list, guest_object(o, &g));
	}
	return VN_OK;
}

static json_t *host(out *o)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	o->json.failed |= vn_host_write_json(o->show->running->host, &text, NULL) < 0;
	return text.len ? json_loadb(text.bytes, text.len, 0, NULL) : NULL;
}

int vn_render_show_json(const vn_show *show, vn_text *ret, vn_error *err)
{
	out o = { .show = show };
	json_t *root = json_object(), *list = json_array();
	int r = guests(&o, list, err);
	char *text = NULL;

	json_put(&o.json, root, "schema", json_string("vnuma/show/1"));
	if (show->running->source)
		json_put(&o.json, root, "source", json_any_text(show->running->source));
	if (show->note)
		json_put(&o.json, root, "note", json_any_text(show->note));
	json_put(&o.json, root, "guests", list);
	json_put(&o.json, root, "host", host(&o));
	if (r == VN_OK && !o.json.failed)
		text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	json_decref(root);
	if (r < 0)
		return r;
	if (!text)
		return vn_fail(err, VN_E_NOMEM, "no memory for the JSON");
	vn_text_add(ret, text);
	vn_text_add(ret, "\n");
	free(text);
	return vn_text_done(ret, err);
}
