/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Placing one guest for a command: the options of its command line, the placement with its check,
 * and what is said about it on standard error. */
#include "cli.h"

vn_place_options cli_place_options(const struct cli_values *values)
{
	vn_place_options options = vn_place_defaults;

	options.strategy = (enum vn_strategy)values->strategy;
	options.size_by = (enum vn_size_by)values->size_by;
	options.cpu_ratio_percent = values->cpu_ratio_percent;
	options.ram_ratio_percent = values->ram_ratio_percent;
	options.reserve_kib = values->reserve_kib;
	return options;
}

/* A placement that breaks a rule is our bug, not the caller's. */
int cli_place(const vn_host *host, const vn_request *request, const vn_place_options *options,
	      vn_placement *placement, vn_error *err)
{
	vn_error broken = { 0 };
	int r = vn_place(host, request, options, placement, err);

	if (r < 0)
		return r;
	if (vn_placement_check(host, request, options, placement, &broken) < 0)
		return vn_fail(err, VN_E_SYSTEM,
			       "a bug in vnuma: its own check refuses the "
			       "placement: %s",
			       broken.text);
	return VN_OK;
}

void cli_note(const vn_host *host, const vn_request *request, const vn_place_options *options,
	      const vn_placement *placement, const struct plan_others *others,
	      const vn_style *style, vn_text *notes)
{
	if (!placement && options->explain && !options->explain->n_verdicts)
		vn_place_explain(host, request, options, options->explain);
	if (options->explain && placement)
		vn_render_others(host, request, options, placement, style, notes, NULL);
	if (options->explain)
		vn_render_explain(host, request, placement, options->explain, style, notes, NULL);
	if (placement)
		return;
	if (options->explain)
		vn_text_add(notes, "\n");
	plan_advise(host, request, options, others, style, notes);
}
