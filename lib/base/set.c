/* SPDX-License-Identifier: LGPL-2.1-or-later
 * CPU and node sets. One implementation over 64-bit words; two typed faces. */
#include "vnuma/base.h"

#include <stdio.h>
#include <string.h>

/* ---- words ---- */

/* The bits of `word` that the range first..last covers. */
static uint64_t range_mask(unsigned word, unsigned first, unsigned last)
{
	uint64_t mask = UINT64_MAX;

	if (word == first / 64)
		mask &= UINT64_MAX << first % 64;
	if (word == last / 64)
		mask &= UINT64_MAX >> (63 - last % 64);
	return mask;
}

static void words_add_range(uint64_t *word, unsigned first, unsigned last)
{
	for (unsigned i = first / 64; i <= last / 64; i++)
		word[i] |= range_mask(i, first, last);
}

static void words_del_range(uint64_t *word, unsigned first, unsigned last)
{
	for (unsigned i = first / 64; i <= last / 64; i++)
		word[i] &= ~range_mask(i, first, last);
}

static int words_next(const uint64_t *word, unsigned words, int prev)
{
	unsigned from = (unsigned)(prev + 1);

	if (from >= words * 64)
		return -1;
	unsigned i = from / 64;
	uint64_t rest = word[i] >> from % 64 << from % 64;

	while (!rest)
		if (++i == words)
			return -1;
		else
			rest = word[i];
	return (int)(i * 64 + (unsigned)__builtin_ctzll(rest));
}

static unsigned words_count(const uint64_t *word, unsigned words)
{
	unsigned count = 0;

	for (unsigned i = 0; i < words; i++)
		if (word[i]) /* most words of most sets are empty */
			count += (unsigned)__builtin_popcountll(word[i]);
	return count;
}

/* In blocks, so that the compiler can take several words at once. */
static bool words_are_empty(const uint64_t *word, unsigned words)
{
	enum { BLOCK = 16 };

	for (unsigned i = 0; i < words; i += BLOCK) {
		uint64_t any = 0;

		for (unsigned k = 0; k < BLOCK; k++)
			any |= word[i + k];
		if (any)
			return false;
	}
	return true;
}

static bool words_contain(const uint64_t *word, const uint64_t *part, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (part[i] & ~word[i])
			return false;
	return true;
}

static bool words_overlap(const uint64_t *a, const uint64_t *b, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		if (a[i] & b[i])
			return true;
	return false;
}

/* One item: "N", "N-M" or "^N". Blanks around it are allowed. */
static int words_take_item(vn_cursor *in, unsigned max, uint64_t *word, vn_error *err)
{
	uint64_t first, last;
	vn_cursor item;
	bool without;
	int r;

	vn_take_space(in);
	without = vn_take_byte(in, '^');
	item = *in;
	if ((r = vn_take_uint(in, max, &first, err)) < 0)
		return r;
	last = first;
	if (vn_take_byte(in, '-') && (r = vn_take_uint(in, max, &last, err)) < 0)
		return r;
	if (last < first)
		return vn_fail_at(err, &item, VN_E_RANGE, "range %llu-%llu runs backwards",
				  (unsigned long long)first, (unsigned long long)last);
	(without ? words_del_range : words_add_range)(word, (unsigned)first, (unsigned)last);
	vn_take_space(in);
	return VN_OK;
}

static int words_parse(vn_cursor in, unsigned max, uint64_t *word, vn_error *err)
{
	int r;

	vn_take_space(&in);
	if (in.p == in.end)
		return VN_OK;
	do {
		if ((r = words_take_item(&in, max, word, err)) < 0)
			return r;
	} while (vn_take_byte(&in, ','));
	if (in.p != in.end)
		return vn_fail_at(err, &in, VN_E_SYNTAX,
				  "'%c' stands where a comma or the end belongs", *in.p);
	return VN_OK;
}

static size_t words_format(const uint64_t *word, unsigned words, char *to, size_t size)
{
	size_t used = 0;

	if (size)
		*to = '\0';
	for (int first = words_next(word, words, -1), last; first >= 0;
	     first = words_next(word, words, last)) {
		char *at = used < size ? to + used : NULL;
		size_t room = used < size ? size - used : 0;
		int next = first;

		do {
			last = next;
			next = words_next(word, words, last);
		} while (next == last + 1);
		const char *comma = used ? "," : "";

		used += (size_t)(last > first ? snprintf(at, room, "%s%d-%d", comma, first, last)
					      : snprintf(at, room, "%s%d", comma, first));
	}
	return used;
}

/* ---- the two faces ---- */

#define SET_FUNCTIONS(name, words, max)                                                            \
	int name##_parse(vn_cursor in, name *ret, vn_error *err)                                   \
	{                                                                                          \
		name set = { 0 };                                                                  \
		int r = words_parse(in, (max)-1, set.word, err);                                   \
                                                                                                   \
		if (r == VN_OK)                                                                    \
			*ret = set;                                                                \
		return r;                                                                          \
	}                                                                                          \
	size_t name##_format(const name *set, char *to, size_t size)                               \
	{                                                                                          \
		return words_format(set->word, words, to, size);                                   \
	}                                                                                          \
	int name##_next(const name *set, int prev)                                                 \
	{                                                                                          \
		return words_next(set->word, words, prev);                                         \
	}                                                                                          \
	unsigned name##_count(const name *set)                                                     \
	{                                                                                          \
		return words_count(set->word, words);                                              \
	}                                                                                          \
	bool name##_is_empty(const name *set)                                                      \
	{                                                                                          \
		return words_are_empty(set->word, words);                                          \
	}                                                                                          \
	bool name##_equal(const name *a, const name *b)                                            \
	{                                                                                          \
		return !memcmp(a, b, sizeof(*a));                                                  \
	}                                                                                          \
	bool name##_contains(const name *set, const name *part)                                    \
	{                                                                                          \
		return words_contain(set->word, part->word, words);                                \
	}                                                                                          \
	bool name##_overlaps(const name *a, const name *b)                                         \
	{                                                                                          \
		return words_overlap(a->word, b->word, words);                                     \
	}                                                                                          \
	void name##_or(name *set, const name *with)                                                \
	{                                                                                          \
		for (unsigned i = 0; i < (words); i++)                                             \
			set->word[i] |= with->word[i];                                             \
	}                                                                                          \
	void name##_and(name *set, const name *with)                                               \
	{                                                                                          \
		for (unsigned i = 0; i < (words); i++)                                             \
			set->word[i] &= with->word[i];                                             \
	}                                                                                          \
	void name##_minus(name *set, const name *without)                                          \
	{                                                                                          \
		for (unsigned i = 0; i < (words); i++)                                             \
			set->word[i] &= ~without->word[i];                                         \
	}

SET_FUNCTIONS(vn_cpuset, VN_CPUSET_WORDS, VN_CPU_MAX)
SET_FUNCTIONS(vn_nodeset, VN_NODESET_WORDS, VN_NODE_MAX)

void vn_cpuset_add_range(vn_cpuset *set, unsigned first, unsigned last)
{
	assert(last < VN_CPU_MAX);
	words_add_range(set->word, first, last);
}
