/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rest of a move. While the kernel balances NUMA nodes it takes the access bits of pages away
 * for a time to see who uses them, and Linux 6.1 to 6.4 do not tell move_pages about such pages: it
 * does not find those that a guest has not touched lately. migrate_pages walks the page tables
 * itself and finds them, but all at once. */
#include "kernel/kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int vn_kernel_migrate_rest(int32_t pid, const vn_nodeset *from, uint32_t to, vn_error *err)
{
	vn_nodeset target = { 0 };

	vn_nodeset_add(&target, to);
	/* one more than the bits that are looked at, as libnuma does it */
	if (syscall(SYS_migrate_pages, pid, (unsigned long)VN_NODE_MAX + 1, from->word,
		    target.word) >= 0)
		return VN_OK;
	return vn_fail(err, VN_E_SYSTEM, "memory of process %d cannot be moved to node %u: %s", pid,
		       to, strerror(errno));
}
