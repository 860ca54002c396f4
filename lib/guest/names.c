/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The words of a request, one table for each enum. Parser, messages, help and man pages read them.
 */
#include "vnuma/guest.h"

const char *const vn_mode_names[VN_MODE_COUNT] = {
	[VN_MODE_AUTO] = "auto",
	[VN_MODE_HOST] = "host",
	[VN_MODE_NODE] = "node",
};

const char *const vn_distribution_names[VN_DISTRIBUTION_COUNT] = {
	[VN_DISTRIBUTION_CONTIGUOUS] = "contiguous",
	[VN_DISTRIBUTION_SIBLINGS] = "siblings",
	[VN_DISTRIBUTION_ROUND_ROBIN] = "round-robin",
	[VN_DISTRIBUTION_INTERLEAVE] = "interleave",
};

const char *const vn_mem_mode_names[VN_MEM_MODE_COUNT] = {
	[VN_MEM_STRICT] = "strict",
	[VN_MEM_PREFERRED] = "preferred",
	[VN_MEM_INTERLEAVE] = "interleave",
	[VN_MEM_RESTRICTIVE] = "restrictive",
};

const char *const vn_cpu_policy_names[VN_CPU_POLICY_COUNT] = {
	[VN_CPU_SHARED] = "shared",
	[VN_CPU_DEDICATED] = "dedicated",
	[VN_CPU_MIXED] = "mixed",
};

const char *const vn_thread_policy_names[VN_THREAD_POLICY_COUNT] = {
	[VN_THREADS_PREFER] = "prefer",
	[VN_THREADS_ISOLATE] = "isolate",
	[VN_THREADS_REQUIRE] = "require",
};

const char *const vn_emulator_policy_names[VN_EMULATOR_POLICY_COUNT] = {
	[VN_EMULATOR_DEFAULT] = "default",
	[VN_EMULATOR_SHARE] = "share",
	[VN_EMULATOR_ISOLATE] = "isolate",
};

const char *const vn_pci_policy_names[VN_PCI_POLICY_COUNT] = {
	[VN_PCI_LEGACY] = "legacy",
	[VN_PCI_REQUIRED] = "required",
	[VN_PCI_PREFERRED] = "preferred",
	[VN_PCI_SOCKET] = "socket",
};

const char *const vn_setting_names[VN_SETTING_COUNT] = {
	[VN_SET_MEMORY] = "memory",
	[VN_SET_VCPUS] = "vcpus",
	[VN_SET_PLACEMENT] = "placement",
	[VN_SET_VCPUPIN] = "vcpupin",
	[VN_SET_EMULATORPIN] = "emulatorpin",
	[VN_SET_IOTHREADPIN] = "iothreadpin",
	[VN_SET_NUMATUNE] = "numatune",
	[VN_SET_MEMNODE] = "memnode",
	[VN_SET_HUGEPAGES] = "hugepages",
	[VN_SET_LOCKED] = "locked",
	[VN_SET_NOSHAREPAGES] = "nosharepages",
	[VN_SET_SHARED_MEMORY] = "shared",
	[VN_SET_TOPOLOGY] = "topology",
	[VN_SET_CELLS] = "cells",
	[VN_SET_DISTANCES] = "distances",
	[VN_SET_MEMACCESS] = "memaccess",
	[VN_SET_CONTROLLERS] = "controllers",
	[VN_SET_MEMDEV_NODE] = "memdevnode",
	[VN_SET_VCPUSCHED] = "vcpusched",
};

/* The arrays have a slot for each value; an unnamed one at the end would be a NULL slot. */
static_assert(VN_SET_VCPUSCHED + 1 == VN_SETTING_COUNT, "name every setting");
static_assert(VN_PCI_SOCKET + 1 == VN_PCI_POLICY_COUNT, "name every PCI policy");
static_assert(VN_EMULATOR_ISOLATE + 1 == VN_EMULATOR_POLICY_COUNT, "name every emulator policy");
static_assert(VN_THREADS_REQUIRE + 1 == VN_THREAD_POLICY_COUNT, "name every thread policy");
static_assert(VN_CPU_MIXED + 1 == VN_CPU_POLICY_COUNT, "name every CPU policy");
static_assert(VN_MEM_RESTRICTIVE + 1 == VN_MEM_MODE_COUNT, "name every memory mode");
static_assert(VN_DISTRIBUTION_INTERLEAVE + 1 == VN_DISTRIBUTION_COUNT, "name every distribution");
static_assert(VN_MODE_NODE + 1 == VN_MODE_COUNT, "name every mode");
