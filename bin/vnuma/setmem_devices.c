/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The devices that change a guest's memory: a virtio-mem of the cell is asked for more or less as
 * far as it goes; the rest is DIMMs, attached whole, bound to the node of the cell's memory, and
 * taken away whole. Nothing is done before all of it is known to be possible. */
#include "setmem.h"

#include <string.h>
#include <time.h>

enum { GIVE_BACK_MS = 15 * 1000, POLL_MS = 250 };

/* ---- where ---- */

int32_t setmem_node(const struct setmem *set, uint32_t cell)
{
	const vn_request *config = setmem_config(set);
	const vn_nodeset *nodes = NULL;

	if (vn_cpuset_has(&config->memnode_given, cell))
		nodes = &config->memnode[cell];
	else if (config->numatune_given)
		nodes = &config->numatune;
	return nodes && vn_nodeset_count(nodes) == 1 ? vn_nodeset_next(nodes, -1) : -1;
}

uint64_t setmem_page_kib(const struct setmem *set, uint32_t cell)
{
	const vn_request *config = setmem_config(set);

	for (uint32_t i = 0; i < config->n_pages; i++) {
		const vn_request_pages *pages = &config->pages[i];

		if (vn_cpuset_is_empty(&pages->cells) || vn_cpuset_has(&pages->cells, cell))
			return pages->want == VN_PAGES_SIZE ? pages->page_kib : 0;
	}
	return 0;
}

static struct setmem_step *add_step(struct setmem *set)
{
	return set->n_steps < SETMEM_STEPS_MAX ? &set->steps[set->n_steps++] : NULL;
}

static int too_many(vn_error *err)
{
	return vn_fail(err, VN_E_RANGE, "more than %d changes of memory devices at once",
		       SETMEM_STEPS_MAX);
}

/* ---- growing ---- */

int setmem_check_most(const struct setmem *set, vn_error *err)
{
	char want[32], most[32];

	if (set->want_kib <= set->now_kib)
		return VN_OK;
	if (!set->memories.max_kib)
		return vn_fail(err, VN_E_NOFIT,
			       "guest '%.60s' has no <maxMemory>, so no memory can be added to it "
			       "(it needs <maxMemory slots='N'> from its start on)",
			       set->found.name);
	if (set->want_kib <= set->memories.max_kib)
		return VN_OK;
	return vn_fail(err, VN_E_NOFIT, "%s is more than the <maxMemory> of guest '%.60s', %s",
		       vn_size_format(set->want_kib, want, sizeof(want)), set->found.name,
		       vn_size_format(set->memories.max_kib, most, sizeof(most)));
}

/* Free memory of the cell's node, in its page size. */
static int check_room(const struct setmem *set, uint32_t cell, vn_error *err)
{
	int32_t node = setmem_node(set, cell);
	uint64_t page = setmem_page_kib(set, cell), want = set->amount_kib[cell], free_kib;
	const vn_host *host = set->running ? set->running->host : NULL;
	int ix = host && node >= 0 ? vn_host_node_ix(host, (uint32_t)node) : -1;
	const vn_pages *pages;
	char asked[32], there[32];

	if (ix < 0)
		return VN_OK;
	pages = page ? vn_node_pages(&host->nodes[ix], page) : NULL;
	free_kib = pages ? vn_pages_free(pages) * page
			 : (page ? 0 : vn_node_free_kib(&host->nodes[ix]));
	if (want <= free_kib)
		return VN_OK;
	return vn_fail(err, VN_E_NOFIT,
		       "cell %u of guest '%.60s' is to get %s more on node %d, which has %s free%s",
		       cell, set->found.name, vn_size_format(want, asked, sizeof(asked)), node,
		       vn_size_format(free_kib, there, sizeof(there)),
		       page ? " in pages of that size" : "");
}

static int resize(struct setmem *set, const vn_virt_memory *device, uint32_t cell, uint64_t kib,
		  vn_error *err)
{
	struct setmem_step *step = add_step(set);

	if (!step)
		return too_many(err);
	*step = (struct setmem_step){ SETMEM_RESIZE, cell, kib, device };
	return VN_OK;
}

/* As far as the cell's virtio-mem devices go; what is left in *left. */
static int grow_virtio(struct setmem *set, uint32_t cell, uint64_t *left, vn_error *err)
{
	int r = VN_OK;

	for (uint32_t i = 0; i < set->memories.n && *left && r == VN_OK; i++) {
		const vn_virt_memory *device = &set->memories.devices[i];
		uint64_t room, part;

		if (!device->block_kib || device->cell != (int32_t)cell)
			continue;
		room = device->size_kib - device->requested_kib;
		part = *left < room ? *left : room;
		part -= part % device->block_kib;
		if (part)
			r = resize(set, device, cell, device->requested_kib + part, err);
		*left -= part;
	}
	return r;
}

static int check_slots(const struct setmem *set, vn_error *err)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < set->memories.n; i++)
		used += !set->memories.devices[i].block_kib;
	for (uint32_t i = 0; i < set->n_steps; i++)
		used += set->steps[i].kind == SETMEM_ATTACH;
	if (used >= set->memories.slots)
		return vn_fail(err, VN_E_NOFIT, "all %u memory slots of guest '%.60s' are in use",
			       set->memories.slots, set->found.name);
	return VN_OK;
}

static int grow(struct setmem *set, uint32_t cell, vn_error *err)
{
	uint64_t left = set->amount_kib[cell];
	struct setmem_step *step;
	int r;

	if ((r = check_room(set, cell, err)) < 0 || (r = grow_virtio(set, cell, &left, err)) < 0 ||
	    !left || (r = check_slots(set, err)) < 0)
		return r;
	if (!(step = add_step(set)))
		return too_many(err);
	*step = (struct setmem_step){ SETMEM_ATTACH, cell, left, NULL };
	return VN_OK;
}

/* ---- shrinking ---- */

static int shrink_virtio(struct setmem *set, uint32_t cell, uint64_t *left, vn_error *err)
{
	int r = VN_OK;

	for (uint32_t i = 0; i < set->memories.n && *left && r == VN_OK; i++) {
		const vn_virt_memory *device = &set->memories.devices[i];
		uint64_t part = *left < device->requested_kib ? *left : device->requested_kib;

		if (!device->block_kib || device->cell != (int32_t)cell)
			continue;
		part -= part % device->block_kib;
		if (part)
			r = resize(set, device, cell, device->requested_kib - part, err);
		*left -= part;
	}
	return r;
}

static bool is_chosen(const struct setmem *set, const vn_virt_memory *device)
{
	for (uint32_t i = 0; i < set->n_steps; i++)
		if (set->steps[i].device == device)
			return true;
	return false;
}

/* The largest DIMM of the cell that is no larger than what is to go; the last one of equals. */
static const vn_virt_memory *find_dimm(const struct setmem *set, uint32_t cell, uint64_t most_kib)
{
	const vn_virt_memory *best = NULL;

	for (uint32_t i = 0; i < set->memories.n; i++) {
		const vn_virt_memory *device = &set->memories.devices[i];

		if (strcmp(device->model, "dimm") == 0 && device->cell == (int32_t)cell &&
		    device->size_kib <= most_kib && !is_chosen(set, device) &&
		    (!best || device->size_kib >= best->size_kib))
			best = device;
	}
	return best;
}

static int shrink(struct setmem *set, uint32_t cell, vn_error *err)
{
	uint64_t left = set->amount_kib[cell];
	char size[32];
	int r = shrink_virtio(set, cell, &left, err);

	while (r == VN_OK && left) {
		const vn_virt_memory *dimm = find_dimm(set, cell, left);
		struct setmem_step *step = dimm ? add_step(set) : NULL;

		if (!dimm)
			return vn_fail(err, VN_E_NOFIT,
				       "%s of cell %u of guest '%.60s' cannot be taken away: only "
				       "whole memory devices can, and it has none of that size "
				       "(what it started with stays)",
				       vn_size_format(left, size, sizeof(size)), cell,
				       set->found.name);
		if (!step)
			return too_many(err);
		*step = (struct setmem_step){ SETMEM_DETACH, cell, dimm->size_kib, dimm };
		left -= dimm->size_kib;
	}
	return r;
}

int setmem_plan(struct setmem *set, vn_error *err)
{
	bool more = set->want_kib > set->now_kib;
	uint32_t n = setmem_config(set)->n_cells ? setmem_config(set)->n_cells : 1;
	int r = VN_OK;

	for (uint32_t c = 0; c < n && r == VN_OK; c++)
		if (set->amount_kib[c])
			r = more ? grow(set, c, err) : shrink(set, c, err);
	return r;
}

/* ---- doing it ---- */

static void dimm_xml(const struct setmem *set, const struct setmem_step *step, vn_text *to)
{
	int32_t node = setmem_node(set, step->cell);
	uint64_t page = setmem_page_kib(set, step->cell);

	vn_text_add(to, "<memory model='dimm'>");
	if (node >= 0 || page)
		vn_text_add(to, "<source>");
	if (page)
		vn_text_addf(to, "<pagesize unit='KiB'>%ju</pagesize>", (uintmax_t)page);
	if (node >= 0)
		vn_text_addf(to, "<nodemask>%d</nodemask>", node);
	if (node >= 0 || page)
		vn_text_add(to, "</source>");
	vn_text_addf(to, "<target><size unit='KiB'>%ju</size><node>%u</node></target></memory>",
		     (uintmax_t)step->kib, step->cell);
}

static uint32_t count_devices(struct setmem *set)
{
	vn_virt_memories now = { 0 };

	if (vn_virt_get_memories(set->act.virt, set->found.name, VN_VIRT_LIVE, set->arena, &now,
				 NULL) < 0)
		return UINT32_MAX;
	return now.n;
}

/* libvirt returns when the guest has not answered for some seconds, too: look whether it is gone.
 */
static int detach(struct setmem *set, const struct setmem_step *step, vn_error *err)
{
	const struct timespec wait = { .tv_nsec = POLL_MS * 1000000L };
	uint32_t before = count_devices(set);
	char size[32];
	int r = vn_virt_detach(set->act.virt, set->found.name, step->device->xml,
			       VN_VIRT_AFFECT_LIVE, err);

	if (r < 0)
		return r;
	for (int ms = 0; ms < GIVE_BACK_MS; ms += POLL_MS) {
		if (count_devices(set) < before)
			return VN_OK;
		nanosleep(&wait, NULL);
	}
	return vn_fail(err, VN_E_SYSTEM,
		       "guest '%.60s' does not give back the %s of cell %u: what runs in it uses "
		       "them, or cannot; it has been asked, and may still do it",
		       set->found.name, vn_size_format(step->kib, size, sizeof(size)), step->cell);
}

static int attach(struct setmem *set, const struct setmem_step *step, unsigned affect,
		  vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	int r;

	dimm_xml(set, step, &xml);
	r = vn_text_done(&xml, err);
	return r == VN_OK ? vn_virt_attach(set->act.virt, set->found.name, xml.bytes, affect, err)
			  : r;
}

static int do_live(struct setmem *set, const struct setmem_step *step, vn_error *err)
{
	switch (step->kind) {
	case SETMEM_DETACH: return detach(set, step, err);
	case SETMEM_RESIZE:
		return vn_virt_set_requested(set->act.virt, set->found.name, step->device,
					     step->kib, VN_VIRT_AFFECT_LIVE, err);
	default: return attach(set, step, VN_VIRT_AFFECT_LIVE, err);
	}
}

/* The definition has devices of its own: the one that is alike. */
static const vn_virt_memory *find_defined(const vn_virt_memories *defined,
					  const vn_virt_memory *like)
{
	for (uint32_t i = 0; i < defined->n; i++) {
		const vn_virt_memory *device = &defined->devices[i];

		if (!strcmp(device->model, like->model) && device->size_kib == like->size_kib &&
		    (device->cell < 0 ? 0 : device->cell) == like->cell)
			return device;
	}
	return NULL;
}

static int do_defined(struct setmem *set, const struct setmem_step *step, vn_error *err)
{
	vn_virt_memories defined = { 0 };
	const vn_virt_memory *device;
	int r;

	if (step->kind == SETMEM_ATTACH)
		return attach(set, step, VN_VIRT_AFFECT_DEFINED, err);
	r = vn_virt_get_memories(set->act.virt, set->found.name, VN_VIRT_DEFINED_XML, set->arena,
				 &defined, err);
	if (r < 0)
		return r;
	device = find_defined(&defined, step->device);
	if (!device)
		return vn_fail(err, VN_E_SYSTEM, "it has no such memory device");
	if (step->kind == SETMEM_DETACH)
		return vn_virt_detach(set->act.virt, set->found.name, device->xml,
				      VN_VIRT_AFFECT_DEFINED, err);
	return vn_virt_set_requested(set->act.virt, set->found.name, device, step->kib,
				     VN_VIRT_AFFECT_DEFINED, err);
}

/* A guest that runs, then its definition; that one of it may differ is no failure. */
static int do_step(struct setmem *set, const struct setmem_step *step, vn_error *err)
{
	vn_error why = { 0 };
	int r;

	if (!set->found.running)
		return do_defined(set, step, err);
	r = do_live(set, step, err);
	if (r == VN_OK && set->found.persistent && do_defined(set, step, &why) < 0)
		vn_text_addf(&set->act.output->notes,
			     "the definition of guest '%s' stays as it was: %s\n", set->found.name,
			     why.text);
	return r;
}

/* The opposite of a step. What was attached has just been attached: it is found by its likeness. */
static void undo_step(struct setmem *set, const struct setmem_step *step)
{
	struct setmem_step back = *step;
	vn_virt_memories now = { 0 };
	vn_virt_memory like = { .model = "dimm",
				.size_kib = step->kib,
				.cell = (int32_t)step->cell };
	vn_error why = { 0 };
	int r = VN_OK;

	if (step->kind == SETMEM_RESIZE)
		back.kib = step->device->requested_kib;
	if (step->kind == SETMEM_DETACH)
		back.kind = SETMEM_ATTACH;
	if (step->kind == SETMEM_ATTACH) {
		back.kind = SETMEM_DETACH;
		r = vn_virt_get_memories(set->act.virt, set->found.name,
					 set->found.running ? VN_VIRT_LIVE : VN_VIRT_DEFINED_XML,
					 set->arena, &now, &why);
		back.device = r == VN_OK ? find_defined(&now, &like) : NULL;
	}
	if (r == VN_OK && (back.device || back.kind == SETMEM_ATTACH))
		r = do_step(set, &back, &why);
	if (r < 0)
		vn_text_addf(&set->act.output->notes, "cell %u of guest '%s' stays changed: %s\n",
			     step->cell, set->found.name, why.text);
}

int setmem_run(struct setmem *set, vn_error *err)
{
	int r = VN_OK;
	uint32_t i = 0;

	for (; i < set->n_steps && r == VN_OK; i++)
		r = do_step(set, &set->steps[i], err);
	if (r == VN_OK)
		return r;
	for (i--; i > 0; i--)
		undo_step(set, &set->steps[i - 1]);
	return r;
}
