/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading what a command names: a host, a request. */
#include "cli.h"

#include <stdio.h>
#include <string.h>

int cli_read_host(const char *source, vn_host **ret, vn_error *err)
{
	if (strncmp(source, "synthetic:", 10) && strstr(source, "://"))
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0,
				    "a libvirt URI is not there yet; save what 'virsh -c %s "
				    "capabilities' prints and give that file",
				    source);
	return vn_host_read(source, ret, err);
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
