/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A plugin of QEMU's software emulation: counts the loads and stores of each emulated CPU in the
 * window of touch.c, by the 256 MiB of the machine's memory that they went to. It sees what the
 * processor does, in the virtual host and in guests of it, and asks nobody. Caches and page tables
 * are not part of it. Argument: out=FILE. touch.c says when to count; then the file has a line
 * "CPU CHUNK ACCESSES" for each pair, and "end". */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "window.h"

/* What is used of version 1 of the interface, which Debian has no header package for. */
typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
enum { NO_REGISTERS = 0, READ_AND_WRITE = 3 };
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
						  void (*cb)(plugin_id, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
						   void (*cb)(unsigned, void *), int flags,
						   void *data);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
					     void (*cb)(unsigned, uint32_t, uint64_t, void *),
					     int flags, int rw, void *data);
extern void qemu_plugin_reset(plugin_id id, void (*cb)(plugin_id));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(uint32_t info, uint64_t address);
extern bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *at);
extern uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *at);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

enum { CPUS = 64, CHUNKS = 64, CHUNK_SHIFT = 28 };

static struct {
	uint64_t n[CHUNKS];
} __attribute__((aligned(4096))) counts[CPUS]; /* each CPU writes its own */
static bool counting;
static plugin_id self;
static char out[4096];

static void count(unsigned cpu, uint32_t info, uint64_t address, void *data)
{
	struct qemu_plugin_hwaddr *at;
	uint64_t chunk;

	(void)data;
	if (address < WINDOW || address >= WINDOW_END || cpu >= CPUS)
		return;
	at = qemu_plugin_get_hwaddr(info, address);
	if (!at || qemu_plugin_hwaddr_is_io(at))
		return;
	chunk = qemu_plugin_hwaddr_phys_addr(at) >> CHUNK_SHIFT;
	counts[cpu].n[chunk < CHUNKS ? chunk : CHUNKS - 1]++;
}

static void write_counts(void)
{
	FILE *file = fopen(out, "w");

	if (!file)
		return;
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		for (unsigned chunk = 0; chunk < CHUNKS; chunk++)
			if (counts[cpu].n[chunk])
				fprintf(file, "%u %u %" PRIu64 "\n", cpu, chunk,
					counts[cpu].n[chunk]);
	fprintf(file, "end\n");
	fclose(file);
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb);

static void after_reset(plugin_id id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
}

/* Code is translated anew, so nothing is slower while nobody counts. */
static void marked(unsigned cpu, void *data)
{
	(void)cpu;
	counting = (uintptr_t)data == MARK_START;
	if (counting) {
		remove(out);
		memset(counts, 0, sizeof(counts));
	} else {
		write_counts();
	}
	qemu_plugin_reset(self, after_reset);
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	static const uint8_t mark[] = { MARK_BYTES(0) };

	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		const uint8_t *bytes = qemu_plugin_insn_data(insn);

		if (qemu_plugin_insn_size(insn) == sizeof(mark) && !memcmp(bytes, mark, 3) &&
		    !memcmp(bytes + 4, mark + 4, 3))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, marked, NO_REGISTERS,
							       (void *)(uintptr_t)bytes[3]);
		if (counting)
			qemu_plugin_register_vcpu_mem_cb(insn, count, NO_REGISTERS, READ_AND_WRITE,
							 NULL);
	}
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4) || strlen(argv[0] + 4) >= sizeof(out))
		return -1;
	strcpy(out, argv[0] + 4);
	self = id;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	return 0;
}
