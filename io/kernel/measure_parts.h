/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The parts of a measurement: memory on a node, and what is done with it. */
#ifndef VN_KERNEL_MEASURE_PARTS_H
#define VN_KERNEL_MEASURE_PARTS_H

#include "kernel/measure.h"

/* ---- measure_memory.c ---- */

typedef struct vn_buffer {
	char *bytes;
	size_t size;	   /* a power of two */
	uint64_t page_kib; /* of most of it */
} vn_buffer;

/* Memory on a node, all of it there and touched. `alone`: the host has no other node, binding is
 * not necessary. `huge`: 2 MiB pages of the pool are there. 0 or an errno: EPERM and ENOSYS where
 * memory may not be bound, EINVAL for a node that we may not use, ENOMEM, EXDEV when pages are
 * elsewhere. */
int vn_buffer_make(uint32_t node, size_t size, bool alone, bool huge, vn_buffer *ret);
void vn_buffer_free(vn_buffer *buffer);

/* Bytes of all caches of the largest kind that CPUs of a node have, and of their second level. */
uint64_t vn_cache_bytes(const vn_host *host, uint32_t node_ix);

/* ---- measure_time.c: from CPUs to a buffer ---- */

/* Make the buffer one chain of dependent loads that no prefetcher follows. */
void vn_chain_make(const vn_buffer *buffer);

/* The median time of a load on a CPU, looked at for so long. 0: not possible there. */
uint32_t vn_chase_ns(const vn_buffer *buffer, unsigned cpu, uint32_t ms);

/* What threads on these CPUs, one each, read together. 0: not possible. */
uint32_t vn_read_mibs(const vn_buffer *buffer, const vn_cpuset *cpus, uint32_t ms);

uint64_t vn_now_ns(void);

#endif
