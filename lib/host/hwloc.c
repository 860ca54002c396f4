/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hosts that hwloc discovers: this machine, a copy of a machine's /sys and /proc, and hwloc's
 * synthetic notation. hwloc's answer is taken as its own XML and read by hwloc_xml.c, so that all
 * hwloc sources go through one reader; what hwloc does not know is read from /sys (sysfs.c).
 *
 * hwloc takes the root folder, and much else, from environment variables alone. They are set for
 * the time of the call, and what a user has set for other programs is put aside, so that "live" is
 * this machine. Calls are one at a time, but another thread that reads the environment meanwhile
 * (getenv) races with them: a program with threads reads its hosts before it starts them. */
#include "host/readers.h"

#include "host/hwloc_xml.h"
#include "host/sysfs.h"
#include "host/xml.h"

#include <errno.h>
#include <hwloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the environment ---- */

typedef struct setting {
	const char *name;
	const char *value; /* NULL: not set */
} setting;

enum { SETTINGS_MAX = 16 };

/* Put `settings` into the environment; `before` gets what was there (to be freed). */
static int swap_in(const setting *settings, size_t count, char **before)
{
	for (size_t i = 0; i < count; i++) {
		const char *old = getenv(settings[i].name), *value = settings[i].value;

		if (old && !(before[i] = strdup(old)))
			return VN_E_NOMEM;
		if (value ? setenv(settings[i].name, value, 1) : unsetenv(settings[i].name))
			return VN_E_NOMEM;
	}
	return VN_OK;
}

static void swap_out(const setting *settings, size_t count, char **before)
{
	for (size_t i = 0; i < count; i++) {
		if (before[i])
			setenv(settings[i].name, before[i], 1);
		else
			unsetenv(settings[i].name);
		free(before[i]);
	}
}

/* ---- discovery ---- */

/* What is discovered: exactly one of the two is set. */
typedef struct discovery {
	const char *root;      /* folder with sys/ and proc/ */
	const char *synthetic; /* hwloc's notation */
} discovery;

static int load(hwloc_topology_t topology, const discovery *what, char **xml, int *size)
{
	static const hwloc_obj_type_t unused[] = { HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE,
						   HWLOC_OBJ_MISC };

	for (size_t i = 0; i < VN_LEN(unused); i++)
		hwloc_topology_set_type_filter(topology, unused[i], HWLOC_TYPE_FILTER_KEEP_NONE);
	/* The host's CPUs and nodes, not those that this process's cgroup leaves. */
	hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	if (what->synthetic && hwloc_topology_set_synthetic(topology, what->synthetic) < 0)
		return -1;
	if (hwloc_topology_load(topology) < 0)
		return -1;
	return hwloc_topology_export_xmlbuffer(topology, xml, size, 0);
}

/* hwloc's view as XML, in *ret. Returns -1 if hwloc fails. */
static int discover_xml(const discovery *what, vn_text *ret)
{
	hwloc_topology_t topology;
	char *xml = NULL;
	int size, r;

	if (hwloc_topology_init(&topology) < 0)
		return -1;
	r = load(topology, what, &xml, &size);
	if (r == 0) {
		vn_text_add_bytes(ret, xml, size > 0 ? (size_t)size - 1 : 0); /* counts the NUL */
		hwloc_free_xmlbuffer(topology, xml);
	}
	hwloc_topology_destroy(topology);
	return r;
}

static int discover(const discovery *what, vn_text *ret)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	bool is_root = what->root != NULL;
	const setting settings[] = {
		{ "HWLOC_FSROOT", is_root && strcmp(what->root, "/") ? what->root : NULL },
		/* no guess from this machine where the folder has gaps, no cpuid, no plugins */
		{ "HWLOC_COMPONENTS", is_root ? "linux,stop" : NULL },
		{ "HWLOC_PLUGINS_PATH", "/nonexistent" },
		/* GPU memory is shown, and marked; hwloc hides it by default */
		{ "HWLOC_KEEP_NVIDIA_GPU_NUMA_NODES", "1" },
		/* silence: our caller reports */
		{ "HWLOC_HIDE_ERRORS", "2" },
		{ "HWLOC_SYNTHETIC_VERBOSE", NULL },
		{ "HWLOC_XML_VERBOSE", NULL },
		/* other machines */
		{ "HWLOC_XMLFILE", NULL },
		{ "HWLOC_SYNTHETIC", NULL },
		{ "HWLOC_CPUID_PATH", NULL },
		{ "HWLOC_THISSYSTEM", NULL },
		{ "HWLOC_DUMPED_HWDATA_DIR", NULL },
	};
	char *before[SETTINGS_MAX] = { NULL };
	int r;

	static_assert(VN_LEN(settings) <= SETTINGS_MAX, "room for what was set before");
	pthread_mutex_lock(&one_at_a_time);
	r = swap_in(settings, VN_LEN(settings), before);
	if (r == VN_OK)
		r = discover_xml(what, ret);
	swap_out(settings, VN_LEN(settings), before);
	pthread_mutex_unlock(&one_at_a_time);
	return r;
}

/* Discover, and read the XML; sysfs is the folder to read the rest from, or -1. */
static int read_discovered(const char *source, const vn_text *xml, int sysfs, vn_host **ret,
			   vn_error *err)
{
	xmlDoc *doc;
	int r;

	if ((r = vn_xml_parse(source, xml->bytes, xml->len, &doc, err)) < 0)
		return r;
	r = vn_hwloc_xml_read(source, xmlDocGetRootElement(doc), sysfs, ret, err);
	xmlFreeDoc(doc);
	return r;
}

int vn_host_read_root(const char *source, const char *root, vn_host **ret, vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	int sysfs, r;

	if (discover(&(discovery){ .root = root }, &xml) < 0)
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0, "hwloc finds no machine in %s",
				    root);
	if ((r = vn_text_done(&xml, err)) < 0 || (r = vn_sysfs_open(source, root, &sysfs, err)) < 0)
		return r;
	r = read_discovered(source, &xml, sysfs, ret, err);
	close(sysfs);
	return r;
}

/* ---- synthetic ---- */

/* The CPUs that the text stands for: the product of the counts of its levels, "pack:2 core:4 pu:2"
 * or "2 4 2"; what stands in () and [] is no level. An upper bound is enough: it keeps hwloc from
 * building a machine of a billion CPUs. */
static int check_count(const char *source, const char *text, vn_error *err)
{
	uint64_t cpus = 1;
	int depth = 0;

	for (vn_cursor in = vn_cursor_of_string(source, text); in.p < in.end; in.p++) {
		bool first = in.p == in.start || in.p[-1] == ' ' || in.p[-1] == ':';
		vn_cursor at = in;
		uint64_t count;

		depth += (*in.p == '(' || *in.p == '[') - (*in.p == ')' || *in.p == ']');
		if (depth || !first || *in.p < '0' || *in.p > '9')
			continue;
		if (vn_take_uint(&in, VN_CPU_MAX, &count, NULL) < 0 || (cpus *= count) > VN_CPU_MAX)
			return vn_fail_line(err, VN_E_RANGE, source, 0, 0,
					    "'%.*s' makes more than %d CPUs",
					    (int)strcspn(at.p, " "), at.p, VN_CPU_MAX);
		in.p--;
	}
	return VN_OK;
}

int vn_host_read_synthetic(const char *source, const char *text, vn_host **ret, vn_error *err)
{
	VN_AUTO_TEXT xml = VN_TEXT_INIT;
	int r;

	if ((r = check_count("synthetic", text, err)) < 0)
		return r;
	if (discover(&(discovery){ .synthetic = text }, &xml) < 0)
		return vn_fail_line(err, VN_E_SYNTAX, "synthetic", 0, 0,
				    "'%.100s' is not hwloc's notation (legal: \"pack:2 "
				    "[numa(memory=16GB)] core:4 pu:2\")",
				    text);
	if ((r = vn_text_done(&xml, err)) < 0)
		return r;
	return read_discovered(source, &xml, -1, ret, err);
}
