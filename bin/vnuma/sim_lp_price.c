/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The dearest pattern of a host when each shape has a price: a knapsack over CPUs and memory of a
 * node. Guests of one cell fill a node; guests of two cells take as much from both nodes of a host,
 * so a host of two nodes is worth
 *     the best over (c, m) of twos(c, m) + ones(C0 - c, M0 - m) + ones(C1 - c, M1 - m). */
#include "sim_lp.h"

#include <stdlib.h>
#include <string.h>

enum { STATES_MAX = 1 << 18 };

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static uint32_t node_cpus(const vn_node *node)
{
	vn_cpuset cpus = vn_node_all_cpus(node);

	return vn_cpuset_count(&cpus);
}

/* ---- units ----------------------------------------------------------------------------------- */

static void choose_units(struct lp_prices *p, const struct lp_model *m)
{
	uint64_t most_cpus = 1, most_kib = 1;

	p->cpu_unit = p->mem_unit = 0;
	for (uint32_t f = 0; f < m->n_shapes; f++) {
		p->cpu_unit = gcd(m->shapes[f].vcpus / m->shapes[f].cells, p->cpu_unit);
		p->mem_unit = gcd(m->shapes[f].mem_kib / m->shapes[f].cells, p->mem_unit);
	}
	p->cpu_unit = p->cpu_unit ? p->cpu_unit : 1;
	p->mem_unit = p->mem_unit ? p->mem_unit : 1;
	for (uint32_t k = 0; k < m->n_kinds; k++) {
		p->use_parts |= m->kinds[k].host->n_nodes != 2;
		for (uint32_t i = 0; i < m->kinds[k].host->n_nodes; i++) {
			const vn_node *node = &m->kinds[k].host->nodes[i];

			most_cpus = node_cpus(node) > most_cpus ? node_cpus(node) : most_cpus;
			most_kib = node->mem_kib > most_kib ? node->mem_kib : most_kib;
		}
	}
	while ((most_cpus / p->cpu_unit + 1) * (most_kib / p->mem_unit + 1) > STATES_MAX)
		p->mem_unit *= 2;
	p->cpus = (uint32_t)(most_cpus / p->cpu_unit);
	p->mem = (uint32_t)(most_kib / p->mem_unit);
}

static bool open_table(struct lp_table *table, size_t states)
{
	table->value = calloc(states, sizeof(*table->value));
	table->step = calloc(states, sizeof(*table->step));
	return table->value && table->step;
}

static void close_table(struct lp_table *table)
{
	free(table->value);
	free(table->step);
}

int lp_prices_open(struct lp_prices *p, const struct lp_model *m, vn_error *err)
{
	size_t states;

	*p = (struct lp_prices){ 0 };
	choose_units(p, m);
	states = (size_t)(p->cpus + 1) * (p->mem + 1);
	p->cells = calloc(m->n_shapes, sizeof(*p->cells));
	p->pattern = calloc(m->n_shapes, sizeof(*p->pattern));
	if (!p->cells || !p->pattern || !open_table(&p->ones, states) ||
	    !open_table(&p->twos, states) || (p->use_parts && !open_table(&p->parts, states)))
		return vn_fail(err, VN_E_NOMEM, "no memory for the linear programme");
	for (uint32_t f = 0; f < m->n_shapes; f++) {
		const vn_trace_shape *shape = &m->shapes[f];

		p->cells[f].cpus = (uint32_t)(shape->vcpus / shape->cells / p->cpu_unit);
		p->cells[f].mem = (uint32_t)(shape->mem_kib / shape->cells / p->mem_unit);
	}
	return VN_OK;
}

void lp_prices_close(struct lp_prices *p)
{
	close_table(&p->ones);
	close_table(&p->twos);
	close_table(&p->parts);
	free(p->cells);
	free(p->pattern);
	*p = (struct lp_prices){ 0 };
}

/* ---- the knapsack ---------------------------------------------------------------------------- */

/* Which shapes a table is about, and what a cell of them is worth there. */
struct item {
	struct lp_cell cell;
	double value;
	int16_t shape;
};

static void fill_table(const struct lp_prices *p, const struct item *items, uint32_t n,
		       struct lp_table *table)
{
	size_t width = p->mem + 1;

	for (uint32_t c = 0; c <= p->cpus; c++) {
		for (uint32_t mem = 0; mem <= p->mem; mem++) {
			double *at = &table->value[c * width + mem], best = 0;
			int16_t step = LP_NOTHING;

			if (c && at[-(ptrdiff_t)width] > best) {
				best = at[-(ptrdiff_t)width];
				step = LP_LESS_CPU;
			}
			if (mem && at[-1] > best) {
				best = at[-1];
				step = LP_LESS_MEM;
			}
			for (uint32_t i = 0; i < n; i++) {
				const struct lp_cell *cell = &items[i].cell;
				double value;

				if (cell->cpus > c || cell->mem > mem)
					continue;
				value = items[i].value +
					at[-(ptrdiff_t)(cell->cpus * width + cell->mem)];
				if (value > best) {
					best = value;
					step = items[i].shape;
				}
			}
			*at = best;
			table->step[c * width + mem] = step;
		}
	}
}

/* cells 0: any. */
static uint32_t pick_items(const struct lp_prices *p, const struct lp_model *m, const double *y,
			   uint32_t cells, struct item *items)
{
	uint32_t n = 0;

	for (uint32_t f = 0; f < m->n_shapes; f++)
		if (y[f] > 0 && (!cells || m->shapes[f].cells == cells))
			items[n++] = (struct item){ p->cells[f],
						    cells ? y[f] : y[f] / m->shapes[f].cells,
						    (int16_t)f };
	return n;
}

void lp_prices_compute(struct lp_prices *p, const struct lp_model *m, const double *y)
{
	static _Thread_local struct item items[VN_TRACE_FLAVOURS_MAX];

	fill_table(p, items, pick_items(p, m, y, 1, items), &p->ones);
	fill_table(p, items, pick_items(p, m, y, 2, items), &p->twos);
	if (p->use_parts)
		fill_table(p, items, pick_items(p, m, y, 0, items), &p->parts);
}

/* ---- hosts ----------------------------------------------------------------------------------- */

static struct lp_cell room(const struct lp_prices *p, const vn_node *node)
{
	return (struct lp_cell){ (uint32_t)(node_cpus(node) / p->cpu_unit),
				 (uint32_t)(node->mem_kib / p->mem_unit) };
}

static double value_at(const struct lp_prices *p, const struct lp_table *table, uint32_t cpus,
		       uint32_t mem)
{
	return table->value[(size_t)cpus * (p->mem + 1) + mem];
}

/* The best split of a host of two nodes. */
static double best_split(const struct lp_prices *p, const vn_host *host, struct lp_cell *ret)
{
	struct lp_cell a = room(p, &host->nodes[0]), b = room(p, &host->nodes[1]);
	uint32_t cpus = a.cpus < b.cpus ? a.cpus : b.cpus, mem = a.mem < b.mem ? a.mem : b.mem;
	double best = -1;

	for (uint32_t c = 0; c <= cpus; c++)
		for (uint32_t g = 0; g <= mem; g++) {
			double value = value_at(p, &p->twos, c, g) +
				       value_at(p, &p->ones, a.cpus - c, a.mem - g) +
				       value_at(p, &p->ones, b.cpus - c, b.mem - g);

			if (value > best) {
				best = value;
				*ret = (struct lp_cell){ c, g };
			}
		}
	return best;
}

double lp_prices_value(const struct lp_prices *p, const struct lp_model *m, uint32_t kind)
{
	const vn_host *host = m->kinds[kind].host;
	struct lp_cell split, at;
	double sum = 0;

	if (host->n_nodes == 2)
		return best_split(p, host, &split);
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		at = room(p, &host->nodes[i]);
		sum += value_at(p, &p->parts, at.cpus, at.mem);
	}
	return sum;
}

/* Follow the steps of a table from a state down to nothing. */
static void collect(const struct lp_prices *p, const struct lp_model *m,
		    const struct lp_table *table, struct lp_cell at, bool parts, double *ret)
{
	for (;;) {
		int16_t step = table->step[(size_t)at.cpus * (p->mem + 1) + at.mem];

		if (step == LP_NOTHING)
			return;
		if (step == LP_LESS_CPU) {
			at.cpus--;
		} else if (step == LP_LESS_MEM) {
			at.mem--;
		} else {
			ret[step] += parts ? 1.0 / m->shapes[step].cells : 1;
			at.cpus -= p->cells[step].cpus;
			at.mem -= p->cells[step].mem;
		}
	}
}

void lp_prices_pattern(const struct lp_prices *p, const struct lp_model *m, uint32_t kind,
		       double *ret)
{
	const vn_host *host = m->kinds[kind].host;
	struct lp_cell split = { 0 };

	memset(ret, 0, m->n_shapes * sizeof(*ret));
	if (host->n_nodes != 2) {
		for (uint32_t i = 0; i < host->n_nodes; i++)
			collect(p, m, &p->parts, room(p, &host->nodes[i]), true, ret);
		return;
	}
	best_split(p, host, &split);
	collect(p, m, &p->twos, split, false, ret);
	for (uint32_t i = 0; i < 2; i++) {
		struct lp_cell at = room(p, &host->nodes[i]);

		at.cpus -= split.cpus;
		at.mem -= split.mem;
		collect(p, m, &p->ones, at, false, ret);
	}
}
