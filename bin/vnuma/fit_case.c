/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads one case of `vnuma fit`: its host and its request with the library's readers, its limits
 * and its config into the options of the fit. */
#include "fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const case_keys[] = { "case", "host", "request", "limits", "config" };
static const char *const config_keys[] = { "packing" };

/* The overcommit ratios of "limits", and what an absent one is. */
static const struct {
	const char *name;
	uint32_t fallback_percent;
	size_t offset;
} ratios[] = {
	{ "cpu_allocation_ratio", 1600, offsetof(vn_place_options, cpu_ratio_percent) },
	{ "ram_allocation_ratio", 150, offsetof(vn_place_options, ram_ratio_percent) },
};
enum { RATIO_MAX = 1000 }; /* as the command line's --cpu-ratio */

static int check_keys(const json_t *object, const char *what, const char *const *names, size_t n,
		      vn_error *err)
{
	char legal[200];
	const char *key;
	json_t *member;

	vn_names_list(names, n, legal, sizeof(legal));
	if (!json_is_object(object))
		return vn_fail(err, VN_E_SYNTAX, "%s: not an object (legal: an object of %s)", what,
			       legal);
	json_object_foreach((json_t *)object, key, member)
		if (vn_name_find(names, n, key) < 0)
			return vn_fail(err, VN_E_SYNTAX, "%s: '%.40s' is not known (legal: %s)",
				       what, key, legal);
	return VN_OK;
}

/* ---- limits and config ---- */

/* A ratio in whole percent, as the fit has it; digits beyond the second are dropped. */
static int read_ratio(const json_t *limits, size_t i, vn_place_options *to, vn_error *err)
{
	const json_t *value = json_object_get(limits, ratios[i].name);
	uint32_t *percent = (uint32_t *)((char *)to + ratios[i].offset);
	double ratio = json_number_value(value);

	if (!value || json_is_null(value)) {
		*percent = ratios[i].fallback_percent;
		return VN_OK;
	}
	if (!json_is_number(value) || !(ratio >= 0.01) || ratio > RATIO_MAX)
		return vn_fail(err, VN_E_RANGE, "limits.%s: not a ratio (legal: 0.01 to %d)",
			       ratios[i].name, RATIO_MAX);
	*percent = (uint32_t)floor(ratio * 100 + 1e-6);
	return VN_OK;
}

/* No limits at all, or an object; its networks are part of the request. */
static int read_limits(const json_t *limits, vn_place_options *to, vn_error *err)
{
	int r = VN_OK;

	to->cpu_ratio_percent = to->ram_ratio_percent = 0;
	if (!limits || json_is_null(limits) ||
	    (json_is_object(limits) && !json_object_size(limits)))
		return VN_OK;
	if (!json_is_object(limits))
		return vn_fail(err, VN_E_SYNTAX, "limits: not an object");
	for (size_t i = 0; i < VN_LEN(ratios) && r == VN_OK; i++)
		r = read_ratio(limits, i, to, err);
	return r;
}

static int read_config(const json_t *config, vn_place_options *to, vn_error *err)
{
	const json_t *packing = json_object_get(config, "packing");
	int r;

	if (!config || json_is_null(config))
		return VN_OK;
	if ((r = check_keys(config, "config", config_keys, VN_LEN(config_keys), err)) < 0)
		return r;
	if (packing && !json_is_boolean(packing))
		return vn_fail(err, VN_E_SYNTAX, "config.packing: true or false belongs here");
	to->strategy = json_is_true(packing) ? VN_STRATEGY_PACK : VN_STRATEGY_SPREAD;
	return VN_OK;
}

/* ---- the request ---- */

/* The request with the limits that belong to it, as a document of its own. */
static char *request_text(const json_t *root)
{
	json_t *part = json_object();
	json_t *limits = json_object_get(root, "limits");
	char *text = NULL;

	if (part && json_object_set(part, "request", json_object_get(root, "request")) == 0 &&
	    (!limits || json_object_set(part, "limits", limits) == 0))
		text = json_dumps(part, JSON_COMPACT);
	json_decref(part);
	return text;
}

static int parse_request(const char *text, uint32_t runs, struct fit_case *fit, vn_error *err)
{
	double usec[FIT_RUNS_MAX], start;
	int r = VN_OK;

	for (uint32_t i = 0; i < runs && r == VN_OK; i++) {
		vn_request_free(fit->request);
		fit->request = NULL;
		start = fit_now(CLOCK_THREAD_CPUTIME_ID);
		r = vn_request_parse_json("case", text, strlen(text), &fit->request, err);
		usec[i] = fit_now(CLOCK_THREAD_CPUTIME_ID) - start;
	}
	if (r == VN_OK)
		fit->parse_usec = fit_times_of(usec, runs).median;
	if (r < 0 && err->line) /* of the text above, which nobody sees */
		err->line = err->column = 0;
	return r;
}

/* The members of a CPUSET that the reader has accepted. */
static void add_numbers(const json_t *list, vn_cpuset *to)
{
	vn_cpuset set = { 0 };
	json_t *number;
	size_t i;

	if (json_is_string(list))
		(void)vn_cpuset_parse(vn_cursor_of_string(NULL, json_string_value(list)), &set,
				      NULL);
	json_array_foreach(list, i, number)
		vn_cpuset_add(&set, (unsigned)json_integer_value(number));
	vn_cpuset_or(to, &set);
}

json_t *fit_case_guest_cell(const struct fit_case *fit, uint32_t cell)
{
	const json_t *guest = json_object_get(json_object_get(fit->root, "request"), "guest");

	return json_array_get(json_object_get(guest, "cells"), cell);
}

/* The vCPUs' own numbers: those of the guest's cells, or 0 to n-1. */
static void number_vcpus(struct fit_case *fit)
{
	const json_t *cell;

	for (uint32_t i = 0; (cell = fit_case_guest_cell(fit, i)); i++) {
		add_numbers(json_object_get(cell, "cpus"), &fit->vcpu_numbers);
		add_numbers(json_object_get(cell, "pcpus"), &fit->vcpu_numbers);
	}
	if (vn_cpuset_is_empty(&fit->vcpu_numbers))
		vn_cpuset_add_range(&fit->vcpu_numbers, 0, fit->request->vcpus - 1);
}

static int read_request(uint32_t parse_runs, struct fit_case *fit, vn_error *err)
{
	char *text;
	int r;

	if (!json_object_get(fit->root, "request"))
		return vn_fail(err, VN_E_SYNTAX, "the field 'request' is missing");
	text = request_text(fit->root);
	if (!text)
		return vn_fail(err, VN_E_NOMEM, "no memory for the request");
	r = parse_request(text, parse_runs, fit, err);
	free(text);
	if (r == VN_OK)
		number_vcpus(fit);
	return r;
}

/* ---- the whole ---- */

/* Lines of the case are lines of the file, too. */
static void move_place(const struct fit_stream *stream, vn_error *err)
{
	err->source = err->line ? stream->source : NULL;
	if (!err->line)
		return;
	if (err->line == 1 && err->column)
		err->column += stream->item_at.column - 1;
	err->line += stream->item_at.line - 1;
}

static int load(const struct fit_stream *stream, struct fit_case *fit, vn_error *err)
{
	const vn_text *item = &stream->item;
	json_error_t why;
	json_t *name;
	int r;

	if (stream->too_large)
		return vn_fail(err, VN_E_INPUT,
			       "the case is larger than %d MiB, the most that is read",
			       VN_JSON_MAX >> 20);
	fit->root =
		json_loadb(item->bytes, item->len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	r = fit->root ? VN_OK
		      : vn_fail_line(err, VN_E_SYNTAX, NULL, (uint32_t)why.line,
				     (uint32_t)why.column, "JSON: %s", why.text);
	if (!fit->root) /* with a key twice it has a name all the same */
		fit->root = json_loadb(item->bytes, item->len, JSON_DECODE_ANY, &why);
	name = json_object_get(fit->root, "case");
	fit->name = json_string_value(name);
	if (r == VN_OK)
		r = check_keys(fit->root, "the case", case_keys, VN_LEN(case_keys), err);
	if (r == VN_OK && name && !fit->name)
		r = vn_fail(err, VN_E_SYNTAX, "case: a string belongs here");
	return r;
}

int fit_case_read(const struct fit_stream *stream, uint32_t parse_runs, struct fit_case *ret,
		  vn_error *err)
{
	int r;

	*ret = (struct fit_case){ .options = vn_place_defaults };
	ret->options.size_by = VN_SIZE_BY_THREADS;
	if ((r = load(stream, ret, err)) == VN_OK &&
	    (r = read_request(parse_runs, ret, err)) == VN_OK &&
	    (r = read_limits(json_object_get(ret->root, "limits"), &ret->options, err)) == VN_OK &&
	    (r = read_config(json_object_get(ret->root, "config"), &ret->options, err)) == VN_OK &&
	    json_object_get(ret->root, "host"))
		r = vn_host_parse("case", stream->item.bytes, stream->item.len, &ret->host, err);
	if (r < 0)
		move_place(stream, err);
	return r;
}

void fit_case_clear(struct fit_case *fit)
{
	vn_request_free(fit->request);
	vn_host_free(fit->host);
	json_decref(fit->root);
	*fit = (struct fit_case){ 0 };
}
