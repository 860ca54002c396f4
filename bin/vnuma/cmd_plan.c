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

/* Place and check. A placement that breaks a rule is our bug, not the caller's. */
static int place(const vn_host *host, const vn_request *request, const vn_place_options *options,
		 vn_placement *placement, vn_error *err)
{
	vn_error broken = { 0 };
	int r = vn_place(host, request, options, placement, err);

	if (r < 0)
		return r;
	if (vn_placement_check(host, request, options, placement, &broken) < 0)
		return vn_fail(err, VN_E_SYSTEM,
			       "a bug in vnuma: its own check refuses the "
			       "placement: %s",
			       broken.text);
	return VN_OK;
}

static int take_other(vn_host *host, const char *file, const vn_place_options *options,
		      vn_placement *placement, struct cli_output *output, vn_error *err)
{
	VN_AUTO(vn_request)
	other = NULL;
	int r = cli_read_request(file, false, &other, err);

	if (r == VN_OK)
		r = place(host, other, options, placement, err);
	if (r == VN_OK) {
		vn_host_take(host, placement);
		return VN_OK;
	}
	if (!err->source)
		err->source = file; /* say which of the guests it is about */
	cli_keep_source(output, err);
	return r;
}

/* The guests of --with take their places, in order. */
static int take_others(vn_host *host, const struct cli_texts *files, vn_place_options options,
		       vn_placement *placement, struct cli_output *output, vn_error *err)
{
	int r = VN_OK;

	options.explain = NULL;
	for (size_t i = 0; i < files->n && r == VN_OK; i++)
		r = take_other(host, files->items[i], &options, placement, output, err);
	return r;
}

static int render(const vn_host *host, const vn_request *request, const vn_placement *placement,
		  const struct cli_values *v, vn_text *to, vn_error *err)
{
	vn_style style = cli_style(STDOUT_FILENO, v->color);
	int format = v->format >= 0 ? v->format : request->xml ? CLI_FORMAT_XML : CLI_FORMAT_TABLE;

	switch (format) {
	case CLI_FORMAT_XML: return vn_render_xml(host, request, placement, to, err);
	case CLI_FORMAT_QEMU: return vn_render_qemu(host, request, placement, to, err);
	case CLI_FORMAT_JSON: return vn_render_json(host, request, placement, to, err);
	case CLI_FORMAT_SVG: return vn_render_svg(host, request, placement, to, err);
	default: return vn_render_table(host, request, placement, &style, to, err);
	}
}

static int plan(const struct cli_values *v, const char *file, const vn_place_options *options,
		vn_placement *placement, struct cli_output *output, vn_error *err)
{
	vn_style style = cli_style(STDERR_FILENO, v->color);
	VN_AUTO(vn_request)
	request = NULL;
	VN_AUTO(vn_host)
	host = NULL;
	int r;

	if ((r = read_guest(v, file, &request, err)) < 0 ||
	    (r = cli_read_host(v->host, &host, err)) < 0 ||
	    (r = take_others(host, &v->with, *options, placement, output, err)) < 0)
		return r;
	r = place(host, request, options, placement, err);
	if (options->explain && (r == VN_OK || r == VN_E_NOFIT))
		vn_render_explain(host, request, r == VN_OK ? placement : NULL, options->explain,
				  &style, &output->notes, NULL);
	if (r == VN_OK)
		r = render(host, request, placement, v, &output->answer, err);
	if (r < 0)
		cli_keep_source(output, err);
	return r;
}

int cmd_plan(const struct cli_values *values, const char *operand, struct cli_output *output,
	     vn_error *err)
{
	vn_place_options options = vn_place_defaults;
	vn_placement *placement;
	int r = check_usage(values, operand, err);

	if (r < 0)
		return r;
	options.strategy = (enum vn_strategy)values->strategy;
	options.size_by = (enum vn_size_by)values->size_by;
	options.cpu_ratio_percent = values->cpu_ratio_percent;
	options.ram_ratio_percent = values->ram_ratio_percent;
	options.reserve_kib = values->reserve_kib;
	placement = calloc(1, sizeof(*placement));
	if (values->explain)
		options.explain = calloc(1, sizeof(*options.explain));
	if (placement && (options.explain || !values->explain))
		r = plan(values, operand, &options, placement, output, err);
	else
		r = vn_fail(err, VN_E_NOMEM, "no memory for the placement");
	free(options.explain);
	free(placement);
	return r;
}
