/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hexadecimal numbers and masks. */
#include "host/hex.h"

#include <string.h>

enum { WORD_DIGITS = 8, WORD_BITS = 32 };

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Up to `digits_max` digits; the number of digits, 0 for none. */
static int take_digits(const char **p, const char *end, int digits_max, uint32_t *ret)
{
	uint32_t value = 0;
	int digits = 0;

	for (; *p < end && digits < digits_max && digit_of(**p) >= 0; (*p)++, digits++)
		value = value * 16 + (uint32_t)digit_of(**p);
	*ret = value;
	return digits;
}

static void skip_prefix(const char **p, const char *end)
{
	if (end - *p > 2 && (*p)[0] == '0' && ((*p)[1] | 0x20) == 'x')
		*p += 2;
}

int vn_hex_parse(const char *text, size_t size, uint16_t *ret)
{
	const char *p = text, *end = text + size;
	uint32_t value;

	skip_prefix(&p, end);
	if (!take_digits(&p, end, 4, &value) || p != end)
		return VN_E_SYNTAX;
	*ret = (uint16_t)value;
	return VN_OK;
}

/* Each further word moves those before it up by 32 bits; a bit that leaves the set is out of range.
 */
static int parse_mask(const char *text, uint64_t *word, size_t words)
{
	const char *p = text, *end = text + strlen(text);
	uint32_t value;

	if (strstr(text, "..."))
		return VN_E_RANGE;
	memset(word, 0, words * sizeof(*word));
	for (;; p++) {
		skip_prefix(&p, end);
		if (!take_digits(&p, end, WORD_DIGITS, &value) && (p == text || p == end))
			return VN_E_SYNTAX; /* an empty word between others is 0 */
		if (word[words - 1] >> WORD_BITS)
			return VN_E_RANGE;
		for (size_t i = words - 1; i > 0; i--)
			word[i] = word[i] << WORD_BITS | word[i - 1] >> WORD_BITS;
		word[0] = word[0] << WORD_BITS | value;
		if (p == end)
			return VN_OK;
		if (*p != ',')
			return VN_E_SYNTAX;
	}
}

int vn_hex_parse_cpus(const char *text, vn_cpuset *ret)
{
	return parse_mask(text, ret->word, VN_CPUSET_WORDS);
}

int vn_hex_parse_nodes(const char *text, vn_nodeset *ret)
{
	return parse_mask(text, ret->word, VN_NODESET_WORDS);
}
