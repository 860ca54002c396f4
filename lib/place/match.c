/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Can every cell have a node of its own? Kuhn's algorithm on the table cell kind x node: it decides
 * "8 cells, and only 7 nodes hold one" in polynomial time, and it keeps the search out of branches
 * where the cells to come have no nodes left. */
#include "place/match.h"

#include <string.h>

struct matching {
	const struct match_table *t;
	uint64_t seen[VN_NODESET_WORDS];
	uint64_t owned[VN_NODESET_WORDS]; /* candidates that a cell has */
	uint8_t cell_of[VN_NODE_MAX];	  /* [candidate] which one, where owned */
};

static bool match_cell(struct matching *m, uint32_t cell)
{
	const uint64_t *can = m->t->can[m->t->kind_at[cell]];

	for (uint32_t i = 0; i < m->t->words; i++) {
		uint64_t rest;

		while ((rest = can[i] & ~m->t->used[i] & ~m->seen[i])) {
			uint32_t bit = (uint32_t)__builtin_ctzll(rest), x = i * 64 + bit;

			m->seen[i] |= UINT64_C(1) << bit;
			if (!(m->owned[i] >> bit & 1) || match_cell(m, m->cell_of[x])) {
				m->owned[i] |= UINT64_C(1) << bit;
				m->cell_of[x] = (uint8_t)cell;
				return true;
			}
		}
	}
	return false;
}

bool match_cells(const struct match_table *t, uint32_t from)
{
	struct matching m;

	m.t = t;
	memset(m.owned, 0, t->words * sizeof(*m.owned));
	for (uint32_t at = from; at < t->n; at++) {
		memset(m.seen, 0, t->words * sizeof(*m.seen));
		if (!match_cell(&m, at))
			return false;
	}
	return true;
}
