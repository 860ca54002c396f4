/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Words that tables and pictures share: names of devices and cells, one-line summaries, and the
 * cleaning of names that come from outside. */
#include "render/picture.h"

#include <string.h>

char vn_picture_mark(uint32_t cell)
{
	static const char marks[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWYZ";

	return cell < sizeof(marks) - 1 ? marks[cell] : '#';
}

/* ---- devices ---- */

static const struct {
	uint16_t class_id, mask;
	const char *word; /* NULL: plumbing, not shown */
} classes[] = {
	{ 0x0108, 0xffff, "NVMe" },	  { 0x0100, 0xff00, "storage" },
	{ 0x0207, 0xffff, "InfiniBand" }, { 0x0200, 0xff00, "network" },
	{ 0x0302, 0xffff, "GPU" },	  { 0x0300, 0xff00, "display" },
	{ 0x0400, 0xff00, "multimedia" }, { 0x0500, 0xff00, "memory" },
	{ 0x0600, 0xff00, NULL },	  { 0x0800, 0xff00, NULL },
	{ 0x0c03, 0xffff, "USB" },	  { 0x0c05, 0xffff, NULL },
	{ 0x1000, 0xff00, "encryption" }, { 0x1200, 0xff00, "accelerator" },
};

static int class_row(const vn_device *device)
{
	for (size_t i = 0; i < VN_LEN(classes); i++)
		if ((device->class_id & classes[i].mask) == classes[i].class_id)
			return (int)i;
	return -1;
}

bool vn_picture_shows(const vn_device *device)
{
	int row = class_row(device);

	return row < 0 || classes[row].word || device->n_names;
}

const char *vn_picture_class(const vn_device *device)
{
	int row = class_row(device);

	return row < 0 || !classes[row].word ? "" : classes[row].word;
}

const vn_device *vn_picture_host_device(const vn_host *host, const vn_guest_device *device)
{
	if (device->has_host)
		return vn_host_device_at(host, device->host);
	return device->host_name ? vn_host_device_named(host, device->host_name) : NULL;
}

int vn_picture_guest_device(const vn_picture *picture, const vn_device *device)
{
	if (!picture->request)
		return -1;
	for (uint32_t i = 0; i < picture->request->n_devices; i++)
		if (vn_picture_host_device(picture->host, &picture->request->devices[i]) == device)
			return (int)i;
	return -1;
}

/* ---- untrusted text ---- */

/* Bytes of the UTF-8 character at p that is legal in XML and harmless in a terminal; 0 = none. */
static size_t good_character(const unsigned char *p)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = *p < 0x80 ? 1 : *p >> 5 == 6 ? 2 : *p >> 4 == 14 ? 3 : *p >> 3 == 30 ? 4 : 0;
	uint32_t code;

	if (size <= 1)
		return size && *p >= 0x20 && *p != 0x7f ? 1 : 0;
	code = *p & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	/* C1 controls, direction overrides, and the non-characters that XML forbids. */
	if (code < 0xa0 || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069) || (code & 0xfffe) == 0xfffe)
		return 0;
	return size;
}

const char *vn_picture_clean(vn_arena *arena, const char *string, bool ascii_only)
{
	const unsigned char *p = (const unsigned char *)(string ? string : "");
	char *copy = vn_arena_strndup(arena, (const char *)p, strlen((const char *)p));
	char *to = copy;

	if (!copy)
		return "?";
	while (*p) {
		size_t size = good_character(p);

		if (!size || (ascii_only && size > 1)) {
			*to++ = '?';
			p += size ? size : 1;
			continue;
		}
		memmove(to, p, size);
		to += size;
		p += size;
	}
	*to = '\0';
	return copy;
}

uint32_t vn_picture_character(const char **p)
{
	const unsigned char *at = (const unsigned char *)*p;
	size_t size = *at < 0xc0 ? 1 : *at < 0xe0 ? 2 : *at < 0xf0 ? 3 : 4;
	uint32_t code = size == 1 ? *at : *at & (0x7fu >> size);

	for (size_t i = 1; i < size && at[i]; i++)
		code = code << 6 | (at[i] & 0x3f);
	*p += strnlen(*p, size);
	return code;
}

/* ---- summaries ---- */

static void count_words(vn_text *ret, uint32_t count, const char *one, const char *many)
{
	vn_text_addf(ret, "%s%u %s", ret->len ? ", " : "", count, count == 1 ? one : many);
}

static uint64_t all_memory_kib(const vn_host *host)
{
	uint64_t sum = 0;

	for (uint32_t ix = 0; ix < host->n_nodes; ix++)
		if (__builtin_add_overflow(sum, host->nodes[ix].mem_kib, &sum))
			return UINT64_MAX;
	return sum;
}

void vn_picture_host_words(const vn_host *host, vn_text *ret)
{
	VN_AUTO_TEXT words = VN_TEXT_INIT;
	uint32_t cpus = 0;
	char size[32];

	for (uint32_t cpu = 0; cpu < host->n_cpus; cpu++)
		cpus += host->cpus[cpu].node_ix >= 0;
	count_words(&words, host->n_nodes, "node", "nodes");
	if (host->n_sockets)
		count_words(&words, host->n_sockets, "socket", "sockets");
	if (host->n_cores)
		count_words(&words, host->n_cores, "core", "cores");
	count_words(&words, cpus, "CPU", "CPUs");
	if (host->threads_per_core > 1)
		vn_text_addf(&words, " (%u threads per core)", host->threads_per_core);
	vn_text_addf(&words, ", %s of memory",
		     vn_size_format(all_memory_kib(host), size, sizeof(size)));
	if (words.failed)
		ret->failed = true;
	else
		vn_text_add_bytes(ret, words.bytes, words.len);
}

void vn_picture_guest_words(const vn_picture *picture, vn_text *ret)
{
	const vn_request *request = picture->request;
	VN_AUTO_TEXT words = VN_TEXT_INIT;
	char size[32];

	count_words(&words, request->vcpus, "vCPU", "vCPUs");
	vn_text_addf(&words, " in %u cell%s", picture->placement->n_cells,
		     picture->placement->n_cells == 1 ? "" : "s");
	vn_text_addf(&words, ", %s of memory; mode %s, %s, CPUs %s, memory %s",
		     vn_size_format(request->mem_kib, size, sizeof(size)),
		     vn_mode_names[request->mode], vn_distribution_names[request->distribution],
		     vn_cpu_policy_names[request->cpu_policy],
		     vn_mem_mode_names[request->mem_mode]);
	if (words.failed)
		ret->failed = true;
	else
		vn_text_add_bytes(ret, words.bytes, words.len);
}
