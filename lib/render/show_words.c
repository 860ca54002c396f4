/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A running guest in sentences. */
#include "render/show.h"

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void add_size(vn_text *ret, uint64_t kib)
{
	char size[32];

	vn_text_add(ret, kib ? vn_size_format(kib, size, sizeof(size)) : "0");
}

void vn_show_words_nodes(const vn_nodeset *nodes, vn_text *ret)
{
	vn_text_addf(ret, "node%s ", plural(vn_nodeset_count(nodes)));
	vn_text_add_nodeset(ret, nodes);
}

/* ---- size and cells ---- */

/* The nodes that a cell's memory is bound to; NULL: none. */
static const vn_nodeset *bound_to(const vn_request *config, uint32_t cell)
{
	if (vn_cpuset_has(&config->memnode_given, cell))
		return &config->memnode[cell];
	return config->numatune_given ? &config->numatune : NULL;
}

static void add_cell(const vn_request *config, uint32_t cell, vn_text *ret)
{
	const vn_request_cell *c = &config->cells[cell];
	const vn_nodeset *nodes = bound_to(config, cell);

	vn_text_addf(ret, "%s cell %u: vCPU%s ", cell ? ";" : "", cell,
		     plural(vn_cpuset_count(&c->vcpus)));
	vn_text_add_cpuset(ret, &c->vcpus);
	vn_text_add(ret, ", ");
	add_size(ret, c->mem_kib);
	if (nodes) {
		vn_text_add(ret, " on ");
		vn_show_words_nodes(nodes, ret);
	}
}

void vn_show_words_size(const vn_show_guest *g, vn_text *ret)
{
	const vn_request *config = g->guest->config;

	if (!config)
		return;
	vn_text_addf(ret, "%u vCPU%s", config->vcpus_online, plural(config->vcpus_online));
	if (config->vcpus_online < config->vcpus)
		vn_text_addf(ret, " of %u", config->vcpus);
	vn_text_add(ret, ", ");
	add_size(ret, config->mem_kib);
	for (uint32_t i = 0; i < config->n_memdevs; i++) {
		vn_text_add(ret, " + ");
		add_size(ret, config->memdevs[i].size_kib);
	}
	if (!config->n_cells) {
		vn_text_add(ret, ", without cells");
		return;
	}
	vn_text_addf(ret, ", %u cell%s:", config->n_cells, plural(config->n_cells));
	for (uint32_t cell = 0; cell < config->n_cells; cell++)
		add_cell(config, cell, ret);
}

/* ---- policy ---- */

static void add_cpu_policy(const vn_show_guest *g, vn_text *ret)
{
	uint32_t floats = g->n_vcpus - g->n_pinned;

	if (!g->n_vcpus)
		vn_text_add(ret, "where the vCPUs may run is not known");
	else if (!floats)
		vn_text_addf(ret, "%u vCPU%s pinned 1:1", g->n_pinned, plural(g->n_pinned));
	else if (g->n_pinned)
		vn_text_addf(ret, "%u vCPU%s pinned 1:1, %u floating", g->n_pinned,
			     plural(g->n_pinned), floats);
	else
		vn_text_addf(ret, "%u vCPU%s floating", floats, plural(floats));
	if (floats && g->floats_everywhere) {
		vn_text_add(ret, " over the whole host");
	} else if (floats && !g->n_pinned) {
		vn_text_add(ret, " over ");
		vn_show_words_nodes(&g->cpu_nodes, ret);
	}
}

static void add_memory_policy(const vn_request *config, vn_text *ret)
{
	static const char *const words[VN_MEM_MODE_COUNT] = {
		[VN_MEM_STRICT] = "strictly",
		[VN_MEM_PREFERRED] = "preferably",
		[VN_MEM_INTERLEAVE] = "interleaved",
		[VN_MEM_RESTRICTIVE] = "restrictively",
	};

	if (config->numatune_given) {
		vn_text_addf(ret, "; memory %s on ", words[config->mem_mode]);
		vn_show_words_nodes(&config->numatune, ret);
	} else if (!vn_cpuset_is_empty(&config->memnode_given)) {
		vn_text_add(ret, "; memory bound by cell");
	} else {
		vn_text_add(ret, "; memory not bound");
	}
}

static bool has_policy(const vn_request *policy)
{
	return policy && policy->at_policy.line;
}

void vn_show_words_policy(const vn_show_guest *g, vn_text *ret)
{
	const vn_guest *guest = g->guest;

	if (has_policy(guest->policy))
		vn_text_addf(ret, "%s, %s; ", vn_mode_names[guest->policy->mode],
			     vn_distribution_names[guest->policy->distribution]);
	else if (guest->policy)
		vn_text_add(ret, "none written; ");
	add_cpu_policy(g, ret);
	if (guest->config)
		add_memory_policy(guest->config, ret);
}

/* ---- home ---- */

static void add_place(const char *what, const vn_nodeset *nodes, vn_text *ret)
{
	vn_text_add(ret, what);
	if (vn_nodeset_is_empty(nodes))
		vn_text_add(ret, "not known");
	else
		vn_show_words_nodes(nodes, ret);
}

void vn_show_words_home(const vn_show_guest *g, vn_text *ret)
{
	const vn_memory_use *memory = &g->guest->memory;

	add_place("CPUs: ", &g->cpu_nodes, ret);
	add_place(", memory: ", &g->mem_nodes, ret);
	if (g->locality >= 0)
		vn_text_addf(ret, ", locality %d.%d %%", g->locality / 10, g->locality % 10);
	else
		vn_text_add(ret, ", locality not known");
	if (g->locality >= 0 && memory->how == VN_MEASURED_SAMPLED)
		vn_text_addf(ret, " (from %u pages of its memory)", memory->samples);
	else if (g->locality >= 0)
		vn_text_add(ret, " (from all pages of its memory)");
}

/* ---- memory ---- */

void vn_show_words_memory(const vn_show_guest *g, vn_text *ret)
{
	const vn_memory_use *memory = &g->guest->memory;

	if (memory->how == VN_MEASURED_NOT)
		return;
	add_size(ret, g->touched_kib);
	vn_text_add(ret, " of ");
	add_size(ret, memory->ram_kib);
	vn_text_addf(ret, " in use%s", memory->guessed ? " (guessed: all large mappings)" : "");
	if (memory->thp_known) {
		vn_text_add(ret, ", ");
		add_size(ret, memory->thp_kib);
		vn_text_add(ret, " of it in transparent huge pages");
	}
	if (memory->swap_kib) {
		vn_text_add(ret, ", ");
		add_size(ret, memory->swap_kib);
		vn_text_add(ret, " swapped out");
	}
}

void vn_show_words_balloon(const vn_guest *guest, vn_text *ret)
{
	if (!guest->balloon_known)
		return;
	vn_text_add(ret, "the guest has ");
	add_size(ret, guest->balloon_kib);
	if (!guest->guest_stats_known)
		return;
	vn_text_add(ret, "; of ");
	add_size(ret, guest->guest_available_kib);
	vn_text_add(ret, " that its kernel sees ");
	add_size(ret, guest->guest_unused_kib);
	vn_text_add(ret, " are unused");
}
