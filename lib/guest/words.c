/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The command line's few words: so many vCPUs, so much memory, KEY=VALUE specs and properties. */
#include <string.h>

#include "guest/spec.h"

static const char source[] = "command line";

static int split(const vn_draft *draft, const char *word, bool image, vn_spec_entry *ret,
		 vn_error *err)
{
	vn_arena *arena = draft->request->arena;
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return vn_draft_fail(draft, (vn_spot){ 0 }, err, VN_E_SYNTAX,
				     "'%.80s' is not an %s (legal: KEY=VALUE)", word,
				     image ? "image property" : "extra spec");
	*ret = (vn_spec_entry){ .key = vn_arena_strndup(arena, word, (size_t)(equals - word)),
				.value = vn_arena_strndup(arena, equals + 1, strlen(equals + 1)),
				.image = image };
	return ret->key && ret->value ? VN_OK : vn_draft_no_memory(err);
}

static int read_words(vn_draft *draft, const vn_request_words *words, vn_error *err)
{
	vn_request *request = draft->request;
	size_t count = words->n_specs + words->n_props;
	vn_spec_entry *entries;
	int r;

	request->source = source;
	if (words->name &&
	    !(request->name = vn_arena_strndup(request->arena, words->name, strlen(words->name))))
		return vn_draft_no_memory(err);
	if ((r = vn_draft_set_vcpus(draft, words->vcpus, err)) < 0 ||
	    (r = vn_draft_set_memory(draft, words->mem_kib, err)) < 0)
		return r;
	if (count > VN_SPECS_MAX)
		return vn_draft_fail(draft, (vn_spot){ 0 }, err, VN_E_RANGE,
				     "%zu specs and properties (legal: at most %d)", count,
				     VN_SPECS_MAX);
	entries = vn_arena_alloc(request->arena, count, sizeof(*entries));
	if (!entries)
		return vn_draft_no_memory(err);
	for (size_t i = 0; i < count; i++) {
		bool image = i >= words->n_specs;
		const char *word = image ? words->props[i - words->n_specs] : words->specs[i];

		if ((r = split(draft, word, image, &entries[i], err)) < 0)
			return r;
	}
	if ((r = vn_specs_apply(draft, entries, count, err)) < 0)
		return r;
	return vn_draft_finish(draft, err);
}

int vn_request_from_words(const vn_request_words *words, vn_request **ret, vn_error *err)
{
	VN_AUTO(vn_request)
	request = vn_request_new();
	vn_draft draft = { .request = request, .source = source };
	int r;

	if (!request)
		return vn_draft_no_memory(err);
	if ((r = read_words(&draft, words, err)) == VN_OK)
		*ret = VN_STEAL(request);
	return r;
}
