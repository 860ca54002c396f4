/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the guests of a host have taken, recorded on the host: the same accounts as vn_host_take
 * keeps for a placement, found from what is there.
 *
 * A vCPU that is pinned to one CPU has that CPU for itself; so have the emulator thread and the
 * idle siblings that a policy of "isolate" asked for. Any other vCPU floats: it is one vCPU of
 * usage, in equal parts on the CPUs that it may use, and a node has what falls on its CPUs, rounded
 * up. vCPUs that are off count too: their guest may turn them on at any time, as a plan assumes. */
#include "running/account.h"

enum { SHARE = 1 << 20 }; /* one vCPU, so that parts of it are whole numbers */

static bool is_online(const vn_host *host, int cpu)
{
	return (uint32_t)cpu < host->n_cpus && host->cpus[cpu].node_ix >= 0;
}

static vn_cpuset online_cpus(const vn_host *host)
{
	vn_cpuset online = { 0 };

	for (int cpu = 0; cpu < (int)host->n_cpus; cpu++)
		if (is_online(host, cpu))
			vn_cpuset_add(&online, (unsigned)cpu);
	return online;
}

static const vn_thread *find_thread(const vn_guest *guest, enum vn_thread_kind kind,
				    uint32_t number)
{
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == kind && guest->threads[i].number == number)
			return &guest->threads[i];
	return NULL;
}

uint32_t account_vcpus(const vn_guest *guest)
{
	uint32_t n = 0;

	if (guest->config)
		return guest->config->vcpus;
	for (uint32_t i = 0; i < guest->n_threads; i++)
		if (guest->threads[i].kind == VN_THREAD_VCPU && guest->threads[i].number >= n)
			n = guest->threads[i].number + 1;
	return n < VN_VCPU_MAX ? n : VN_VCPU_MAX;
}

vn_cpuset account_vcpu_cpus(const vn_running *running, const vn_guest *guest, uint32_t vcpu)
{
	const vn_thread *thread = find_thread(guest, VN_THREAD_VCPU, vcpu);
	const vn_request *config = guest->config;

	if (thread && thread->pin_known)
		return thread->pin;
	if (config && vn_cpuset_has(&config->vcpupin_given, vcpu))
		return config->vcpupin[vcpu];
	if (config && config->cpuset_given)
		return config->cpuset;
	return online_cpus(running->host);
}

/* ---- CPUs ---- */

static void pin(vn_host *host, int cpu)
{
	if (is_online(host, cpu))
		vn_cpuset_add(&host->nodes[host->cpus[cpu].node_ix].pinned, (unsigned)cpu);
}

/* The one CPU of a vCPU that is pinned to one; -1: it floats. On a host with a single CPU every set
 * has one member, and says nothing. */
static int one_cpu(const vn_cpuset *cpus, const vn_cpuset *online)
{
	if (vn_cpuset_count(cpus) != 1 || vn_cpuset_contains(cpus, online))
		return -1;
	return vn_cpuset_next(cpus, -1);
}

static void take_vcpu(vn_host *host, const vn_guest *guest, int cpu)
{
	vn_cpuset siblings;

	pin(host, cpu);
	if (!guest->policy || guest->policy->thread_policy != VN_THREADS_ISOLATE ||
	    !is_online(host, cpu) || host->cpus[cpu].core < 0)
		return;
	siblings = vn_host_core_cpus(host, host->cpus[cpu].core);
	VN_CPUSET_EACH(sibling, &siblings)
		pin(host, sibling);
}

static void float_vcpu(const vn_host *host, vn_cpuset cpus, const vn_cpuset *online,
		       uint64_t *shares)
{
	uint32_t n;

	vn_cpuset_and(&cpus, online);
	n = vn_cpuset_count(&cpus);
	VN_CPUSET_EACH(cpu, &cpus)
		shares[host->cpus[cpu].node_ix] += SHARE / n;
}

/* The emulator's own CPU, where the policy has asked for one. */
static void take_emulator(vn_host *host, const vn_guest *guest, const vn_cpuset *online)
{
	const vn_thread *thread = find_thread(guest, VN_THREAD_EMULATOR, 0);
	vn_cpuset cpus;
	int cpu;

	if (!guest->policy || guest->policy->emulator_policy != VN_EMULATOR_ISOLATE)
		return;
	if (thread && thread->pin_known)
		cpus = thread->pin;
	else if (guest->config && guest->config->emulatorpin_given)
		cpus = guest->config->emulatorpin;
	else
		return;
	cpu = one_cpu(&cpus, online);
	if (cpu >= 0)
		pin(host, cpu);
}

static void take_cpus(vn_running *running, const vn_guest *guest, uint64_t *shares)
{
	vn_cpuset online = online_cpus(running->host);
	uint32_t n = account_vcpus(guest);

	for (uint32_t vcpu = 0; vcpu < n; vcpu++) {
		vn_cpuset cpus = account_vcpu_cpus(running, guest, vcpu);
		int cpu = one_cpu(&cpus, &online);

		if (cpu >= 0)
			take_vcpu(running->host, guest, cpu);
		else
			float_vcpu(running->host, cpus, &online, shares);
	}
	take_emulator(running->host, guest, &online);
}

/* ---- devices ---- */

static void take_devices(vn_host *host, const vn_guest *guest)
{
	for (uint32_t i = 0; guest->config && i < guest->config->n_devices; i++) {
		const vn_guest_device *device = &guest->config->devices[i];

		if (device->kind != VN_DEVICE_HOSTDEV || !device->has_host)
			continue;
		for (uint32_t d = 0; d < host->n_devices; d++)
			if (!vn_pci_address_compare(host->devices[d].address, device->host))
				host->devices[d].taken = true;
	}
}

/* ---- the whole ---- */

static void take_guest(vn_running *running, const vn_guest *guest, uint64_t *shares)
{
	take_cpus(running, guest, shares);
	account_take_memory(running, guest);
	take_devices(running->host, guest);
}

/* out NULL: only `except` is left out. */
static void account(vn_running *running, const vn_guest *except, const bool *out)
{
	vn_host *host = running->host;
	uint64_t shares[VN_NODE_MAX] = { 0 };

	for (uint32_t i = 0; i < running->n_guests; i++) {
		const vn_guest *guest = &running->guests[i];

		if (guest->state == VN_GUEST_OFF)
			continue;
		if (out ? out[i] : guest == except)
			account_return_memory(running, guest);
		else
			take_guest(running, guest, shares);
	}
	for (uint32_t i = 0; i < host->n_nodes; i++) {
		/* what was lost in dividing a vCPU by the CPUs is less than 1/16 of one */
		host->nodes[i].cpu_usage += (uint32_t)((shares[i] + SHARE - SHARE / 16) / SHARE);
		vn_host_count_node(host, i);
	}
}

void vn_running_account(vn_running *running, const vn_guest *except)
{
	account(running, except, NULL);
}

void vn_running_account_some(vn_running *running, const bool *out)
{
	account(running, NULL, out);
}
