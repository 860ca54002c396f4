/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Means over episodes. The trimmed mean leaves out the lowest and the highest tenth, as SPANE does.
 * Sorted before they are summed, so that the sum does not depend on which episode ended first. */
#include "vnuma/sim.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sum(const double *values, size_t n)
{
	double total = 0;

	for (size_t i = 0; i < n; i++)
		total += values[i];
	return total;
}

vn_sim_mean vn_sim_mean_of(double *values, size_t n)
{
	vn_sim_mean of = { 0 };
	size_t cut = n / 10;
	double squares = 0;

	if (!n)
		return of;
	qsort(values, n, sizeof(*values), compare);
	of.mean = sum(values, n) / (double)n;
	of.trimmed = sum(values + cut, n - 2 * cut) / (double)(n - 2 * cut);
	for (size_t i = 0; i < n; i++)
		squares += (values[i] - of.mean) * (values[i] - of.mean);
	of.deviation = sqrt(squares / (double)n);
	of.least = values[0];
	of.most = values[n - 1];
	return of;
}
