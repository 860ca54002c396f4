/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Recognises what a SOURCE is: a word, a folder, or bytes by their content, never by the name of
 * the file. */
#include "host/readers.h"

#include "host/xml.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FORMATS "libvirt capabilities XML, hwloc XML or vnuma JSON"

/* ---- bytes ---- */

static int parse_xml(const char *source, const char *bytes, size_t size, vn_host **ret,
		     vn_error *err)
{
	static const struct {
		const char *root;
		int (*parse)(const char *source, xmlNode *root, vn_host **ret, vn_error *err);
	} formats[] = {
		{ "capabilities", vn_host_parse_caps },
		{ "topology", vn_host_parse_hwloc },
	};
	xmlNode *root;
	xmlDoc *doc;
	int r;

	if ((r = vn_xml_parse(source, bytes, size, &doc, err)) < 0)
		return r;
	root = xmlDocGetRootElement(doc);
	r = VN_E_SYNTAX;
	for (size_t i = 0; i < VN_LEN(formats); i++)
		if (vn_xml_is(root, formats[i].root)) {
			r = formats[i].parse(source, root, ret, err);
			xmlFreeDoc(doc);
			return r;
		}
	vn_fail_line(
		err, r, source, vn_xml_at(source, root).line, 0,
		"<%.60s> is not a host (legal: <capabilities> of libvirt, <topology> of hwloc)",
		(const char *)root->name);
	xmlFreeDoc(doc);
	return r;
}

static bool starts_with(const char *bytes, size_t size, const char *prefix, size_t length)
{
	return size >= length && !memcmp(bytes, prefix, length);
}

static bool is_archive(const char *bytes, size_t size)
{
	return starts_with(bytes, size, "BZh", 3) || starts_with(bytes, size, "\x1f\x8b", 2) ||
	       starts_with(bytes, size,
			   "\xfd"
			   "7zXZ",
			   5);
}

int vn_host_parse(const char *source, const char *bytes, size_t size, vn_host **ret, vn_error *err)
{
	size_t skip = starts_with(bytes, size, "\xef\xbb\xbf", 3) ? 3 : 0, first = skip;

	if (size > VN_HOST_BYTES_MAX)
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0,
				    "is larger than %d MiB, the most that is read",
				    VN_HOST_BYTES_MAX >> 20);
	while (first < size && bytes[first] && strchr(" \t\r\n", bytes[first]))
		first++;
	if (first == size)
		return vn_fail_line(err, VN_E_SYNTAX, source, 0, 0,
				    "is empty (legal: " FORMATS ")");
	if (bytes[first] == '<')
		return parse_xml(source, bytes + skip, size - skip, ret, err);
	if (bytes[first] == '{' || bytes[first] == '[')
		return vn_host_parse_json(source, bytes + skip, size - skip, ret, err);
	if (is_archive(bytes, size))
		return vn_fail_line(err, VN_E_SYNTAX, source, 0, 0,
				    "is a compressed file: unpack it, and name the folder or the "
				    "file in it");
	return vn_fail_line(err, VN_E_SYNTAX, source, 0, 0, "is not a host (legal: " FORMATS ")");
}

/* ---- sources ---- */

/* "qemu:///system", "xen+ssh://host/": letters, digits, '+', '-', '.', then "://". */
static bool is_uri(const char *source)
{
	size_t scheme = strspn(source, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	return scheme && !strncmp(source + scheme, "://", 3);
}

static bool has_system(const char *folder)
{
	char path[4096];
	struct stat info;
	int length = snprintf(path, sizeof(path), "%s/sys/devices/system", folder);

	return length > 0 && (size_t)length < sizeof(path) && !stat(path, &info) &&
	       S_ISDIR(info.st_mode);
}

static int read_folder(const char *source, vn_host **ret, vn_error *err)
{
	if (!has_system(source))
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0,
				    "is a folder without sys/devices/system, so not a copy of a "
				    "host's /sys");
	return vn_host_read_root(source, source, ret, err);
}

static int read_file(const char *source, vn_host **ret, vn_error *err)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	int r;

	if ((r = vn_file_read(source, VN_HOST_BYTES_MAX, &text, err)) < 0)
		return r;
	return vn_host_parse(strcmp(source, "-") ? source : "stdin", text.bytes, text.len, ret,
			     err);
}

int vn_host_read(const char *source, vn_host **ret, vn_error *err)
{
	static const char synthetic[] = "synthetic:";
	struct stat info;

	if (!strcmp(source, "live"))
		return vn_host_read_root(source, "/", ret, err);
	if (!strncmp(source, synthetic, sizeof(synthetic) - 1))
		return vn_host_read_synthetic(source, source + sizeof(synthetic) - 1, ret, err);
	if (is_uri(source))
		return vn_fail_line(err, VN_E_INPUT, source, 0, 0,
				    "a libvirt connection is not read yet: use `virsh -c %.80s "
				    "capabilities >caps.xml` and -H caps.xml",
				    source);
	if (strcmp(source, "-") && !stat(source, &info) && S_ISDIR(info.st_mode))
		return read_folder(source, ret, err);
	return read_file(source, ret, err);
}
