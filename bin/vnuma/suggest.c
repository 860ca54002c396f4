/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * "Did you mean": the closest name, counting letters added, lost, changed or swapped. */
#include "cli.h"

#include <string.h>

enum { WORD_MAX = 24, EDITS_MAX = 2 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance; words up to WORD_MAX letters. */
static size_t edits_between(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t edits[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++) {
		for (size_t j = 0; j <= b_len; j++) {
			if (!i || !j) {
				edits[i][j] = i + j;
				continue;
			}
			edits[i][j] = least(edits[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
					    least(edits[i - 1][j], edits[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				edits[i][j] = least(edits[i][j], edits[i - 2][j - 2] + 1);
		}
	}
	return edits[a_len][b_len];
}

void cli_suggest(struct cli_suggestion *suggestion, const char *word, const char *candidate)
{
	size_t word_len = strlen(word), candidate_len = strlen(candidate), edits;

	if (word_len > WORD_MAX || candidate_len > WORD_MAX)
		return;
	edits = edits_between(word, word_len, candidate, candidate_len);
	if (edits > EDITS_MAX || edits >= candidate_len ||
	    (suggestion->best && edits >= suggestion->edits))
		return;
	*suggestion = (struct cli_suggestion){ candidate, edits };
}
