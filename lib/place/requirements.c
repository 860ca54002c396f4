/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The words for what a node can lack, and the other small tables of place.h. */
#include "vnuma/place.h"

const vn_requirement_text vn_requirements[VN_REQUIREMENT_COUNT] = {
	[VN_NEED_NOTHING] = { "fits", "", "nothing is missing" },
	[VN_NEED_ALLOWED] = { "nodeset", "", "a node that the request allows" },
	[VN_NEED_CPUS_PRESENT] = { "has-cpus", "CPUs", "a node with CPUs that guests may use" },
	[VN_NEED_CPUS] = { "cpus", "CPUs", "as many CPUs as vCPUs" },
	[VN_NEED_UNPINNED] = { "unpinned-cpus", "CPUs", "CPUs that no guest is pinned to" },
	[VN_NEED_FREE_CPUS] = { "free-cpus", "CPUs", "free CPUs for 1:1 pins" },
	[VN_NEED_FREE_CORES] = { "free-cores", "cores", "whole free cores" },
	[VN_NEED_SIBLINGS] = { "siblings", "CPUs", "free CPUs that share cores" },
	[VN_NEED_CPU_RATIO] = { "cpu-ratio", "vCPUs", "room for floating vCPUs" },
	[VN_NEED_PAGE_SIZE] = { "page-size", "KiB", "pages of the wanted size" },
	[VN_NEED_PAGES] = { "pages", "KiB", "free pages of the wanted size" },
	[VN_NEED_WHOLE_PAGES] = { "whole-pages", "KiB", "memory in whole pages" },
	[VN_NEED_MEMORY] = { "memory", "KiB", "free memory" },
	[VN_NEED_RESERVE] = { "reserve", "KiB", "free memory beside what is kept free" },
	[VN_NEED_PINS] = { "pins", "CPUs", "the CPUs that the vcpupin of the guest names" },
	[VN_NEED_MEMNODE] = { "memnode", "", "the node that the numatune of the guest names" },
	[VN_NEED_DEVICE] = { "device", "devices", "a device that must be local" },
	[VN_NEED_NETWORK] = { "network", "networks", "a network that the guest wants near" },
	[VN_NEED_TOGETHER] = { "together", "cells", "room for all cells at once" },
};

const char *const vn_strategy_names[VN_STRATEGY_COUNT] = {
	[VN_STRATEGY_SPREAD] = "spread",
	[VN_STRATEGY_PACK] = "pack",
};

const char *const vn_size_by_names[VN_SIZE_BY_COUNT] = {
	[VN_SIZE_BY_CORES] = "cores",
	[VN_SIZE_BY_THREADS] = "threads",
};

const vn_place_options vn_place_defaults = {
	.strategy = VN_STRATEGY_SPREAD,
	.size_by = VN_SIZE_BY_CORES,
	.cpu_ratio_percent = 400,
	.ram_ratio_percent = 100,
};
