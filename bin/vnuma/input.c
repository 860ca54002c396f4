/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading what a command names: a host, a request. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

static bool is_uri(const char *source)
{
	return strncmp(source, "synthetic:", 10) && strstr(source, "://");
}

static int read_connected(const char *uri, const char *except, struct cli_output *output,
			  vn_host **ret, vn_error *err)
{
	VN_AUTO(vn_running) running = NULL;
	VN_AUTO(vn_virt) virt = NULL;
	int r = vn_virt_open(uri, VN_VIRT_READ, &virt, err);

	if (r == VN_OK)
		r = cli_read_running(virt, VN_VIRT_RUNNING, &running, err);
	if (r < 0) {
		cli_keep_source(output, err);
		return r;
	}
	vn_running_account(running, except ? cli_find_guest(running, except) : NULL);
	*ret = VN_STEAL(running->host);
	return VN_OK;
}

static int read_any_host(const struct cli_values *values, const char *except,
			 struct cli_output *output, vn_host **ret, vn_error *err)
{
	bool live = !strcmp(values->host, "live");

	if (values->connect && !live)
		return cli_fail_usage(err,
				      "the host is given twice: --host '%s' and --connect '%s'",
				      values->host, values->connect);
	if (values->connect)
		return read_connected(values->connect, except, output, ret, err);
	if (is_uri(values->host))
		return read_connected(values->host, except, output, ret, err);
	return vn_host_read(values->host, ret, err);
}

/* The distances of --distances in place of the host's own. */
static int use_distances(const char *path, vn_host *host, vn_error *err)
{
	VN_AUTO(vn_measurement) measured = NULL;
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	int r = vn_file_read(path, VN_JSON_MAX, &text, err);

	if (r == VN_OK)
		r = vn_measurement_parse(path, text.bytes, text.len, &measured, err);
	return r == VN_OK ? vn_host_use_measured(host, measured, path, err) : r;
}

int cli_read_host(const struct cli_values *values, const char *except, struct cli_output *output,
		  vn_host **ret, vn_error *err)
{
	VN_AUTO(vn_host) host = NULL;
	int r = read_any_host(values, except, output, &host, err);

	if (r == VN_OK && values->distances)
		r = use_distances(values->distances, host, err);
	if (r == VN_OK)
		*ret = VN_STEAL(host);
	return r;
}

int cli_read_request(const char *path, bool json, vn_request **ret, vn_error *err)
{
	const char *source = strcmp(path, "-") ? path : "stdin";
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	int r = vn_file_read(path, json ? VN_JSON_MAX : VN_XML_MAX, &text, err);

	if (r < 0)
		return r;
	if (json || (text.len && text.bytes[strspn(text.bytes, " \t\r\n")] == '{'))
		return vn_request_parse_json(source, text.bytes, text.len, ret, err);
	return vn_request_parse_xml(source, text.bytes, text.len, ret, err);
}

void cli_keep_source(struct cli_output *output, vn_error *err)
{
	if (!err->source || err->source == output->source)
		return;
	snprintf(output->source, sizeof(output->source), "%s", err->source);
	err->source = output->source;
}
