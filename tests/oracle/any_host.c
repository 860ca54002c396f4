/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Preloaded into virsh, so that libvirt writes the QEMU command line of a guest for a host that is
 * not this machine. libvirt asks the running kernel whether a NUMA node exists and where huge pages
 * are mounted; its own tests answer these two questions in the same way (tests/virnumamock.c).
 * Everything else of libvirt stays as it is.
 *
 * VNUMA_HUGETLBFS names a folder: the mounts that libvirt is told about are below it. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* libvirt's src/util/virfile.h */
typedef struct virHugeTLBFS {
	char *mnt_dir;
	unsigned long long size; /* KiB */
	bool deflt;
} virHugeTLBFS;

bool virNumaNodesetIsAvailable(void *nodeset);
int virFileFindHugeTLBFS(virHugeTLBFS **ret_fs, size_t *ret_nfs);

bool virNumaNodesetIsAvailable(void *nodeset)
{
	(void)nodeset;
	return true;
}

int virFileFindHugeTLBFS(virHugeTLBFS **ret_fs, size_t *ret_nfs)
{
	static const unsigned long long sizes_kib[] = { 2048, 1048576 };
	const char *folder = getenv("VNUMA_HUGETLBFS");
	virHugeTLBFS *fs = calloc(2, sizeof(*fs));

	if (!fs)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		if (asprintf(&fs[i].mnt_dir, "%s/%llu", folder ? folder : "/dev/hugepages",
			     sizes_kib[i]) < 0)
			return -1;
		fs[i].size = sizes_kib[i];
		fs[i].deflt = i == 0;
	}
	*ret_fs = fs;
	*ret_nfs = 2;
	return 0;
}
