/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One vnuma at a time changes the guests of a host: a file that is locked with flock, which the
 * kernel ends with the process. It is named after the connection, so that hosts do not wait for
 * each other; whoever may write to /run/vnuma uses that, all others have one of their own. */
#include "virt/virt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, POLL_MS = 50 };

/* "qemu:///system" as "qemu-system": letters and digits, the rest one dash. */
static void name_of(const char *uri, char *to, size_t size)
{
	size_t n = 0;

	for (; *uri && n + 1 < size; uri++) {
		bool plain = (*uri >= 'a' && *uri <= 'z') || (*uri >= 'A' && *uri <= 'Z') ||
			     (*uri >= '0' && *uri <= '9');

		if (plain)
			to[n++] = *uri;
		else if (n && to[n - 1] != '-')
			to[n++] = '-';
	}
	to[n] = 0;
}

static int open_in(const char *folder, const char *name)
{
	char path[PATH_BYTES];
	int n = snprintf(path, sizeof(path), "%s/%s.lock", folder, name);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return -errno;
	n = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return n < 0 ? -errno : n;
}

static int open_lock(const vn_virt *virt, vn_error *err)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char name[256], folder[PATH_BYTES] = "";
	int fd;

	/* system and session have the same CPUs */
	name_of(vn_virt_is_local(virt) ? "local" : vn_virt_uri(virt), name, sizeof(name));
	fd = open_in("/run/vnuma", name);
	if (fd >= 0 || !runtime)
		return fd >= 0 ? fd
			       : vn_fail(err, VN_E_SYSTEM,
					 "/run/vnuma/%s.lock cannot be opened: %s (and "
					 "XDG_RUNTIME_DIR is not set)",
					 name, strerror(-fd));
	snprintf(folder, sizeof(folder), "%s/vnuma", runtime);
	fd = open_in(folder, name);
	return fd >= 0 ? fd
		       : vn_fail(err, VN_E_SYSTEM, "%.100s/%s.lock cannot be opened: %s", folder,
				 name, strerror(-fd));
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int vn_virt_lock_take(const vn_virt *virt, uint32_t timeout_ms, vn_virt_lock *ret, vn_error *err)
{
	const struct timespec wait = { .tv_nsec = POLL_MS * 1000000L };
	uint64_t end = now_ms() + timeout_ms;
	int fd = open_lock(virt, err);

	if (fd < 0)
		return fd;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || now_ms() >= end) {
			vn_fail(err, VN_E_SYSTEM,
				"another vnuma has been changing guests of '%.80s' for over %u s",
				vn_virt_uri(virt), timeout_ms / 1000);
			close(fd);
			return VN_E_SYSTEM;
		}
		nanosleep(&wait, NULL);
	}
	ret->fd = fd;
	return VN_OK;
}

void vn_virt_lock_drop(vn_virt_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
