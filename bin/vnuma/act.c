/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the commands share that change guests. One vnuma at a time: from the look at the host until
 * the guest is where it was planned, nothing that vnuma does can take what the plan gives. */
#include "act.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kernel.h"

enum { LOCK_TIMEOUT_MS = 900 * 1000 };

int act_begin(const struct cli_values *values, struct cli_output *output, struct act *ret,
	      vn_error *err)
{
	int r;

	*ret = (struct act){ .values = values, .output = output, .lock = VN_VIRT_NO_LOCK };
	ret->options = cli_place_options(values);
	ret->placement = calloc(1, sizeof(*ret->placement));
	if (values->explain)
		ret->options.explain = calloc(1, sizeof(*ret->options.explain));
	if (!ret->placement || (values->explain && !ret->options.explain))
		return vn_fail(err, VN_E_NOMEM, "no memory for the placement");
	r = vn_virt_open(values->connect, values->dry_run ? VN_VIRT_READ : VN_VIRT_CHANGE,
			 &ret->virt, err);
	if (r == VN_OK && !values->dry_run)
		r = vn_virt_lock_take(ret->virt, LOCK_TIMEOUT_MS, &ret->lock, err);
	return r;
}

void act_end(struct act *act, vn_error *err)
{
	cli_keep_source(act->output, err);
	vn_virt_lock_drop(&act->lock);
	vn_virt_free(act->virt);
	free(act->options.explain);
	free(act->placement);
}

/* Every page of one guest, in place of a sample. */
static int look_exactly(vn_running *running, const char *name, vn_error *err)
{
	vn_guest *guest = (vn_guest *)cli_find_guest(running, name);
	vn_running one = *running;

	if (!guest || !running->local)
		return VN_OK;
	one.guests = guest;
	one.n_guests = 1;
	return vn_kernel_fill(&one, &(vn_kernel_options){ .exact = true }, err);
}

int act_read(struct act *act, const char *exact, vn_running **ret, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	int r = cli_read_running(act->virt, VN_VIRT_RUNNING, &running, err);

	if (r == VN_OK && exact)
		r = look_exactly(running, exact, err);
	if (r == VN_OK)
		*ret = VN_STEAL(running);
	return r;
}

int act_place(struct act *act, const vn_host *host, const vn_request *request, vn_error *err)
{
	static const struct plan_others nobody;
	vn_style style = cli_style(STDERR_FILENO, act->values->color);
	int r = cli_place(host, request, &act->options, act->placement, err);

	if (r == VN_E_NOFIT || (r == VN_OK && act->options.explain))
		cli_note(host, request, &act->options, r == VN_OK ? act->placement : NULL, &nobody,
			 &style, &act->output->notes);
	return r;
}

/* ---- words ---- */

static void add_cell_cpus(vn_text *to, const vn_request *request, const vn_placement *placement,
			  uint32_t cell)
{
	vn_cpuset cpus = { 0 };

	VN_CPUSET_EACH(vcpu, &placement->cells[cell].vcpus) {
		vn_cpuset one = vn_placement_vcpu_cpus(placement, request, (uint32_t)vcpu);

		vn_cpuset_or(&cpus, &one);
	}
	vn_text_add(to, " on CPUs ");
	vn_text_add_cpuset(to, &cpus);
}

void act_add_cells(vn_text *to, const vn_host *host, const vn_request *request,
		   const vn_placement *placement)
{
	for (uint32_t c = 0; c < placement->n_cells; c++) {
		const vn_place_cell *cell = &placement->cells[c];
		uint32_t node = host->nodes[cell->node_ix].id,
			 memory = host->nodes[cell->mem_node_ix].id;
		char size[32];

		vn_text_addf(to, "  cell %u: node %u, vCPUs ", c, node);
		vn_text_add_cpuset(to, &cell->vcpus);
		add_cell_cpus(to, request, placement, c);
		vn_text_addf(to, ", %s", vn_size_format(cell->mem_kib, size, sizeof(size)));
		if (cell->page_kib)
			vn_text_addf(to, " in pages of %s",
				     vn_size_format(cell->page_kib, size, sizeof(size)));
		if (memory != node)
			vn_text_addf(to, " of node %u", memory);
		vn_text_add(to, "\n");
	}
}
