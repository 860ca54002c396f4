/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One process of /proc. Its folder is held open: when the process ends, reads through it fail, also
 * after its number went to another one. */
#ifndef VN_KERNEL_PROCESS_H
#define VN_KERNEL_PROCESS_H

#include "kernel/files.h"
#include "kernel/kernel.h"

typedef struct vn_process {
	int root, dir;
	int32_t pid;
	bool live; /* the root is this machine: system calls may ask about it */
} vn_process;

enum { VN_RAM_AREAS_MAX = 1024 };

/* 0 or an errno. Close it afterwards. */
int vn_process_open(int root, bool live, int32_t pid, vn_process *ret);
void vn_process_close(vn_process *process);
bool vn_process_ended(const vn_process *process); /* or is a zombie */

/* An errno of a read or a system call about the process, in words. VN_E_SYSTEM. */
int vn_process_fail(const vn_process *process, int error, const char *what, vn_error *err);

/* threads.c: fills guest->threads in place of those that it has. vhost: the kernel's own threads
 * for guests, of vn_vhost_find. VN_E_NOMEM, VN_E_SYSTEM. */
typedef struct vn_vhost {
	uint32_t n, room;
	struct {
		int32_t pid, tid;
	} * items;
	bool no_memory;
	bool possible; /* the kernel has such threads at all */
} vn_vhost;
void vn_vhost_find(int root, vn_vhost *ret); /* vn_vhost_clear it */
void vn_vhost_clear(vn_vhost *vhost);
int vn_threads_read(const vn_process *process, const vn_vhost *vhost, vn_arena *arena,
		    vn_guest *guest, vn_error *err);

/* ram.c */
int vn_ram_find(const vn_process *process, const vn_request *config, vn_arena *arena, vn_ram *ret,
		vn_error *err);
/* page_size.c: the page size of each area; 0 where only numa_maps can say it. */
void vn_ram_page_sizes(const vn_process *process, vn_ram *ram);

/* told.c: the sizes of RAM that QEMU was told on its command line or by `config`, in bytes. */
enum { VN_TOLD_MAX = 512 };
typedef struct vn_told {
	uint32_t n;
	uint64_t bytes[VN_TOLD_MAX];
	bool used[VN_TOLD_MAX];
} vn_told;
void vn_told_read(const vn_process *process, const vn_request *config, vn_told *ret);
bool vn_told_take(vn_told *told, uint64_t bytes); /* an area of this size; each is taken once */

/* memory.c, maps.c: the guest's memory by a sample, or exact. VN_E_NOMEM, VN_E_SYSTEM. */
int vn_memory_sample(const vn_process *process, const vn_host *host, vn_ram *ram, uint32_t samples,
		     vn_arena *arena, vn_memory_use *ret, vn_error *err);
int vn_memory_exact(const vn_process *process, const vn_host *host, vn_ram *ram, vn_arena *arena,
		    vn_memory_use *ret, vn_error *err);
/* The policies of the areas. */
int vn_ram_policies(const vn_process *process, vn_ram *ram, vn_error *err);
/* The page sizes that are not known yet. 0 or an errno. */
int vn_ram_learn_sizes(const vn_process *process, vn_ram *ram);
/* The rows of *ret for the page sizes of the areas, all zero. */
int vn_memory_begin(const vn_process *process, const vn_host *host, const vn_ram *ram,
		    vn_arena *arena, vn_memory_use *ret, vn_error *err);
/* The number in ret->kib of a page size (0: the ordinary one) on a node; -1: no such. */
int64_t vn_memory_slot(const vn_memory_use *use, const vn_host *host, uint64_t page_kib,
		       uint32_t node);

/* move_pages(2): ask (nodes NULL) or move. 0 or an errno. */
int vn_move_pages(int32_t pid, unsigned long count, void **pages, const int *nodes, int *status,
		  int flags);
/* pagemap.c: the nodes of pages that were not found (-ENOENT, -EFAULT) although they are there;
 * -EAGAIN where only that is known. */
void vn_pagemap_find(const vn_process *process, void *const *pages, int *status, uint32_t n);
/* move_pages finds them from now on. */
void vn_pagemap_wake(const vn_process *process, void *const *pages, uint32_t n);
uint64_t vn_page_bytes(void); /* of this machine */

#endif
