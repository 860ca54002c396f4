/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Latency and bandwidth between the nodes of this machine, measured with memory and threads of our
 * own. Not installed. */
#ifndef VN_KERNEL_MEASURE_H
#define VN_KERNEL_MEASURE_H

#include "vnuma/host.h"

typedef struct vn_measure_options {
	uint32_t limit_ms;   /* all of it; 0: VN_MEASURE_LIMIT_MS */
	uint64_t buffer_kib; /* memory that is read on each node; 0: twice its caches and more */
	/* Called before each pair; may be NULL. */
	void (*progress)(void *context, uint32_t done, uint32_t all);
	void *context;
} vn_measure_options;
enum {
	VN_MEASURE_LIMIT_MS = 10000,
	VN_MEASURE_BUFFER_KIB_MIN = 32 << 10,
	VN_MEASURE_BUFFER_KIB_MAX = 1 << 20,
};

/* For each node with memory: a buffer there, in huge pages where there are any; for each node with
 * CPUs: how long one CPU waits for a load that depends on the load before it, and how much all its
 * cores read together. Threads are bound by sched_setaffinity, memory by mbind, and where the pages
 * are is asked afterwards. A pair that cannot be measured is 0, and ret->notes says why; so it is
 * for what is left when the time is over. host: this machine ("live"). Errors: VN_E_SYSTEM (memory
 * may not be bound here, as in most containers; nothing could be measured), VN_E_NOMEM. */
int vn_measure(const vn_host *host, const vn_measure_options *options, vn_measurement **ret,
	       vn_error *err);

#endif
