/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hosts with guests that run on them, made by hand: what io/virt and io/kernel would have filled.
 */
#ifndef VN_TEST_SHOW_SCENES_H
#define VN_TEST_SHOW_SCENES_H

#include "vnuma/render.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#define MIB_KIB	   UINT64_C(1024)
#define GIB_KIB	   (MIB_KIB * 1024)
#define GUESTS_MAX 16

static inline void *scene_zeroed(vn_running *running, size_t count, size_t size)
{
	void *memory = vn_arena_alloc(running->arena, count ? count : 1, size);

	assert_non_null(memory);
	return memory;
}

/* A host of hwloc's notation, without guests. */
static inline vn_running *running_on(const char *synthetic)
{
	vn_arena *arena = vn_arena_new();
	vn_running *running = vn_arena_alloc(arena, 1, sizeof(*running));
	vn_error err = { 0 };

	assert_non_null(running);
	running->arena = arena;
	running->source = "qemu:///system";
	running->local = true;
	assert_int_equal(vn_host_read(synthetic, &running->host, &err), VN_OK);
	running->guests = scene_zeroed(running, GUESTS_MAX, sizeof(*running->guests));
	return running;
}

static inline vn_cpuset cpus_of(const char *list)
{
	vn_cpuset set;

	assert_int_equal(vn_cpuset_parse(vn_cursor_of_string(NULL, list), &set, NULL), VN_OK);
	return set;
}

/* Guests are added in the order of their names. */
static inline vn_guest *add_guest(vn_running *running, const char *name, const char *xml)
{
	vn_guest *guest = &running->guests[running->n_guests++];
	vn_error err = { 0 };

	assert_true(running->n_guests <= GUESTS_MAX);
	*guest = (vn_guest){ .name = name, .uuid = "", .state = VN_GUEST_RUNNING };
	guest->pid = 1000 + (int32_t)running->n_guests;
	guest->threads = scene_zeroed(running, 256, sizeof(*guest->threads));
	if (!xml) {
		vn_fail(&guest->unreadable, VN_E_SYSTEM, "its XML is not known");
		return guest;
	}
	assert_int_equal(
		vn_request_parse_xml_as_is("guest", xml, strlen(xml), &guest->config, &err), VN_OK);
	assert_int_equal(vn_request_parse_xml("guest", xml, strlen(xml), &guest->policy, &err),
			 VN_OK);
	return guest;
}

/* Threads are added vCPUs first, then I/O threads, then the others. cpus NULL: not known. */
static inline vn_thread *add_thread(vn_guest *guest, enum vn_thread_kind kind, uint32_t number,
				    const char *cpus, int32_t cpu)
{
	vn_thread *thread = &guest->threads[guest->n_threads++];

	assert_true(guest->n_threads <= 256);
	*thread = (vn_thread){ .kind = kind, .number = number, .cpu = cpu };
	thread->tid = guest->pid * 1000 + (int32_t)guest->n_threads;
	thread->times_known = true;
	thread->run_ns = 3000000000;
	thread->wait_ns = 1000000000;
	thread->allowed_known = cpus != NULL;
	if (cpus)
		thread->allowed = cpus_of(cpus);
	return thread;
}

/* Sampled memory: `sizes` page sizes with `kib`, node by node. */
static inline void set_memory(vn_running *running, vn_guest *guest, uint32_t n_sizes,
			      const uint64_t *sizes, const uint64_t *kib)
{
	vn_memory_use *memory = &guest->memory;
	size_t n = (size_t)n_sizes * running->host->n_nodes;

	*memory = (vn_memory_use){ .how = VN_MEASURED_SAMPLED, .samples = 4096 };
	memory->n_sizes = n_sizes;
	memcpy(memory->size_kib, sizes, n_sizes * sizeof(*sizes));
	memory->kib = scene_zeroed(running, n, sizeof(*memory->kib));
	memcpy(memory->kib, kib, n * sizeof(*kib));
	for (size_t i = 0; i < n; i++)
		memory->ram_kib += kib[i];
}

#endif
