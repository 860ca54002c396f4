/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vnuma plan: reads a host and a guest, takes away what other guests use, places the guest, has the
 * placement checked by code that shares nothing with the search, and writes it. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A request has one source: a file, --json, or --vcpus with its companions. */
static int check_usage(const struct cli_values *v, const char *file, vn_error *err)
{
	bool words = v->vcpus || v->memory_kib || v->name || v->specs.n || v->props.n;
	size_t stdins = !strcmp(v->host, "-") + (file && !strcmp(file, "-")) +
			(v->json && !strcmp(v->json, "-"));

	for (size_t i = 0; i < v->with.n; i++)
		stdins += !strcmp(v->with.items[i], "-");
	if (!file && !v->json && !words)
		return cli_fail_usage(err, "no guest: give a domain XML file, --json FILE, or "
					   "--vcpus N --memory SIZE");
	if (file && v->json)
		return cli_fail_usage(err, "the guest is given twice: '%s' and --json '%s'", file,
				      v->json);
	if (words && (file || v->json))
		return cli_fail_usage(err,
				      "the guest is given twice: '%s' and --vcpus, --memory, "
				      "--name, --spec or --image-prop",
				      file ? file : v->json);
	if (words && (!v->vcpus || !v->memory_kib))
		return cli_fail_usage(err, "--vcpus and --memory go together: --%s is missing",
				      v->vcpus ? "memory" : "vcpus");
	if (stdins > 1)
		return cli_fail_usage(err, "standard input ('-') can be read once only");
	return VN_OK;
}

static int read_guest(const struct cli_values *v, const char *file, vn_request **ret, vn_error *err)
{
	vn_request_words words = {
		.name = v->name,
		.vcpus = v->vcpus,
		.mem_kib = v->memory_kib,
		.n_specs = v->specs.n,
		.specs = v->specs.items,
		.n_props = v->props.n,
		.props = v->props.items,
	};

	if (file)
		return cli_read_request(file, false, ret, err);
	if (v->json)
		return cli_read_request(v->json, true, ret, err);
	return vn_request_from_words(&words, ret, err);
}

/* One guest of --with: it takes its place, and is kept for later advice. */
static int take_other(vn_host *host, const char *file, const vn_place_options *options,
		      struct plan_others *others, struct cli_output *output, vn_error *err)
{
	vn_placement *placement = &others->placements[others->n];
	vn_request **request = &others->requests[others->n];
	int r = cli_read_request(file, false, request, err);

	if (r == VN_OK)
		r = cli_place(host, *request, options, placement, err);
	if (r == VN_OK) {
		vn_host_take(host, placement);
		others->names[others->n++] = (*request)->name ? (*request)->name : file;
		return VN_OK;
	}
	if (!err->source)
		err->source = file; /* say which of the guests it is about */
	cli_keep_source(output, err);
	vn_request_free(*request);
	return r;
}

/* The guests of --with take their places, in order. */
static int take_others(vn_host *host, const struct cli_texts *files, vn_place_options options,
		       struct plan_others *others, struct cli_output *output, vn_error *err)
{
	int r = VN_OK;

	if (!files->n)
		return VN_OK;
	options.explain = NULL;
	others->requests = calloc(files->n, sizeof(*others->requests));
	others->placements = calloc(files->n, sizeof(*others->placements));
	others->names = calloc(files->n, sizeof(*others->names));
	if (!others->requests || !others->placements || !others->names)
		return vn_fail(err, VN_E_NOMEM, "no memory for the guests of --with");
	for (size_t i = 0; i < files->n && r == VN_OK; i++)
		r = take_other(host, files->items[i], &options, others, output, err);
	return r;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

static int format_of(const struct cli_values *v, const vn_request *request)
{
	return v->format >= 0 ? v->format : request->xml ? CLI_FORMAT_XML : CLI_FORMAT_TABLE;
}

static int render(const vn_host *host, const vn_request *request, const vn_placement *placements,
		  uint32_t n, const struct cli_values *v, vn_text *to, vn_error *err)
{
	vn_style style = cli_style(STDOUT_FILENO, v->color);
	int r;

	switch (format_of(v, request)) {
	case CLI_FORMAT_XML: return vn_render_xml(host, request, placements, to, err);
	case CLI_FORMAT_QEMU: return vn_render_qemu(host, request, placements, to, err);
	case CLI_FORMAT_SVG: return vn_render_svg(host, request, placements, to, err);
	case CLI_FORMAT_JSON:
		return v->alternatives
			       ? vn_render_json_alternatives(host, request, placements, n, to, err)
			       : vn_render_json(host, request, placements, to, err);
	default: r = vn_render_table(host, request, placements, &style, to, err); break;
	}
	if (r == VN_OK && v->alternatives)
		r = vn_render_alternatives(host, placements, n, &style, to, err);
	return r;
}

static int check_alternatives(const struct cli_values *v, const vn_request *request, vn_error *err)
{
	int format = format_of(v, request);

	if (!v->alternatives || format == CLI_FORMAT_TABLE || format == CLI_FORMAT_JSON)
		return VN_OK;
	return cli_fail_usage(err,
			      "--alternatives shows in '--output table' and '--output json', "
			      "not in '%s'",
			      cli_format_names[format]);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

/* The placement, or the best of them: *n of them in `placements`. */
static int place_all(const vn_host *host, const vn_request *request, const struct cli_values *v,
		     const vn_place_options *options, vn_placement *placements, uint32_t *n,
		     vn_error *err)
{
	int r = cli_place(host, request, options, placements, err);

	*n = 1;
	if (r == VN_OK && v->alternatives > 1)
		r = vn_place_best(host, request, options, v->alternatives, placements, n, err);
	return r;
}

static int plan(const struct cli_values *v, const char *file, const vn_place_options *options,
		vn_placement *placements, struct plan_others *others, struct cli_output *output,
		vn_error *err)
{
	vn_style style = cli_style(STDERR_FILENO, v->color);
	VN_AUTO(vn_request)
	request = NULL;
	VN_AUTO(vn_host)
	host = NULL;
	uint32_t n = 0;
	int r;

	if ((r = read_guest(v, file, &request, err)) < 0 ||
	    (r = check_alternatives(v, request, err)) < 0 ||
	    (r = cli_read_host(v, request->name, output, &host, err)) < 0 ||
	    (r = take_others(host, &v->with, *options, others, output, err)) < 0)
		return r;
	r = place_all(host, request, v, options, placements, &n, err);
	if (r == VN_E_NOFIT || (r == VN_OK && options->explain))
		cli_note(host, request, options, r == VN_OK ? placements : NULL, others, &style,
			 &output->notes);
	if (r == VN_OK)
		r = render(host, request, placements, n, v, &output->answer, err);
	if (r < 0)
		cli_keep_source(output, err);
	return r;
}

int cmd_plan(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err)
{
	vn_place_options options = cli_place_options(values);
	struct plan_others others = { 0 };
	vn_placement *placements;
	int r = check_usage(values, operand, err);

	if (r < 0)
		return r;
	placements = calloc(values->alternatives ? values->alternatives : 1, sizeof(*placements));
	if (values->explain)
		options.explain = calloc(1, sizeof(*options.explain));
	if (placements && (options.explain || !values->explain))
		r = plan(values, operand, &options, placements, &others, output, err);
	else
		r = vn_fail(err, VN_E_NOMEM, "no memory for the placement");
	plan_others_clear(&others);
	free(options.explain);
	free(placements);
	return r;
}
