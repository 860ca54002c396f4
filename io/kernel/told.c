/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How large the guest's RAM is, as QEMU was told: its mappings have exactly these sizes, which
 * tells them from all else that a process maps. */
#include "kernel/cmdline.h"
#include "kernel/process.h"

#include <string.h>

static void add(vn_told *told, uint64_t bytes)
{
	if (bytes && told->n < VN_TOLD_MAX)
		told->bytes[told->n++] = bytes;
}

static uint32_t count(const vn_told *told, uint64_t bytes)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < told->n; i++)
		n += told->bytes[i] == bytes;
	return n;
}

/* A size as QEMU writes it: "1G", "512m", "1048576k"; 0: none. */
static uint64_t qemu_bytes(const char *text, uint64_t unit_alone)
{
	static const char units[] = "bkmgtpe";
	vn_cursor in = vn_cursor_of_string(NULL, text);
	uint64_t number, unit = unit_alone;
	const char *found;

	if (vn_take_uint(&in, UINT64_MAX, &number, NULL) < 0)
		return 0;
	if (in.p < in.end) {
		found = strchr(units, *in.p | 0x20);
		if (!found || in.p + 1 != in.end)
			return 0;
		unit = UINT64_C(1) << 10 * (found - units);
	}
	return __builtin_mul_overflow(number, unit, &number) ? 0 : number;
}

/* Memory backends: -object memory-backend-ram,size=1G or the same in JSON. */
static void read_backends(const vn_kfile *cmdline, vn_told *told)
{
	const char *object;
	char type[64], size[64];

	for (size_t at = 0; (object = vn_cmdline_option(cmdline, "-object", &at));)
		if (vn_cmdline_value(object, "qom-type", "qom-type", type, sizeof(type)) &&
		    !strncmp(type, "memory-backend-", 15) &&
		    vn_cmdline_value(object, NULL, "size", size, sizeof(size)))
			add(told, qemu_bytes(size, 1));
}

static void read_m(const vn_kfile *cmdline, vn_told *told)
{
	const char *m;
	char size[64];

	for (size_t at = 0; (m = vn_cmdline_option(cmdline, "-m", &at));)
		if (vn_cmdline_value(m, "size", "size", size, sizeof(size)))
			add(told, qemu_bytes(size, UINT64_C(1) << 20));
}

/* libvirt rounds to whole MiB. */
static void add_kib(vn_told *told, uint64_t kib)
{
	if (kib <= VN_GUEST_MEM_MAX_KIB)
		add(told, (kib + 1023) / 1024 << 20);
}

/* Devices that were plugged in later are in no command line; the others are the same ones. */
static void read_config(const vn_request *config, vn_told *told)
{
	vn_told ours = { 0 };
	uint32_t more = 0;

	for (uint32_t i = 0; i < config->n_memdevs; i++)
		if (config->memdevs[i].uses_host_memory)
			add_kib(&ours, config->memdevs[i].size_kib);
	for (uint32_t i = 0; i < config->n_cells; i++)
		add_kib(&ours, config->cells[i].mem_kib);
	if (!told->n && !config->n_cells)
		add_kib(&ours, config->mem_kib);
	for (uint32_t i = 0; i < ours.n; i += more) {
		uint64_t bytes = ours.bytes[i];

		more = count(&ours, bytes) <= count(told, bytes);
		if (!more)
			add(told, bytes);
		if (told->n == VN_TOLD_MAX)
			break;
	}
}

void vn_told_read(const vn_process *process, const vn_request *config, vn_told *ret)
{
	vn_kfile cmdline;

	*ret = (vn_told){ 0 };
	if (!vn_kfile_read(process->dir, &cmdline, "cmdline")) {
		read_backends(&cmdline, ret);
		if (!ret->n)
			read_m(&cmdline, ret);
	}
	if (config)
		read_config(config, ret);
}

/* A mapping in huge pages is as long as whole pages are. */
bool vn_told_take(vn_told *told, uint64_t bytes)
{
	static const uint64_t rounds[] = { 1, UINT64_C(1) << 16, UINT64_C(1) << 21,
					   UINT64_C(1) << 30 };

	for (size_t r = 0; r < VN_LEN(rounds); r++)
		for (uint32_t i = 0; i < told->n; i++) {
			uint64_t whole = told->bytes[i] + (rounds[r] - 1);

			if (told->used[i] || whole < told->bytes[i] ||
			    whole / rounds[r] * rounds[r] != bytes)
				continue;
			told->used[i] = true;
			return true;
		}
	return false;
}
