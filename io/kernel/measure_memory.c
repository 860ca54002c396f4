/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Memory on one node, for a measurement. */
#include "kernel/measure_parts.h"
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { HUGE_BYTES = 2 << 20, ASKED = 64 };

static int bind_memory(char *bytes, size_t size, uint32_t node)
{
	unsigned long mask[VN_NODE_MAX / (8 * sizeof(unsigned long)) + 1] = { 0 };
	uint32_t bits = 8 * sizeof(*mask);

	mask[node / bits] |= 1ul << node % bits;
	return syscall(SYS_mbind, bytes, size, MPOL_BIND, mask, VN_NODE_MAX + 1ul, 0) < 0 ? errno
											  : 0;
}

/* Touch every page. Where the kernel can, by its own call, which fails instead of killing us when
 * there is no page. */
static int populate(char *bytes, size_t size, bool may_die)
{
	if (!madvise(bytes, size, MADV_POPULATE_WRITE))
		return 0;
	if (errno != EINVAL || !may_die)
		return errno;
	for (size_t at = 0; at < size; at += 4096)
		((volatile char *)bytes)[at] = 1;
	return 0;
}

/* Are sampled pages on the node? A kernel that will not say is believed. */
static int check_node(const vn_buffer *buffer, uint32_t node)
{
	void *pages[ASKED];
	int status[ASKED];

	for (size_t i = 0; i < ASKED; i++)
		pages[i] = buffer->bytes + buffer->size / ASKED * i;
	if (vn_move_pages(0, ASKED, pages, NULL, status, 0))
		return 0;
	for (size_t i = 0; i < ASKED; i++)
		if (status[i] >= 0 && (uint32_t)status[i] != node)
			return EXDEV;
	return 0;
}

/* Is most of the mapping in transparent huge pages? */
static bool is_huge(const vn_buffer *buffer)
{
	uint64_t first, last, kib, huge_kib = 0;
	bool inside = false;
	vn_klines lines;
	vn_cursor line;

	if (vn_klines_open(&lines, AT_FDCWD, "/proc/self/smaps"))
		return false;
	while (vn_klines_next(&lines, &line)) {
		vn_cursor in = line;

		if (vn_take_hex(&in, &first) && vn_take_byte(&in, '-') && vn_take_hex(&in, &last)) {
			inside = first < (uint64_t)(uintptr_t)buffer->bytes + buffer->size &&
				 last > (uint64_t)(uintptr_t)buffer->bytes;
			continue;
		}
		in = line;
		if (!inside || !vn_take_word(&in, "AnonHugePages:"))
			continue;
		vn_take_space(&in);
		if (vn_take_uint(&in, UINT32_MAX, &kib, NULL) == VN_OK)
			huge_kib += kib;
	}
	vn_klines_close(&lines);
	return huge_kib > buffer->size >> 11;
}

static int make(uint32_t node, size_t size, bool alone, int flags, vn_buffer *ret)
{
	bool pool = flags != 0;
	char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
	int error;

	if (bytes == MAP_FAILED)
		return errno;
	*ret = (vn_buffer){ .bytes = bytes, .size = size, .page_kib = vn_page_bytes() >> 10 };
	if (!pool)
		madvise(bytes, size, MADV_HUGEPAGE);
	error = bind_memory(bytes, size, node);
	if (alone && (error == EPERM || error == ENOSYS))
		error = 0;
	if (!error)
		error = populate(bytes, size, !pool);
	if (!error && !alone)
		error = check_node(ret, node);
	if (error)
		vn_buffer_free(ret);
	else if (pool || is_huge(ret))
		ret->page_kib = HUGE_BYTES >> 10;
	return error;
}

int vn_buffer_make(uint32_t node, size_t size, bool alone, bool huge, vn_buffer *ret)
{
	if (huge && size >= HUGE_BYTES && !make(node, size, alone, MAP_HUGETLB, ret))
		return 0;
	return make(node, size, alone, 0, ret);
}

void vn_buffer_free(vn_buffer *buffer)
{
	if (buffer->bytes)
		munmap(buffer->bytes, buffer->size);
	*buffer = (vn_buffer){ 0 };
}

/* ---- caches ---- */

/* The size of a CPU's cache of a level, in bytes; 0: none. */
static uint64_t cache_of(int cpu, uint64_t wanted)
{
	for (unsigned index = 0; index < 8; index++) {
		const char *path = "/sys/devices/system/cpu/cpu%d/cache/index%u/%s";
		uint64_t level, kib;
		vn_kfile file;

		if (vn_kfile_read(AT_FDCWD, &file, path, cpu, index, "level"))
			return 0;
		if (vn_uint_parse(vn_cursor_of(NULL, file.bytes, file.size), 8, &level, NULL) < 0 ||
		    level != wanted || vn_kfile_read(AT_FDCWD, &file, path, cpu, index, "size"))
			continue;
		vn_kfile_trim(&file);
		if (vn_size_parse(vn_cursor_of(NULL, file.bytes, file.size), "b", &kib, NULL) ==
		    VN_OK)
			return kib << 10;
	}
	return 0;
}

uint64_t vn_cache_bytes(const vn_host *host, uint32_t node_ix)
{
	uint64_t bytes = 0;
	int32_t l3 = -2, core = -2;

	VN_CPUSET_EACH(cpu, &host->nodes[node_ix].cpus) {
		const vn_cpu *c = &host->cpus[cpu];

		/* CPUs of one cache or core need not follow each other; then they count more than
		 * once, and the buffer is larger than it must be. */
		if (c->l3 != l3 || c->l3 < 0)
			bytes += l3 == -2 || c->l3 >= 0 ? cache_of(cpu, 3) : 0;
		if (c->core != core)
			bytes += cache_of(cpu, 2);
		l3 = c->l3;
		core = c->core;
		if (bytes > (uint64_t)VN_MEASURE_BUFFER_KIB_MAX << 10)
			break;
	}
	return bytes;
}
