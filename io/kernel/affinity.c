/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Where a thread may run, changed: the same mask that taskset sets. */
#include "kernel/kernel.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

int vn_kernel_set_affinity(int32_t tid, const vn_cpuset *cpus, vn_error *err)
{
	/* a vn_cpuset is the kernel's own form: words of 64 CPUs, the lowest first */
	union {
		vn_cpuset set;
		cpu_set_t mask;
	} as = { .set = *cpus };
	char list[96];

	if (!sched_setaffinity(tid, sizeof(as.set), &as.mask) || errno == ESRCH)
		return VN_OK;
	vn_cpuset_format(cpus, list, sizeof(list));
	return vn_fail(err, VN_E_SYSTEM, "thread %d cannot be bound to the CPUs '%.80s': %s", tid,
		       list, strerror(errno));
}
