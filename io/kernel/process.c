/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Opening a process of /proc, and what its refusals mean. */
#include "kernel/process.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int vn_process_open(int root, bool live, int32_t pid, vn_process *ret)
{
	int dir = vn_kdir_open(root, "proc/%d", pid);

	if (dir < 0)
		return -dir;
	*ret = (vn_process){ .root = root, .dir = dir, .pid = pid, .live = live };
	return 0;
}

void vn_process_close(vn_process *process)
{
	close(process->dir);
}

bool vn_process_ended(const vn_process *process)
{
	vn_kfile stat;
	int error = vn_kfile_read(process->dir, &stat, "stat");
	char state = error ? 0 : vn_kfile_state(&stat);

	return error == ESRCH || error == ENOENT || state == 'Z' || state == 'X';
}

int vn_process_fail(const vn_process *process, int error, const char *what, vn_error *err)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return vn_fail(err, VN_E_SYSTEM,
			       "%s of process %d: not permitted; root may, and who has "
			       "CAP_SYS_PTRACE and CAP_SYS_NICE",
			       what, process->pid);
	case ENOENT:
	case ESRCH:
		return vn_process_ended(process)
			       ? vn_fail(err, VN_E_SYSTEM, "process %d ended", process->pid)
			       : vn_fail(err, VN_E_SYSTEM, "%s of process %d: not there", what,
					 process->pid);
	case ENOSYS:
		return vn_fail(err, VN_E_SYSTEM, "%s: this kernel or container has no move_pages",
			       what);
	case EFBIG:
		return vn_fail(err, VN_E_RANGE, "%s of process %d: over %d MiB of text", what,
			       process->pid, VN_KLINES_BYTES_MAX >> 20);
	default:
		return vn_fail(err, VN_E_SYSTEM, "%s of process %d: %s", what, process->pid,
			       strerror(error));
	}
}

int vn_move_pages(int32_t pid, unsigned long count, void **pages, const int *nodes, int *status,
		  int flags)
{
	return syscall(SYS_move_pages, pid, count, pages, nodes, status, flags) < 0 ? errno : 0;
}

uint64_t vn_page_bytes(void)
{
	long bytes = sysconf(_SC_PAGESIZE);

	return bytes > 0 ? (uint64_t)bytes : 4096;
}
