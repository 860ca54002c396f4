/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The threads of a guest as libvirt knows them: a vCPU for each that is on, the I/O threads, and
 * the emulator as one; with the CPUs that libvirt lets each of them use. */
#include "virt/inventory.h"

#include <stdlib.h>
#include <string.h>

/* What libvirt tells about a guest's threads, in its own arrays. */
struct told {
	int max_vcpus, map_bytes;
	int n_vcpus; /* that are on */
	virVcpuInfoPtr vcpus;
	int n_pins; /* by the number of the vCPU */
	unsigned char *pins;
	bool emulator_known;
	unsigned char emulator[VIRT_MAP_BYTES];
	int n_iothreads;
	virDomainIOThreadInfoPtr *iothreads;
};

static void free_told(struct told *told)
{
	for (int i = 0; i < told->n_iothreads; i++)
		virDomainIOThreadInfoFree(told->iothreads[i]);
	free(told->iothreads);
	free(told->vcpus);
	free(told->pins);
}
#define TOLD __attribute__((cleanup(free_told))) struct told

static int count_map_bytes(virConnectPtr conn, const vn_host *host)
{
	int cpus = virNodeGetCPUMap(conn, NULL, NULL, 0);

	if (cpus < (int)host->n_cpus)
		cpus = (int)host->n_cpus;
	return VIR_CPU_MAPLEN(cpus < VN_CPU_MAX ? cpus : VN_CPU_MAX);
}

static int ask_vcpus(virDomainPtr domain, struct told *told)
{
	if (told->max_vcpus < 1 || told->max_vcpus > VN_VCPU_MAX)
		return -1;
	told->vcpus = calloc((size_t)told->max_vcpus, sizeof(*told->vcpus));
	told->pins = calloc((size_t)told->max_vcpus, (size_t)told->map_bytes);
	if (!told->vcpus || !told->pins)
		return -1;
	told->n_vcpus = virDomainGetVcpus(domain, told->vcpus, told->max_vcpus, NULL, 0);
	told->n_pins = virDomainGetVcpuPinInfo(domain, told->max_vcpus, told->pins, told->map_bytes,
					       VIR_DOMAIN_AFFECT_LIVE);
	return told->n_vcpus;
}

/* What a driver does not know about emulator and I/O threads stays unknown. */
static void ask_others(virDomainPtr domain, struct told *told)
{
	told->emulator_known = virDomainGetEmulatorPinInfo(domain, told->emulator, told->map_bytes,
							   VIR_DOMAIN_AFFECT_LIVE) > 0;
	told->n_iothreads =
		virDomainGetIOThreadInfo(domain, &told->iothreads, VIR_DOMAIN_AFFECT_LIVE);
	if (told->n_iothreads < 0)
		told->n_iothreads = 0;
}

static int by_kind_and_number(const void *one, const void *two)
{
	const vn_thread *a = one, *b = two;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static vn_thread *add_thread(vn_guest *guest, enum vn_thread_kind kind, uint32_t number)
{
	vn_thread *thread = &guest->threads[guest->n_threads++];

	*thread = (vn_thread){ .kind = kind, .number = number, .cpu = -1 };
	return thread;
}

static void set_pin(vn_thread *thread, const unsigned char *map, int bytes)
{
	thread->pin_known = true;
	thread->pin = virt_cpus_of(map, bytes);
}

static void add_vcpus(const struct told *told, vn_guest *guest)
{
	for (int i = 0; i < told->n_vcpus; i++) {
		const virVcpuInfo *info = &told->vcpus[i];
		vn_thread *thread = add_thread(guest, VN_THREAD_VCPU, info->number);

		if (info->cpu >= 0 && info->cpu < VN_CPU_MAX)
			thread->cpu = info->cpu;
		if (info->number < (unsigned)(told->n_pins > 0 ? told->n_pins : 0))
			set_pin(thread, told->pins + (size_t)info->number * (size_t)told->map_bytes,
				told->map_bytes);
	}
}

static void add_others(const struct told *told, vn_guest *guest)
{
	vn_thread *emulator;

	for (int i = 0; i < told->n_iothreads; i++) {
		const virDomainIOThreadInfo *info = told->iothreads[i];

		set_pin(add_thread(guest, VN_THREAD_IOTHREAD, info->iothread_id), info->cpumap,
			info->cpumaplen);
	}
	emulator = add_thread(guest, VN_THREAD_EMULATOR, 0);
	if (told->emulator_known)
		set_pin(emulator, told->emulator, told->map_bytes);
}

int virt_read_threads(vn_virt *virt, virDomainPtr domain, unsigned which, vn_running *running,
		      vn_guest *guest, vn_error *err)
{
	TOLD told = { .max_vcpus = virDomainGetMaxVcpus(domain),
		      .map_bytes = count_map_bytes(virt->conn, running->host) };
	size_t n;

	if (ask_vcpus(domain, &told) < 0) {
		virt_fail(virt, &guest->no_threads, "the vCPUs of guest '%.80s'", guest->name);
		return VN_OK;
	}
	ask_others(domain, &told);
	n = (size_t)told.n_vcpus + (size_t)told.n_iothreads + 1;
	if (n > VN_THREADS_MAX) {
		vn_fail(&guest->no_threads, VN_E_RANGE, "%zu threads (legal: %d)", n,
			VN_THREADS_MAX);
		return VN_OK;
	}
	guest->threads = vn_arena_alloc(running->arena, n, sizeof(*guest->threads));
	if (!guest->threads)
		return vn_fail(err, VN_E_NOMEM, "no memory for the threads of '%.80s'",
			       guest->name);
	add_vcpus(&told, guest);
	add_others(&told, guest);
	qsort(guest->threads, guest->n_threads, sizeof(*guest->threads), by_kind_and_number);
	virt_read_ids(virt, domain, which, guest);
	return VN_OK;
}
