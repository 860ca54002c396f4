/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Places one case of `vnuma fit`, has the placement checked, and takes the time. Only vn_place is
 * timed: in CPU time of this thread, which other programs do not change, and by the clock. */
#include "fit.h"

#include <stdlib.h>
#include <time.h>

enum { USEC_PER_SEC = 1000000, RUNS_USEC_MAX = USEC_PER_SEC / 2 };

const char *const fit_status_names[FIT_STATUS_COUNT] = {
	[FIT_FITS] = "fit",	 [FIT_NO] = "nofit",	[FIT_NO_NUMA] = "no_numa",
	[FIT_PARSED] = "parsed", [FIT_ERROR] = "error", [FIT_TIMEOUT] = "timeout",
};

double fit_now(int clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (double)now.tv_sec * USEC_PER_SEC + (double)now.tv_nsec / 1000;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct fit_times fit_times_of(double *usec, uint32_t n)
{
	struct fit_times times = { .n = n };

	if (!n)
		return times;
	qsort(usec, n, sizeof(*usec), compare_doubles);
	for (uint32_t i = 0; i < n; i++)
		times.mean += usec[i] / n;
	times.min = usec[0];
	times.median = (usec[(n - 1) / 2] + usec[n / 2]) / 2;
	return times;
}

static enum fit_status status_of(int r)
{
	switch (r) {
	case VN_OK: return FIT_FITS;
	case VN_E_NOFIT: return FIT_NO;
	case VN_E_SYSTEM: return FIT_TIMEOUT; /* vn_place's word for a budget that has ended */
	default: return FIT_ERROR;
	}
}

/* How many fits to put between two looks at the clock, which takes about as long as a fit. */
static uint32_t fits_per_look(const struct fit_case *fit, vn_placement *placement, vn_error *err)
{
	enum { MOST = 16, LOOKS_USEC = 100 };
	double start;

	vn_place(fit->host, fit->request, &fit->options, placement, err); /* warms caches */
	start = fit_now(CLOCK_MONOTONIC);
	vn_place(fit->host, fit->request, &fit->options, placement, err);
	return fit_now(CLOCK_MONOTONIC) - start < LOOKS_USEC ? MOST : 1;
}

void fit_run(const struct fit_case *fit, bool often, vn_placement *placement,
	     struct fit_result *ret)
{
	double wall[FIT_RUNS_MAX], cpu[FIT_RUNS_MAX], spent = 0;
	uint32_t n = 0, runs = often ? FIT_RUNS_MAX : 1, fits = 1;
	int r = VN_OK;

	*ret = (struct fit_result){ 0 };
	if (!fit->request->numa_wanted || !fit->host) {
		ret->status = fit->request->numa_wanted ? FIT_PARSED : FIT_NO_NUMA;
		return;
	}
	if (often)
		fits = fits_per_look(fit, placement, &ret->err);
	while (n < runs && spent < RUNS_USEC_MAX) {
		double wall_start = fit_now(CLOCK_MONOTONIC);
		double cpu_start = fit_now(CLOCK_THREAD_CPUTIME_ID);

		for (uint32_t i = 0; i < fits; i++)
			r = vn_place(fit->host, fit->request, &fit->options, placement, &ret->err);
		cpu[n] = (fit_now(CLOCK_THREAD_CPUTIME_ID) - cpu_start) / fits;
		wall[n] = (fit_now(CLOCK_MONOTONIC) - wall_start) / fits;
		spent += fits * wall[n++];
	}
	ret->status = status_of(r);
	ret->wall = fit_times_of(wall, n);
	ret->cpu = fit_times_of(cpu, n);
	if (r == VN_OK && vn_placement_check(fit->host, fit->request, &fit->options, placement,
					     &ret->violation) == VN_OK)
		ret->violation.code = VN_OK;
}
