/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma setmem: grows and shrinks a guest's memory, evenly over its cells or in one of them. */
#include "setmem.h"

#include <string.h>

/* ---- the guest ---- */

static int read_running(struct setmem *set, vn_error *err)
{
	int r = act_read(&set->act, NULL, &set->running, err);

	if (r < 0)
		return r;
	set->guest = cli_find_guest(set->running, set->found.name);
	if (!set->guest || set->guest->state == VN_GUEST_OFF)
		return vn_fail(err, VN_E_SYSTEM, "guest '%.80s' has ended", set->found.name);
	if (!set->guest->config)
		return vn_fail(err, set->guest->unreadable.code, "guest '%.60s': %s",
			       set->found.name, set->guest->unreadable.text);
	vn_running_account(set->running, NULL);
	return VN_OK;
}

static int read_defined(struct setmem *set, vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	const char *name = set->found.name;
	int r = vn_virt_xml(set->act.virt, name, VN_VIRT_DEFINED_XML, &xml, err);

	return r == VN_OK ? vn_request_parse_xml_as_is(name, xml.bytes, xml.len, &set->defined, err)
			  : r;
}

/* Its own memory, its DIMMs, and what is asked of its virtio-mem devices. */
static int read_sizes(struct setmem *set, vn_error *err)
{
	int r = vn_virt_get_memories(set->act.virt, set->found.name,
				     set->found.running ? VN_VIRT_LIVE : VN_VIRT_DEFINED_XML,
				     set->arena, &set->memories, err);

	if (r < 0)
		return r;
	set->now_kib = setmem_config(set)->mem_kib;
	for (uint32_t i = 0; i < set->memories.n; i++) {
		vn_virt_memory *device = &set->memories.devices[i];

		if (device->cell < 0)
			device->cell = 0;
		if (device->block_kib && device->requested_kib > device->size_kib)
			device->requested_kib = device->size_kib;
		set->now_kib += device->block_kib ? device->requested_kib : device->size_kib;
	}
	return VN_OK;
}

static int find(struct setmem *set, const char *name, vn_error *err)
{
	int r = vn_virt_find(set->act.virt, name, &set->found, err);

	if (r == VN_OK)
		r = set->found.running ? read_running(set, err) : read_defined(set, err);
	return r == VN_OK ? read_sizes(set, err) : r;
}

/* ---- the answer ---- */

static void answer(const struct setmem *set)
{
	vn_text *to = &set->act.output->answer;
	char size[32];

	vn_text_addf(to, "guest '%s' %s %s%s\n", set->found.name,
		     set->act.values->dry_run ? "would have" : "has",
		     vn_size_format(set->want_kib, size, sizeof(size)),
		     set->found.running ? "" : ", from its next start");
	for (uint32_t i = 0; i < set->n_steps; i++) {
		const struct setmem_step *step = &set->steps[i];
		int32_t node = setmem_node(set, step->cell);

		vn_text_addf(to, "  cell %u: ", step->cell);
		vn_size_format(step->kib, size, sizeof(size));
		if (step->kind == SETMEM_RESIZE)
			vn_text_addf(to, "its virtio-mem is asked for %s", size);
		else
			vn_text_addf(to, "a DIMM of %s %s", size,
				     step->kind == SETMEM_ATTACH ? "more" : "less");
		if (node >= 0)
			vn_text_addf(to, " on node %d", node);
		vn_text_add(to, "\n");
	}
}

static int set_memory(struct setmem *set, const char *name, vn_error *err)
{
	int r = find(set, name, err);

	if (r == VN_OK)
		r = setmem_check_most(set, err);
	if (r == VN_OK)
		r = setmem_split(set, err);
	if (r == VN_OK)
		r = setmem_plan(set, err);
	if (r == VN_OK && !set->act.values->dry_run)
		r = setmem_run(set, err);
	if (r == VN_OK)
		answer(set);
	return r;
}

int cmd_setmem(const struct cli_values *values, const char *operand, struct cli_output *output,
	       vn_error *err)
{
	const char *text = values->operands.items[1];
	struct setmem set = { 0 };
	vn_error why = { 0 };
	int r;

	if (vn_size_parse(vn_cursor_of_string(NULL, text), "MiB", &set.want_kib, &why) < 0 ||
	    !set.want_kib || set.want_kib > VN_GUEST_MEM_MAX_KIB)
		return cli_fail_usage(err, "'%s' is not a size of memory: %s", text,
				      why.text[0] ? why.text : "legal is 1 KiB to 1 EiB");
	set.arena = vn_arena_new();
	r = act_begin(values, output, &set.act, &why);
	if (r == VN_OK && !set.arena)
		r = vn_fail(&why, VN_E_NOMEM, "no memory for the memory devices");
	if (r == VN_OK)
		r = set_memory(&set, operand, &why);
	act_end(&set.act, &why);
	vn_running_free(set.running);
	vn_request_free(set.defined);
	vn_arena_free(set.arena);
	if (r < 0 && err)
		*err = why;
	return r;
}
