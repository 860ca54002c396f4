/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What became of each row, as lines of CSV. With it and the input alone a program that knows
 * nothing of vnuma can check that no node was overfull and that every group kept its rule. */
#include "sim.h"

#include <stdlib.h>

const char sim_decisions_header[] = "policy,episode,row,fate,start_us,host,nodes,cpus\n";

static void add_cpus(struct sim_decisions *to, uint32_t cell, uint32_t vcpus)
{
	vn_cpuset pins = { 0 };

	for (uint32_t vcpu = 0; vcpu < vcpus; vcpu++)
		if (to->placement->vcpu_cell[vcpu] == cell && to->placement->pin[vcpu] >= 0)
			vn_cpuset_add(&pins, (unsigned)to->placement->pin[vcpu]);
	vn_cpuset_or(&pins, &to->placement->cells[cell].reserved);
	vn_text_add(&to->text, cell ? " " : "\"");
	vn_text_add_cpuset(&to->text, &pins);
}

/* The CPUs that nobody else gets: of dedicated guests. */
static int add_pins(struct sim_decisions *to, const vn_trace_shape *shape,
		    const vn_sim_choice *choice, vn_error *err)
{
	vn_fleet *fleet = vn_sim_engine_fleet(&to->chooser);
	int r;

	if (!fleet || !shape->dedicated)
		return VN_OK;
	if (!to->placement && !(to->placement = malloc(sizeof(*to->placement))))
		return vn_fail(err, VN_E_NOMEM, "no memory for a placement");
	if ((r = vn_fleet_claim_placement(fleet, choice->claim, to->placement, err)) < 0)
		return r;
	for (uint32_t cell = 0; cell < shape->cells; cell++)
		add_cpus(to, cell, shape->vcpus);
	vn_text_add(&to->text, "\"");
	return VN_OK;
}

int sim_decisions_tell(void *context, const vn_trace_row *row, enum vn_sim_fate fate,
		       int64_t start_us, const vn_sim_choice *choice, vn_error *err)
{
	struct sim_decisions *to = context;
	int r = VN_OK;

	vn_text_addf(&to->text, "%s,%ju,%ju,%s,%jd,", to->policy, (uintmax_t)to->episode,
		     (uintmax_t)row->number, vn_sim_fate_names[fate], (intmax_t)start_us);
	if (choice) {
		vn_text_addf(&to->text, "%u,", choice->host);
		for (uint32_t cell = 0; cell < choice->n_cells; cell++)
			vn_text_addf(&to->text, "%s%u", cell ? " " : "", choice->nodes[cell]);
		vn_text_add(&to->text, ",");
		r = add_pins(to, &row->shape, choice, err);
	} else {
		vn_text_add(&to->text, ",,");
	}
	vn_text_add(&to->text, "\n");
	return r == VN_OK && to->text.failed ? vn_text_done(&to->text, err) : r;
}
