/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One extra spec against the table: is there such a name, is the value legal, what does it say. */
#include "guest/spec.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- names ---- */

/* "hw:numa_cpus.7" against "hw:numa_cpus.N", or the same name. */
static bool name_matches(const char *pattern, const char *key, uint32_t *cell)
{
	size_t size = strlen(pattern);
	uint64_t number;

	*cell = 0;
	if (size < 2 || strcmp(pattern + size - 2, ".N") != 0)
		return !strcmp(pattern, key);
	if (strncmp(pattern, key, size - 1) != 0)
		return false;
	if (vn_uint_parse(vn_cursor_of_string(NULL, key + size - 1), VN_CELL_MAX - 1, &number,
			  NULL) < 0)
		return false;
	*cell = (uint32_t)number;
	return true;
}

const vn_spec *vn_spec_find(const char *key, bool image, uint32_t *cell)
{
	for (size_t i = 0; i < vn_n_specs; i++) {
		const char *pattern = image ? vn_specs[i].image : vn_specs[i].flavor;

		if (pattern && name_matches(pattern, key, cell))
			return &vn_specs[i];
	}
	return NULL;
}

bool vn_spec_is_image(const char *key)
{
	uint32_t cell;

	return !vn_spec_find(key, false, &cell) &&
	       (vn_spec_find(key, true, &cell) || !strncmp(key, "hw_", 3));
}

bool vn_spec_is_foreign(const char *key, bool image)
{
	/* images carry much that is about disks, firmware and drivers */
	static const char *const ours[] = { "hw_numa", "hw_cpu",      "hw_mem",
					    "hw_pci",  "hw_emulator", "hw_locked" };

	if (!image)
		return strchr(key, ':') && strncmp(key, "hw:", 3) != 0;
	for (size_t i = 0; i < VN_LEN(ours); i++)
		if (!strncmp(key, ours[i], strlen(ours[i])))
			return false;
	return true;
}

/* ---- values ---- */

static int fail_value(const vn_draft *draft, const vn_spec *spec, const vn_spec_entry *entry,
		      vn_error *err)
{
	vn_draft_fail(draft, entry->spot, err, VN_E_RANGE, "%.60s is '%.60s' (legal: %s)",
		      entry->key, entry->value, spec->legal);
	if (err)
		err->name = spec->error;
	return VN_E_RANGE;
}

static bool take_bool(const char *text, uint64_t *ret)
{
	static const char *const words[][6] = {
		{ "0", "f", "false", "off", "n", "no" },
		{ "1", "t", "true", "on", "y", "yes" },
	};

	for (uint64_t value = 0; value < VN_LEN(words); value++)
		for (size_t i = 0; i < VN_LEN(words[value]); i++)
			if (!strcasecmp(text, words[value][i])) {
				*ret = value;
				return true;
			}
	return false;
}

/* Nova allows blanks around the '-' of a range. */
static void close_ranges(const char *list, vn_text *to)
{
	for (const char *p = list; *p; p++) {
		const char *next = p + strspn(p, " ");

		if (*p != ' ' || (*next != '-' && (!to->len || to->bytes[to->len - 1] != '-')))
			vn_text_add_bytes(to, p, 1);
	}
}

/* Nova takes "^" items away wherever they stand: they are moved to the end. */
static bool take_cpus(const char *text, const vn_draft *draft, vn_cpuset *ret)
{
	VN_AUTO_TEXT ordered = VN_TEXT_INIT;
	VN_AUTO_TEXT closed = VN_TEXT_INIT;
	const char *list;
	vn_cursor start;

	close_ranges(text, &closed);
	if (closed.failed || !closed.len)
		return false;
	list = closed.bytes;
	start = vn_cursor_of_string(NULL, list);

	if (vn_cpuset_parse(start, ret, NULL) < 0)
		return false;
	vn_take_space(&start);
	if (vn_take_byte(&start, '^')) /* all of them, without ... */
		vn_text_addf(&ordered, "0-%u", draft->request->vcpus - 1);
	for (int without = 0; without <= 1; without++)
		for (const char *item = list, *end; *item; item = *end ? end + 1 : end) {
			end = item + strcspn(item, ",");
			if ((memchr(item, '^', (size_t)(end - item)) != NULL) != without)
				continue;
			vn_text_add(&ordered, ordered.len ? "," : "");
			vn_text_add_bytes(&ordered, item, (size_t)(end - item));
		}
	return vn_text_done(&ordered, NULL) == VN_OK && ordered.len &&
	       vn_cpuset_parse(vn_cursor_of_string(NULL, ordered.bytes), ret, NULL) == VN_OK;
}

/* oslo's string_to_bytes: "2MB", "2MiB", "2Mbit" (bits), always powers of 1024. */
static bool take_bytes(vn_cursor in, uint64_t *ret_kib)
{
	static const char letters[] = "KMGT";
	static const struct {
		const char *name;
		uint64_t divisor;
	} suffixes[] = {
		{ "B", 1 },
		{ "b", 8 },
		{ "bit", 8 },
	};
	const char *letter;
	uint64_t value, scale = 1;

	if (vn_take_uint(&in, UINT64_MAX, &value, NULL) < 0)
		return false;
	if (in.p < in.end && (letter = strchr(letters, *in.p)) && *letter) {
		scale = UINT64_C(1) << 10 * (letter - letters + 1);
		in.p++;
		vn_take_byte(&in, 'i');
	}
	for (size_t i = 0; i < VN_LEN(suffixes); i++)
		if ((size_t)(in.end - in.p) == strlen(suffixes[i].name) &&
		    !memcmp(in.p, suffixes[i].name, strlen(suffixes[i].name)) &&
		    !__builtin_mul_overflow(value, scale, ret_kib)) {
			*ret_kib = *ret_kib / suffixes[i].divisor / 1024;
			return true;
		}
	return false;
}

static bool take_page_size(const char *text, vn_spec_value *ret)
{
	static const struct {
		const char *name;
		enum vn_page_want want;
	} words[] = {
		{ "small", VN_PAGES_SMALL },
		{ "large", VN_PAGES_LARGE },
		{ "any", VN_PAGES_ANY },
	};
	vn_cursor in = vn_cursor_of_string(NULL, text);

	for (size_t i = 0; i < VN_LEN(words); i++)
		if (!strcmp(text, words[i].name)) {
			ret->want = words[i].want;
			return true;
		}
	ret->want = VN_PAGES_SIZE;
	if (vn_uint_parse(in, UINT64_MAX, &ret->number, NULL) < 0 && !take_bytes(in, &ret->number))
		return false;
	return ret->number && ret->number <= VN_GUEST_MEM_MAX_KIB;
}

static bool take_choice(const vn_spec *spec, const char *text, uint64_t *ret)
{
	for (*ret = 0; spec->choices[*ret]; ++*ret)
		if (!strcmp(spec->choices[*ret], text))
			return true;
	return false;
}

static bool take_int(const vn_spec *spec, const char *text, uint64_t *ret)
{
	return vn_uint_parse(vn_cursor_of_string(NULL, text), spec->max, ret, NULL) == VN_OK &&
	       *ret >= spec->min;
}

int vn_spec_parse(const vn_draft *draft, const vn_spec *spec, const vn_spec_entry *entry,
		  vn_spec_value *ret, vn_error *err)
{
	bool good = false;

	*ret = (vn_spec_value){ 0 };
	switch (spec->type) {
	case VN_SPEC_INT: good = take_int(spec, entry->value, &ret->number); break;
	case VN_SPEC_BOOL: good = take_bool(entry->value, &ret->number); break;
	case VN_SPEC_CHOICE: good = take_choice(spec, entry->value, &ret->number); break;
	case VN_SPEC_CPUS: good = take_cpus(entry->value, draft, &ret->cpus); break;
	case VN_SPEC_PAGE_SIZE: good = take_page_size(entry->value, ret); break;
	case VN_SPEC_TEXT: good = *entry->value; break;
	}
	return good ? VN_OK : fail_value(draft, spec, entry, err);
}

int vn_spec_fail(const vn_draft *draft, const vn_spec_entry *entry, const char *name, vn_error *err,
		 const char *format, ...)
{
	vn_spot spot = entry ? entry->spot : (vn_spot){ 0 };
	char text[sizeof(err->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	vn_draft_fail(draft, spot, err, VN_E_CONFLICT, "%s", text);
	if (err)
		err->name = name;
	return VN_E_CONFLICT;
}
