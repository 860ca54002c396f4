/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What people write for a fleet: "5 x 2/40/90GiB", a host, or the path of a list of hosts. */
#include "hosts.h"

#include <string.h>

/* A short form begins with a digit and has a slash, and no file of that name is meant: a path that
 * looks like one is written "./2/40". */
static bool is_shape(const char *text)
{
	return *text >= '0' && *text <= '9' && strchr(text, '/');
}

int sim_host_read(const char *text, vn_host **ret, vn_error *err)
{
	if (is_shape(text))
		return vn_sim_shape_parse(vn_cursor_of_string(text, text), ret, err);
	return vn_host_read(text, ret, err);
}

/* "N x " at the front. A number in front of something else is a part of it. */
static bool take_times(vn_cursor *in, uint64_t *count)
{
	vn_cursor at = *in;
	uint64_t number;

	vn_take_space(&at);
	if (vn_take_uint(&at, UINT64_MAX / 2, &number, NULL) < 0 || at.p == at.end || *at.p != ' ')
		return false;
	vn_take_space(&at);
	if (!vn_take_byte(&at, 'x') || at.p == at.end || *at.p != ' ')
		return false;
	vn_take_space(&at);
	*in = at;
	*count = number;
	return true;
}

/* A path of a list: its content says so. A host in JSON has "cells", a list has "hosts". */
static int add_list(vn_sim_fleet *fleet, const char *path, bool *ret_done, vn_error *err)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	*ret_done = false;
	if (is_shape(path) || !strcmp(path, "live") || !strncmp(path, "synthetic:", 10) ||
	    strstr(path, "://"))
		return VN_OK;
	if (vn_file_read(path, VN_SIM_FLEET_BYTES_MAX, &text, NULL) < 0)
		return VN_OK; /* a folder, or not there: vn_host_read says so */
	if (!text.len || (!memmem(text.bytes, text.len, "\"hosts\"", 7) &&
			  !memmem(text.bytes, text.len < 256 ? text.len : 256, "CPU1", 4)))
		return VN_OK;
	*ret_done = true;
	return vn_sim_fleet_parse(fleet, path, text.bytes, text.len, err);
}

int vn_sim_fleet_parse(vn_sim_fleet *fleet, const char *source, const char *bytes, size_t size,
		       vn_error *err)
{
	vn_cursor in = vn_cursor_of(source, bytes, size);

	vn_take_space(&in);
	if (in.p < in.end && *in.p == '{')
		return sim_fleet_parse_json(fleet, source, bytes, size, err);
	return sim_fleet_parse_table(fleet, source, bytes, size, err);
}

int vn_sim_fleet_add(vn_sim_fleet *fleet, const char *text, vn_error *err)
{
	vn_cursor in = vn_cursor_of_string(text, text);
	vn_sim_hosts hosts = { .first_rack = VN_RACK_OWN, .racks = 1 };
	uint64_t count = 1;
	bool done = false;
	vn_host *host = NULL;
	int r;

	if (!take_times(&in, &count) && (r = add_list(fleet, text, &done, err)) < 0)
		return r;
	if (done)
		return VN_OK;
	if (!count || count > VN_SIM_HOSTS_MAX)
		return vn_fail_line(err, VN_E_RANGE, text, 0, 0, "a fleet has 1 to %d hosts",
				    VN_SIM_HOSTS_MAX);
	hosts.count = (uint32_t)count;
	if ((r = sim_host_read(in.p, &host, err)) < 0 ||
	    (r = sim_fleet_add_kind(fleet, host, &hosts.kind, err)) < 0)
		return r;
	return sim_fleet_add_hosts(fleet, &hosts, err);
}
