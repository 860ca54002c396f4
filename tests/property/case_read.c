/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A case as a question: the library reads host and request; limits and config are read as `vnuma
 * fit` reads them. */
#include "case.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint32_t percent_of(const json_t *limits, const char *name, double absent)
{
	const json_t *ratio = json_object_get(limits, name);

	return (uint32_t)floor((ratio ? json_number_value(ratio) : absent) * 100 + 1e-6);
}

static vn_place_options options_of(const json_t *json)
{
	const json_t *limits = json_object_get(json, "limits");
	vn_place_options options = vn_place_defaults;

	options.size_by = VN_SIZE_BY_THREADS;
	options.cpu_ratio_percent = options.ram_ratio_percent = 0;
	if (json_is_object(limits) && json_object_size(limits)) {
		options.cpu_ratio_percent = percent_of(limits, "cpu_allocation_ratio", 16);
		options.ram_ratio_percent = percent_of(limits, "ram_allocation_ratio", 1.5);
	}
	if (json_is_true(json_object_get(json_object_get(json, "config"), "packing")))
		options.strategy = VN_STRATEGY_PACK;
	return options;
}

int case_read(const json_t *json, struct case_read *ret, vn_error *err)
{
	char *text = json_dumps(json, JSON_COMPACT);
	int r;

	*ret = (struct case_read){ .options = options_of(json) };
	if (!text)
		return vn_fail(err, VN_E_NOMEM, "no memory");
	if ((r = vn_host_parse("case.json", text, strlen(text), &ret->host, err)) == VN_OK)
		r = vn_request_parse_json("case.json", text, strlen(text), &ret->request, err);
	free(text);
	ret->q = (struct question){ ret->host, ret->request, &ret->options };
	return r;
}

void case_read_clear(struct case_read *read)
{
	vn_request_free(read->request);
	vn_host_free(read->host);
	*read = (struct case_read){ 0 };
}
