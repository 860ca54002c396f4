/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pages that move_pages does not find although they are there. While the kernel balances NUMA nodes
 * it takes the access bits of pages away for a time, and Linux 6.1 to 6.4 do not tell move_pages
 * about such pages: of a small one it says -ENOENT, of a transparent huge one -EFAULT, as of the
 * page of zeros. /proc/PID/pagemap has them: that they are present and, for root, the number of
 * their frame, whose node /proc/zoneinfo tells. /proc/kpageflags tells the page of zeros. A page
 * that is read has its access bits again, also when process_vm_readv(2) reads it. */
#include "kernel/process.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PROBES = 64, ZONES_MAX = 512, WAKE_AT_ONCE = 256 };
static const uint64_t present_bit = UINT64_C(1) << 63, frame_bits = (UINT64_C(1) << 55) - 1;
static const uint64_t zeros_bit = UINT64_C(1) << 24;

/* Frames first .. last - 1 are of a node. */
typedef struct zones {
	uint32_t n;
	struct {
		uint64_t first, last;
		uint32_t node;
	} items[ZONES_MAX];
} zones;

static bool take_number(vn_cursor *line, const char *word, uint64_t *ret)
{
	if (!vn_take_word(line, word))
		return false;
	vn_take_space(line);
	return vn_take_uint(line, UINT64_MAX, ret, NULL) == VN_OK;
}

/* "Node 1, zone   Normal", below it "  spanned  1048576" and at its end "  start_pfn:  4096". */
static void read_zones(int root, zones *ret)
{
	uint64_t node = 0, spanned = 0, first;
	vn_klines lines;
	vn_cursor line;

	ret->n = 0;
	if (vn_klines_open(&lines, root, "proc/zoneinfo"))
		return;
	while (vn_klines_next(&lines, &line) && ret->n < ZONES_MAX) {
		vn_cursor in = line;

		if (take_number(&in, "Node ", &node)) {
			spanned = 0;
			continue;
		}
		vn_take_space(&line);
		in = line;
		if (take_number(&in, "spanned ", &spanned))
			continue;
		if (!take_number(&line, "start_pfn:", &first) || !spanned || node >= VN_NODE_MAX ||
		    first > frame_bits || spanned > frame_bits)
			continue;
		ret->items[ret->n].first = first;
		ret->items[ret->n].last = first + spanned;
		ret->items[ret->n++].node = (uint32_t)node;
	}
	vn_klines_close(&lines);
}

/* -1: not known, or nodes whose frames are mixed. */
static int node_of(const zones *all, uint64_t frame)
{
	int node = -1;

	for (uint32_t i = 0; i < all->n; i++) {
		if (frame < all->items[i].first || frame >= all->items[i].last)
			continue;
		if (node >= 0 && (uint32_t)node != all->items[i].node)
			return -1;
		node = (int)all->items[i].node;
	}
	return node;
}

/* pagemap is by page, kpageflags by frame. */
static bool read_entry(int fd, uint64_t number, uint64_t *ret)
{
	return pread(fd, ret, sizeof(*ret), (off_t)(number * sizeof(*ret))) == sizeof(*ret);
}

static bool read_page(int fd, const void *page, uint64_t *ret)
{
	return read_entry(fd, (uint64_t)(uintptr_t)page / vn_page_bytes(), ret);
}

static bool is_not_found(int status)
{
	return status == -ENOENT || status == -EFAULT;
}

/* Is a page there all the same? Some of those that were not found are asked, evenly spread. */
static bool some_are_there(int fd, void *const *pages, const int *status, uint32_t n)
{
	uint32_t missing = 0, step, seen = 0;

	for (uint32_t i = 0; i < n; i++)
		missing += is_not_found(status[i]);
	step = missing / PROBES + 1;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t entry;

		if (!is_not_found(status[i]) || seen++ % step)
			continue;
		if (!read_page(fd, pages[i], &entry))
			return false;
		if (entry & present_bit)
			return true;
	}
	return false;
}

/* What is to be said of a page that was not found: its node, -EAGAIN, or the same as before. */
static int find_page(int fd, int flags_fd, const zones *all, const void *page, int status)
{
	uint64_t entry, frame, flags;
	int node;

	if (!read_page(fd, page, &entry) || !(entry & present_bit))
		return status;
	frame = entry & frame_bits;
	if (status == -EFAULT &&
	    (!frame || !read_entry(flags_fd, frame, &flags) || flags & zeros_bit))
		return status;
	node = frame ? node_of(all, frame) : -1;
	return node < 0 ? -EAGAIN : node;
}

void vn_pagemap_find(const vn_process *process, void *const *pages, int *status, uint32_t n)
{
	int fd = openat(process->dir, "pagemap", O_RDONLY | O_CLOEXEC), flags_fd;
	zones all;

	if (fd < 0)
		return;
	if (some_are_there(fd, pages, status, n)) {
		flags_fd = openat(process->root, "proc/kpageflags", O_RDONLY | O_CLOEXEC);
		read_zones(process->root, &all);
		for (uint32_t i = 0; i < n; i++)
			if (is_not_found(status[i]))
				status[i] = find_page(fd, flags_fd, &all, pages[i], status[i]);
		if (flags_fd >= 0)
			close(flags_fd);
	}
	close(fd);
}

/* One byte of each is read. A page that cannot be is left out: the guest has given it back. */
void vn_pagemap_wake(const vn_process *process, void *const *pages, uint32_t n)
{
	struct iovec from[WAKE_AT_ONCE];
	char bytes[WAKE_AT_ONCE];

	for (uint32_t at = 0; at < n;) {
		uint32_t count = n - at < WAKE_AT_ONCE ? n - at : WAKE_AT_ONCE;
		const struct iovec to = { bytes, count };
		ssize_t read;

		for (uint32_t i = 0; i < count; i++)
			from[i] = (struct iovec){ pages[at + i], 1 };
		read = process_vm_readv(process->pid, &to, 1, from, count, 0);
		at += (read < 0 ? 0 : (uint32_t)read) + (read < (ssize_t)count);
	}
}
