/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The summary of `vnuma fit --stats`. */
#include "fit.h"

enum { STEP_BITS = 6 };
static_assert(1 << STEP_BITS == FIT_STEPS, "the steps of a doubling");

/* ---- times by size ---- */

/* Below FIT_STEPS a place is a value; above, the highest bits of the value. */
static uint32_t place_of(uint64_t ns)
{
	uint32_t shift, last = FIT_OCTAVES * FIT_STEPS - 1, place;

	if (ns < FIT_STEPS)
		return (uint32_t)ns;
	shift = 63 - (uint32_t)__builtin_clzll(ns) - STEP_BITS;
	if (shift + 2 > FIT_OCTAVES)
		return last;
	place = (shift + 1) * FIT_STEPS + (uint32_t)(ns >> shift & (FIT_STEPS - 1));
	return place < last ? place : last;
}

/* The middle of a place. */
static double value_of(uint32_t place)
{
	uint32_t shift = place / FIT_STEPS;

	if (!shift)
		return place;
	return ((double)(place % FIT_STEPS + FIT_STEPS) + 0.5) * (double)(UINT64_C(1) << --shift);
}

static void count(struct fit_histogram *histogram, double usec)
{
	uint64_t ns = usec > 0 ? (uint64_t)(usec * 1000 + 0.5) : 0;

	histogram->n++;
	histogram->count[place_of(ns)]++;
	if (ns > histogram->max_ns)
		histogram->max_ns = ns;
}

/* In µs: `percent` of the times are not longer. */
static double percentile(const struct fit_histogram *histogram, uint32_t percent)
{
	uint64_t below = 0, wanted = (histogram->n * percent + 99) / 100;
	uint32_t place = 0;

	while (place + 1 < FIT_OCTAVES * FIT_STEPS) {
		below += histogram->count[place];
		if (below >= wanted)
			break;
		place++;
	}
	return value_of(place) / 1000;
}

/* ---- the summary ---- */

void fit_stats_add(struct fit_stats *stats, const struct fit_result *result,
		   const vn_placement *placement)
{
	stats->status[result->status]++;
	if (result->status == FIT_FITS) {
		count(&stats->feasible, result->cpu.median);
		stats->violations += result->violation.code != VN_OK;
		stats->unproven += !placement->proven;
	} else if (result->status == FIT_NO) {
		count(&stats->infeasible, result->cpu.median);
	}
}

static void write_times(const char *name, const struct fit_histogram *histogram, vn_text *to)
{
	if (!histogram->n)
		return;
	vn_text_addf(to, "%-12s %8llu %10.2f %10.2f %10.2f\n", name,
		     (unsigned long long)histogram->n, percentile(histogram, 50),
		     percentile(histogram, 99), (double)histogram->max_ns / 1000);
}

void fit_stats_write(const struct fit_stats *stats, vn_text *to)
{
	uint64_t all = 0;

	for (size_t i = 0; i < FIT_STATUS_COUNT; i++)
		all += stats->status[i];
	vn_text_addf(to, "%-12s %8llu\n", "cases", (unsigned long long)all);
	for (size_t i = 0; i < FIT_STATUS_COUNT; i++)
		if (stats->status[i])
			vn_text_addf(to, "  %-10s %8llu\n", fit_status_names[i],
				     (unsigned long long)stats->status[i]);
	vn_text_addf(to, "%-12s %8llu\n", "violations", (unsigned long long)stats->violations);
	if (stats->unproven)
		vn_text_addf(to, "%-12s %8llu\n", "not proven",
			     (unsigned long long)stats->unproven);
	if (!stats->feasible.n && !stats->infeasible.n)
		return;
	vn_text_addf(to, "\n%-12s %8s %10s %10s %10s\n", "CPU time, us", "cases", "median", "99 %",
		     "most");
	write_times("feasible", &stats->feasible, to);
	write_times("infeasible", &stats->infeasible, to);
}
