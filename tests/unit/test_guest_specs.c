/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Extra specs and image properties: what Nova makes of them (the facts were taken from the results
 * of Nova's own tests, 26.2.2), in the form that a request has. Each row is read as JSON and as
 * words of a command line, which must agree. */
#include "vnuma/guest.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	uint32_t vcpus;
	uint64_t mem_mib;
	const char *flavor, *image; /* "key=value; key=value", or NULL */
	const char *name;	    /* Nova's exception; "" an error of ours; NULL none */
	const char *out;	    /* the summary, or the message */
} rows[] = {
	/* ---- cells ---- */
	{ 8, 2048, "hw:numa_nodes=0",
	  NULL, "InvalidNUMANodesNumber",
	  "hw:numa_nodes is '0' (legal: a number from 1 to 128)" },
	{ 8, 2048, "hw:numa_nodes=-1",
	  NULL, "InvalidNUMANodesNumber",
	  "hw:numa_nodes is '-1' (legal: a number from 1 to 128)" },
	{ 8, 2048, "hw:numa_nodes=3; hw:numa_cpus.0=0-3; hw:numa_mem.0=1024; hw:numa_cpus.1=4,6; "
	  "hw:numa_mem.1=512; hw:numa_cpus.2=5,7; hw:numa_mem.2=512",
	  NULL, NULL,
	  "shared cells=0-3:1024,4,6:512,5,7:512" },
	{ 8, 2048, "hw:numa_nodes=1; hw:numa_cpus.0=0-16; hw:numa_mem.0=2048",
	  NULL, "ImageNUMATopologyCPUOutOfRange",
	  "hw:numa_cpus.0 is '0-16' (legal: vCPUs 0 to 7)" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-7; hw:numa_mem.0=1024; hw:numa_cpus.1=0-7; "
	  "hw:numa_mem.1=1024",
	  NULL, "ImageNUMATopologyCPUDuplicates",
	  "vCPU 0 is in hw:numa_cpus.0 '0-7' and in hw:numa_cpus.1 '0-7'" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-2; hw:numa_mem.0=1024; hw:numa_cpus.1=3-4; "
	  "hw:numa_mem.1=1024",
	  NULL, "ImageNUMATopologyCPUsUnassigned",
	  "vCPU 5 is in no hw:numa_cpus list, but the guest has 8 vCPUs" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-3; hw:numa_mem.0=512; hw:numa_cpus.1=4-7; "
	  "hw:numa_mem.1=512",
	  NULL, "ImageNUMATopologyMemoryOutOfRange",
	  "the cells' hw:numa_mem add up to 1024 MiB, but the guest has 2097152 KiB" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-3; hw:numa_mem.0=1576; hw:numa_cpus.1=4-7; "
	  "hw:numa_mem.1=1576",
	  NULL, "ImageNUMATopologyMemoryOutOfRange",
	  "the cells' hw:numa_mem add up to 3152 MiB, but the guest has 2097152 KiB" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-3; hw:numa_mem.1=1576",
	  NULL, "ImageNUMATopologyIncomplete",
	  "hw:numa_mem.1 is given, but none for cell 0" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_mem.0=1576; hw:numa_cpus.1=4-7",
	  NULL, "ImageNUMATopologyIncomplete",
	  "hw:numa_cpus.1 is given, but none for cell 0" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-3; hw:numa_cpus.1=4-7; hw:numa_mem.0=1576",
	  NULL, "ImageNUMATopologyIncomplete",
	  "hw:numa_nodes is 2, with hw:numa_cpus.N for 2 cells and hw:numa_mem.N for 1 (legal: "
	  "both for all cells, or neither)" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-3; hw:numa_mem.0=1024; hw:numa_mem.1=1024",
	  NULL, "ImageNUMATopologyIncomplete",
	  "hw:numa_nodes is 2, with hw:numa_cpus.N for 1 cells and hw:numa_mem.N for 2 (legal: "
	  "both for all cells, or neither)" },
	{ 8, 2048, "hw:numa_nodes=2",
	  "hw_numa_nodes=4", "ImageNUMATopologyForbidden",
	  "image property hw_numa_nodes is '4', but the flavor's hw:numa_nodes is '2'" },
	{ 4, 2048, "hw:numa_nodes=2; hw:cpu_policy=dedicated",
	  NULL, NULL,
	  "dedicated dedicated=0-3 cells=0-1:1024,2-3:1024" },
	{ 4, 2048, "hw:numa_nodes=2",
	  "hw_cpu_policy=dedicated", NULL,
	  "dedicated dedicated=0-3 cells=0-1:1024,2-3:1024" },
	{ 4, 2048, NULL,
	  "hw_cpu_policy=dedicated", NULL,
	  "dedicated dedicated=0-3 cells=0-3:2048" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=3,7; hw:numa_nodes=2",
	  NULL, NULL,
	  "mixed dedicated=3,7 cells=0-3:1024,4-7:1024" },
	{ 4, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=1,3",
	  NULL, NULL,
	  "mixed dedicated=1,3 cells=0-3:2048" },
	{ 8, 4096, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=^3-5; hw:numa_nodes=2",
	  NULL, NULL,
	  "mixed dedicated=0-2,6-7 cells=0-3:2048,4-7:2048" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=1,3; hw:numa_nodes=2; "
	  "hw:numa_cpus.0=0-1; hw:numa_mem.0=1024; hw:numa_cpus.1=2-7; hw:numa_mem.1=1024",
	  NULL, NULL,
	  "mixed dedicated=1,3 cells=0-1:1024,2-7:1024" },
	{ 4, 2048, "hw:cpu_policy=shared; hw:cpu_dedicated_mask=0",
	  NULL, "RequiredMixedInstancePolicy",
	  "hw:cpu_dedicated_mask under CPU policy 'shared' (legal: with 'mixed')" },
	{ 4, 2048, "hw:cpu_policy=dedicated; hw:cpu_dedicated_mask=0",
	  NULL, "RequiredMixedInstancePolicy",
	  "hw:cpu_dedicated_mask under CPU policy 'dedicated' (legal: with 'mixed')" },
	{ 4, 2048, "hw:cpu_policy=mixed",
	  NULL, "RequiredMixedOrRealtimeCPUMask",
	  "CPU policy 'mixed' with neither of hw:cpu_dedicated_mask and hw:cpu_realtime "
	  "(legal: one of them)" },
	{ 4, 2048, "hw:emulator_threads_policy=isolate; hw:cpu_policy=mixed; hw:cpu_dedicated_mask=3",
	  NULL, NULL,
	  "mixed dedicated=3 emulator=isolate cells=0-3:2048" },
	{ 6, 2048, "hw:cpu_policy=mixed; hw:cpu_realtime=yes; hw:cpu_realtime_mask=^0-2",
	  NULL, NULL,
	  "mixed dedicated=3-5 realtime=3-5 cells=0-5:2048" },
	{ 4, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=3; hw:cpu_realtime=yes; "
	  "hw:cpu_realtime_mask=^0-2",
	  NULL, "RequiredMixedOrRealtimeCPUMask",
	  "CPU policy 'mixed' with both of hw:cpu_dedicated_mask and hw:cpu_realtime (legal: "
	  "one of them)" },
	{ 16, 2048, "hw:emulator_threads_policy=foo",
	  NULL, "InvalidEmulatorThreadsPolicy",
	  "hw:emulator_threads_policy is 'foo' (legal: share or isolate)" },
	{ 16, 2048, "hw:emulator_threads_policy=isolate",
	  NULL, "BadRequirementEmulatorThreadsPolicy",
	  "hw:emulator_threads_policy is 'isolate' under CPU policy 'shared' (legal: with "
	  "'dedicated' or 'mixed')" },
	{ 4, 2048, "hw:emulator_threads_policy=isolate; hw:cpu_policy=dedicated",
	  NULL, NULL,
	  "dedicated dedicated=0-3 emulator=isolate cells=0-3:2048" },
	{ 4, 2048, "hw:emulator_threads_policy=isolate",
	  "hw_cpu_policy=dedicated", NULL,
	  "dedicated dedicated=0-3 emulator=isolate cells=0-3:2048" },
	{ 4, 2048, "hw:cpu_policy=dedicated; hw:cpu_thread_policy=foo",
	  NULL, "InvalidCPUThreadAllocationPolicy",
	  "hw:cpu_thread_policy is 'foo' (legal: prefer, isolate or require)" },
	{ 4, 2048, "hw:cpu_policy=shared",
	  "hw_cpu_policy=dedicated", "ImageCPUPinningForbidden",
	  "image property hw_cpu_policy is 'dedicated', but the flavor's hw:cpu_policy is "
	  "'shared'" },
	{ 4, 2048, "hw:pmem=2GB",
	  NULL, NULL,
	  "shared cells=0-3:2048" },
	{ 4, 2048, "resources:PCPU=4; trait:HW_CPU_HYPERTHREADING=forbidden",
	  NULL, NULL,
	  "dedicated dedicated=0-3 threads=isolate cells=0-3:2048" },
	{ 4, 2048, "resources:PCPU=2; resources:VCPU=2",
	  NULL, "InvalidRequest",
	  "resources:VCPU and resources:PCPU are given (legal: one of them)" },
	{ 4, 2048, "resources:PCPU=5",
	  NULL, "InvalidRequest",
	  "resources:PCPU is '5' (legal: 4, the vCPUs)" },
	{ 4, 2048, "hw:emulator_threads_policy=isolate; resources:PCPU=4",
	  NULL, "InvalidRequest",
	  "resources:PCPU is '4' (legal: 5, the vCPUs and the emulator)" },
	{ 8, 2048, "hw:numa_nodes=3",
	  NULL, "ImageNUMATopologyAsymmetric",
	  "8 vCPUs and 2097152 KiB do not split into 3 even cells of whole MiB (legal: numbers "
	  "that divide, or hw:numa_cpus.N and hw:numa_mem.N)" },
	{ 8, 2050, "hw:numa_nodes=4",
	  NULL, "ImageNUMATopologyAsymmetric",
	  "8 vCPUs and 2099200 KiB do not split into 4 even cells of whole MiB (legal: numbers "
	  "that divide, or hw:numa_cpus.N and hw:numa_mem.N)" },
	{ 8, 2048, "hw:numa_nodes=two",
	  NULL, "InvalidNUMANodesNumber",
	  "hw:numa_nodes is 'two' (legal: a number from 1 to 128)" },
	{ 8, 2048, "hw:numa_nodes=129",
	  NULL, "InvalidNUMANodesNumber",
	  "hw:numa_nodes is '129' (legal: a number from 1 to 128)" },
	{ 8, 2048, NULL,
	  "hw_numa_nodes=2", NULL,
	  "shared cells=0-3:1024,4-7:1024" },
	{ 8, 2048, "hw:numa_nodes=2; hw:numa_cpus.0=0-3; hw:numa_mem.0=1024; hw:numa_cpus.1=4-7; "
	  "hw:numa_mem.1=1024",
	  "hw_numa_cpus.0=0-3", "ImageNUMATopologyForbidden",
	  "image property hw_numa_cpus.0 is given, but the flavor has hw:numa_cpus.0" },
	{ 8, 2048, "hw:numa_nodes=1; hw:numa_cpus.0=0-7; hw:numa_mem.0=2048; hw:numa_cpus.2=1",
	  NULL, "ImageNUMATopologyIncomplete",
	  "hw:numa_cpus.2 is given, but none for cell 1" },
	{ 8, 2048, "hw:numa_cpus.0=0-7; hw:numa_mem.0=2048",
	  NULL, "ImageNUMATopologyIncomplete",
	  "hw:numa_nodes is not given, with hw:numa_cpus.N for 1 cells and hw:numa_mem.N for 1 "
	  "(legal: both for all cells, or neither)" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:numa_cpus.0=0-7; hw:numa_mem.0=2048",
	  NULL, NULL,
	  "dedicated dedicated=0-7 cells=0-7:2048" },
	{ 8, 2048, "hw:numa_nodes=1; hw:numa_cpus.0=0-x; hw:numa_mem.0=2048",
	  NULL, "Invalid",
	  "hw:numa_cpus.0 is '0-x' (legal: a list such as 0-3,^2)" },
	{ 8, 2048, "hw:numa_nodes=1; hw:numa_cpus.0=0-7; hw:numa_mem.0=0",
	  NULL, "Invalid",
	  "hw:numa_mem.0 is '0' (legal: MiB, at least 1)" },
	{ 8, 2048, "hw:numa_cpus.128=0-7",
	  NULL, "",
	  "'hw:numa_cpus.128' is not an extra spec of Nova (legal: the names that 'vnuma help "
	  "specs' lists)" },
	{ 8, 2048, NULL,
	  NULL, NULL,
	  "shared no-numa" },
	{ 4, 1024, "hw:numa_nodes=2",
	  NULL, NULL,
	  "shared cells=0-1:512,2-3:512" },

	/* ---- CPU policy ---- */
	{ 8, 2048, "hw:cpu_policy=dedicated",
	  "hw_cpu_policy=dedicated", NULL,
	  "dedicated dedicated=0-7 cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=dedicated",
	  NULL, NULL,
	  "dedicated dedicated=0-7 cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=mixed",
	  "hw_cpu_policy=dedicated", "ImageCPUPinningForbidden",
	  "image property hw_cpu_policy is 'dedicated', but the flavor's hw:cpu_policy is "
	  "'mixed'" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=1",
	  "hw_cpu_policy=shared", NULL,
	  "mixed dedicated=1 cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=1",
	  NULL, NULL,
	  "mixed dedicated=1 cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=shared",
	  "hw_cpu_policy=dedicated", "ImageCPUPinningForbidden",
	  "image property hw_cpu_policy is 'dedicated', but the flavor's hw:cpu_policy is "
	  "'shared'" },
	{ 8, 2048, "hw:cpu_policy=shared",
	  "hw_cpu_policy=mixed", "ImageCPUPinningForbidden",
	  "image property hw_cpu_policy is 'mixed', but the flavor's hw:cpu_policy is 'shared'" },
	{ 8, 2048, NULL,
	  "hw_cpu_policy=dedicated", NULL,
	  "dedicated dedicated=0-7 cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_dedicated_mask=1",
	  "hw_cpu_policy=mixed", NULL,
	  "mixed dedicated=1 cells=0-7:2048" },
	{ 8, 2048, NULL,
	  "hw_cpu_policy=shared", NULL,
	  "shared no-numa" },
	{ 8, 2048, "hw:cpu_policy=invalid",
	  NULL, "InvalidCPUAllocationPolicy",
	  "hw:cpu_policy is 'invalid' (legal: shared, dedicated or mixed)" },
	{ 8, 2048, "resources:VCPU=8",
	  NULL, NULL,
	  "shared no-numa" },
	{ 8, 2048, "resources:VCPU=8; hw:cpu_policy=shared",
	  NULL, "InvalidRequest",
	  "resources:VCPU and a CPU policy ('shared') are given (legal: one of them)" },
	{ 8, 2048, "resources:PCPU=9; hw:emulator_threads_policy=isolate",
	  NULL, NULL,
	  "dedicated dedicated=0-7 emulator=isolate cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=0-7",
	  NULL, "InvalidMixedInstanceDedicatedMask",
	  "hw:cpu_dedicated_mask is '0-7' (legal: some of the vCPUs 0 to 7, not all)" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=7-8",
	  NULL, "InvalidMixedInstanceDedicatedMask",
	  "hw:cpu_dedicated_mask is '7-8' (legal: some of the vCPUs 0 to 7, not all)" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=^0-7",
	  NULL, "InvalidMixedInstanceDedicatedMask",
	  "hw:cpu_dedicated_mask is '^0-7' (legal: some of the vCPUs 0 to 7, not all)" },
	{ 8, 2048, "hw:cpu_policy=mixed; hw:cpu_dedicated_mask=^1,0-3",
	  NULL, NULL,
	  "mixed dedicated=0,2-7 cells=0-7:2048" },
	{ 8, 2048, NULL,
	  "hw_cpu_dedicated_mask=1", "",
	  "'hw_cpu_dedicated_mask' is not an image property of Nova (legal: the names that "
	  "'vnuma help specs' lists)" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:cpu_thread_policy=prefer",
	  "hw_cpu_thread_policy=require", NULL,
	  "dedicated dedicated=0-7 threads=prefer cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:cpu_thread_policy=isolate",
	  "hw_cpu_thread_policy=require", "ImageCPUThreadPolicyForbidden",
	  "image property hw_cpu_thread_policy is 'require', but the flavor's "
	  "hw:cpu_thread_policy is 'isolate'" },
	{ 8, 2048, "hw:cpu_policy=dedicated",
	  "hw_cpu_thread_policy=require", NULL,
	  "dedicated dedicated=0-7 threads=require cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_thread_policy=isolate",
	  NULL, "CPUThreadPolicyConfigurationInvalid",
	  "CPU thread policy 'isolate' under CPU policy 'shared' (legal: with 'dedicated' or "
	  "'mixed')" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:cpu_thread_policy=isolate; "
	  "trait:HW_CPU_HYPERTHREADING=required",
	  NULL, "InvalidRequest",
	  "trait:HW_CPU_HYPERTHREADING and a CPU thread policy ('isolate') are given (legal: "
	  "one of them)" },
	{ 8, 2048, "hw:cpu_policy=dedicated; trait:HW_CPU_HYPERTHREADING=required",
	  NULL, NULL,
	  "dedicated dedicated=0-7 threads=require cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=dedicated",
	  "trait:HW_CPU_HYPERTHREADING=required", NULL,
	  "dedicated dedicated=0-7 threads=require cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:cpu_threads_policy=avoid",
	  NULL, NULL,
	  "dedicated dedicated=0-7 threads=isolate cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:cpu_threads_policy=separate",
	  NULL, NULL,
	  "dedicated dedicated=0-7 threads=isolate cells=0-7:2048" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:cpu_threads_policy=prefer; hw:cpu_thread_policy=require",
	  NULL, "InvalidCPUThreadAllocationPolicy",
	  "hw:cpu_threads_policy is 'prefer', but hw:cpu_thread_policy is 'require'" },
	{ 8, 2048, "hw:cpu_policy=dedicated; hw:emulator_threads_policy=share",
	  NULL, NULL,
	  "dedicated dedicated=0-7 emulator=share cells=0-7:2048" },
	{ 8, 2048, "hw:emulator_threads_policy=share",
	  NULL, NULL,
	  "shared emulator=share no-numa" },

	/* ---- real time ---- */
	{ 3, 2048, "hw:cpu_realtime=true; hw:emulator_threads_policy=isolate; hw:cpu_policy=dedicated",
	  NULL, NULL,
	  "dedicated dedicated=0-2 realtime=0-2 emulator=isolate cells=0-2:2048" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_realtime_mask=0-2,^0; hw:cpu_policy=dedicated",
	  NULL, NULL,
	  "dedicated dedicated=0-2 realtime=1-2 cells=0-2:2048" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_realtime_mask=^0-2; hw:cpu_policy=dedicated",
	  NULL, "RealtimeMaskNotFoundOrInvalid",
	  "hw:cpu_realtime_mask is '^0-2' (legal: at least one of the vCPUs 0 to 2)" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_realtime_mask=0-3,^0; hw:cpu_policy=dedicated",
	  NULL, "RealtimeMaskNotFoundOrInvalid",
	  "hw:cpu_realtime_mask is '0-3,^0' (legal: at least one of the vCPUs 0 to 2)" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_policy=dedicated",
	  NULL, "RealtimeMaskNotFoundOrInvalid",
	  "every vCPU is a real-time one (legal: hw:cpu_realtime_mask that leaves one out, or "
	  "hw:emulator_threads_policy)" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_realtime_mask=^1; hw:cpu_policy=dedicated",
	  NULL, NULL,
	  "dedicated dedicated=0-2 realtime=0,2 cells=0-2:2048" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_realtime_mask=^1; hw:cpu_policy=dedicated",
	  "hw_cpu_realtime_mask=^0-1", NULL,
	  "dedicated dedicated=0-2 realtime=2 cells=0-2:2048" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_policy=dedicated",
	  "hw_cpu_realtime_mask= ^1", NULL,
	  "dedicated dedicated=0-2 realtime=0,2 cells=0-2:2048" },
	{ 3, 2048, "hw:cpu_realtime=true; hw:cpu_policy=dedicated",
	  "hw_cpu_realtime_mask=1-2", NULL,
	  "dedicated dedicated=0-2 realtime=1-2 cells=0-2:2048" },
	{ 4, 2048, "hw:cpu_realtime=yes; hw:cpu_realtime_mask=0-1",
	  NULL, "RealtimeConfigurationInvalid",
	  "hw:cpu_realtime under CPU policy 'shared' (legal: with 'dedicated' or 'mixed')" },
	{ 4, 2048, "hw:cpu_realtime=maybe",
	  NULL, "Invalid",
	  "hw:cpu_realtime is 'maybe' (legal: true, yes, on, 1 or false, no, off, 0)" },
	{ 4, 2048, "hw:cpu_realtime_mask=0-1",
	  NULL, NULL,
	  "shared no-numa" },

	/* ---- topology ---- */
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=foo; hw:cpu_threads=1; hw:cpu_max_sockets=8; "
	  "hw:cpu_max_cores=2; hw:cpu_max_threads=1",
	  NULL, "InvalidRequest",
	  "hw:cpu_cores is 'foo' (legal: a number from 1 to 65536)" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=foo; hw:cpu_max_sockets=8; "
	  "hw:cpu_max_cores=2; hw:cpu_max_threads=1",
	  NULL, "InvalidRequest",
	  "hw:cpu_threads is 'foo' (legal: a number from 1 to 65536)" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=1; hw:cpu_max_sockets=foo; "
	  "hw:cpu_max_cores=2; hw:cpu_max_threads=1",
	  NULL, "InvalidRequest",
	  "hw:cpu_max_sockets is 'foo' (legal: a number from 1 to 65536)" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=1; hw:cpu_max_sockets=8; "
	  "hw:cpu_max_cores=foo; hw:cpu_max_threads=1",
	  NULL, "InvalidRequest",
	  "hw:cpu_max_cores is 'foo' (legal: a number from 1 to 65536)" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=1; hw:cpu_max_sockets=8; "
	  "hw:cpu_max_cores=2; hw:cpu_max_threads=foo",
	  NULL, "InvalidRequest",
	  "hw:cpu_max_threads is 'foo' (legal: a number from 1 to 65536)" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=1",
	  NULL, NULL,
	  "shared want=8.2.1 no-numa" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=1; hw:cpu_max_threads=2",
	  "hw_cpu_sockets=4; hw_cpu_cores=2; hw_cpu_threads=2", NULL,
	  "shared want=4.2.2 max=0.0.2 no-numa" },
	{ 16, 2048, "hw:cpu_sockets=8; hw:cpu_cores=2; hw:cpu_threads=1",
	  "hw_cpu_sockets=2", NULL,
	  "shared want=2.0.0 no-numa" },
	{ 16, 2048, "hw:cpu_sockets=2; hw:cpu_cores=8; hw:cpu_threads=1",
	  "hw_cpu_max_cores=4", NULL,
	  "shared max=0.4.0 no-numa" },
	{ 16, 2048, "hw:cpu_max_cores=8; hw:cpu_max_threads=1",
	  "hw_cpu_max_cores=16", "ImageVCPULimitsRangeExceeded",
	  "image property hw_cpu_max_cores is '16', but the flavor's hw:cpu_max_cores is '8'" },
	{ 16, 2048, "hw:cpu_sockets=0",
	  NULL, "InvalidRequest",
	  "hw:cpu_sockets is '0' (legal: a number from 1 to 65536)" },
	{ 16, 2048, "hw:cpu_max_sockets=2",
	  "hw_cpu_sockets=4", "ImageVCPUTopologyRangeExceeded",
	  "hw_cpu_sockets is '4', but at most 2 sockets are allowed" },
	{ 16, 2048, "hw:cpu_max_sockets=2; hw:cpu_max_cores=2; hw:cpu_max_threads=2",
	  NULL, "ImageVCPULimitsRangeImpossible",
	  "hw:cpu_max_sockets, _cores and _threads allow 8 vCPUs, but the guest has 16" },
	{ 16, 2048, "hw:cpu_sockets=4; hw:cpu_cores=2; hw:cpu_threads=2",
	  NULL, NULL,
	  "shared want=4.2.2 no-numa" },

	/* ---- page size ---- */
	{ 16, 2048, "hw:mem_page_size=-42",
	  NULL, "MemoryPageSizeInvalid",
	  "hw:mem_page_size is '-42' (legal: small, large, any, a number of KiB, or a size "
	  "such as 2MB or 1GiB)" },
	{ 16, 2048, "hw:mem_page_size=2M",
	  NULL, "MemoryPageSizeInvalid",
	  "hw:mem_page_size is '2M' (legal: small, large, any, a number of KiB, or a size such "
	  "as 2MB or 1GiB)" },
	{ 16, 2048, "hw:mem_page_size=2048",
	  NULL, NULL,
	  "shared pages=2048 cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=small",
	  NULL, NULL,
	  "shared pages=small cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=any",
	  NULL, NULL,
	  "shared pages=any cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=small",
	  "hw_mem_page_size=2048", "MemoryPageSizeForbidden",
	  "image property hw_mem_page_size is '2048', but the flavor's hw:mem_page_size is "
	  "'small'" },
	{ 16, 2048, NULL,
	  "hw_mem_page_size=2048", "MemoryPageSizeForbidden",
	  "image property hw_mem_page_size is '2048', but the flavor has no hw:mem_page_size "
	  "(legal: 'large' or 'any' there)" },
	{ 16, 2048, "hw:mem_page_size=large",
	  NULL, NULL,
	  "shared pages=large cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=2MB",
	  NULL, NULL,
	  "shared pages=2048 cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=1GiB",
	  NULL, NULL,
	  "shared pages=1048576 cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=16Mb",
	  NULL, NULL,
	  "shared pages=2048 cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=0",
	  NULL, "MemoryPageSizeInvalid",
	  "hw:mem_page_size is '0' (legal: small, large, any, a number of KiB, or a size such "
	  "as 2MB or 1GiB)" },
	{ 16, 2048, "hw:mem_page_size=18446744073709551616",
	  NULL, "MemoryPageSizeInvalid",
	  "hw:mem_page_size is '18446744073709551616' (legal: small, large, any, a number of "
	  "KiB, or a size such as 2MB or 1GiB)" },
	{ 16, 2048, "hw:mem_page_size=huge",
	  NULL, "MemoryPageSizeInvalid",
	  "hw:mem_page_size is 'huge' (legal: small, large, any, a number of KiB, or a size "
	  "such as 2MB or 1GiB)" },
	{ 16, 2048, "hw:mem_page_size=large",
	  "hw_mem_page_size=2MB", NULL,
	  "shared pages=2048 cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=any",
	  "hw_mem_page_size=small", NULL,
	  "shared pages=small cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=2048",
	  "hw_mem_page_size=2048", "MemoryPageSizeForbidden",
	  "image property hw_mem_page_size is '2048', but the flavor's hw:mem_page_size is "
	  "'2048'" },

	/* ---- locked memory ---- */
	{ 16, 2048, "hw:locked_memory=True",
	  NULL, "LockMemoryForbidden",
	  "hw:locked_memory without hw:mem_page_size (legal: with it)" },
	{ 16, 2048, NULL,
	  "hw_locked_memory=True", "LockMemoryForbidden",
	  "hw_locked_memory without hw:mem_page_size (legal: with it)" },
	{ 16, 2048, "hw:mem_page_size=small",
	  "hw_locked_memory=True", NULL,
	  "shared pages=small locked cells=0-15:2048" },
	{ 16, 2048, NULL,
	  "hw_locked_memory=False", NULL,
	  "shared no-numa" },
	{ 16, 2048, "hw:locked_memory=True; hw:mem_page_size=small",
	  "hw_mem_encryption=True; hw_mem_encryption_model=amd-sev; hw_firmware_type=uefi", NULL,
	  "shared pages=small locked cells=0-15:2048" },
	{ 16, 2048, "hw:mem_page_size=small; hw:locked_memory=true",
	  "hw_locked_memory=false", "FlavorImageLockedMemoryConflict",
	  "image property hw_locked_memory is 'false', but the flavor's hw:locked_memory is "
	  "'true'" },
	{ 16, 2048, "hw:mem_encryption=true",
	  NULL, NULL,
	  "shared locked no-numa" },

	/* ---- PCI policy ---- */
	{ 16, 2048, "hw:pci_numa_affinity_policy=required",
	  NULL, NULL,
	  "shared pci=required no-numa" },
	{ 16, 2048, NULL,
	  "hw_pci_numa_affinity_policy=required", NULL,
	  "shared pci=required no-numa" },
	{ 16, 2048, NULL,
	  "hw_pci_numa_affinity_policy=preferred", NULL,
	  "shared pci=preferred no-numa" },
	{ 16, 2048, "hw:pci_numa_affinity_policy=required",
	  "hw_pci_numa_affinity_policy=required", NULL,
	  "shared pci=required no-numa" },
	{ 16, 2048, "hw:pci_numa_affinity_policy=legacy",
	  "hw_pci_numa_affinity_policy=legacy", NULL,
	  "shared pci=legacy no-numa" },
	{ 16, 2048, "hw:pci_numa_affinity_policy=preferred",
	  "hw_pci_numa_affinity_policy=preferred", NULL,
	  "shared pci=preferred no-numa" },
	{ 16, 2048, "hw:pci_numa_affinity_policy=socket",
	  "hw_pci_numa_affinity_policy=socket", NULL,
	  "shared pci=socket no-numa" },
	{ 16, 2048, "hw:pci_numa_affinity_policy=required",
	  "hw_pci_numa_affinity_policy=preferred", "ImagePCINUMAPolicyForbidden",
	  "image property hw_pci_numa_affinity_policy is 'preferred', but the flavor's "
	  "hw:pci_numa_affinity_policy is 'required'" },
	{ 16, 2048, "hw:pci_numa_affinity_policy=near",
	  NULL, "InvalidPCINUMAAffinity",
	  "hw:pci_numa_affinity_policy is 'near' (legal: legacy, required, preferred or socket)" },

	/* ---- flavor and image agree ---- */
	{ 1, 512, "hw:pmu=on",
	  NULL, NULL,
	  "shared no-numa" },
	{ 1, 512, "hw:pmu=true",
	  "hw_pmu=False", "FlavorImageConflict",
	  "image property hw_pmu is 'False', but the flavor's hw:pmu is 'true'" },
	{ 1, 512, "hw:pmu=true",
	  "hw_pmu=True", NULL,
	  "shared no-numa" },
	{ 1, 512, NULL,
	  "hw_pmu=yes", NULL,
	  "shared no-numa" },
	{ 4, 512, "hw:maxphysaddr_mode=emulate; hw:maxphysaddr_bits=42",
	  NULL, NULL,
	  "shared no-numa" },
	{ 4, 512, "hw:maxphysaddr_mode=guess",
	  NULL, "Invalid",
	  "hw:maxphysaddr_mode is 'guess' (legal: passthrough or emulate)" },
	{ 4, 512, "hw:viommu_model=intel",
	  "hw_viommu_model=virtio", "FlavorImageConflict",
	  "image property hw_viommu_model is 'virtio', but the flavor's hw:viommu_model is "
	  "'intel'" },
	{ 4, 512, "hw:numa_node=2",
	  NULL, "",
	  "'hw:numa_node' is not an extra spec of Nova (legal: the names that 'vnuma help "
	  "specs' lists)" },
	{ 4, 512, "quota:cpu_shares=10; aggregate_instance_extra_specs:ssd=true",
	  "hw_disk_bus=virtio; os_type=linux", NULL,
	  "shared no-numa" },
	{ 4, 512, "fast=yes",
	  NULL, "",
	  "'fast' is not an extra spec of Nova (legal: the names that 'vnuma help specs' lists)" },
	{ 4, 512, NULL,
	  "hw_cpu_polcy=shared", "",
	  "'hw_cpu_polcy' is not an image property of Nova (legal: the names that 'vnuma help "
	  "specs' lists)" },
	{ 2, 1024, NULL,
	  NULL, NULL,
	  "shared no-numa" },
	{ 2, 1024, "hw:vif_multiqueue_enabled=yes",
	  "hw_vif_multiqueue_enabled=True", NULL,
	  "shared no-numa" },
	{ 2, 1024, "hw:vif_multiqueue_enabled=no",
	  "hw_vif_multiqueue_enabled=True", "FlavorImageConflict",
	  "image property hw_vif_multiqueue_enabled is 'True', but the flavor's "
	  "hw:vif_multiqueue_enabled is 'no'" },
	{ 8, 2048, "hw:serial_port_count=3",
	  "hw_serial_port_count=4", "ImageSerialPortNumberExceedFlavorValue",
	  "image property hw_serial_port_count is '4', but the flavor's hw:serial_port_count "
	  "is '3'" },
	{ 8, 2048, NULL,
	  "hw_serial_port_count=2", NULL,
	  "shared no-numa" },
};
/* clang-format on */

static void add_masks(vn_text *text, const vn_request *request)
{
	if (!vn_cpuset_is_empty(&request->dedicated)) {
		vn_text_add(text, " dedicated=");
		vn_text_add_cpuset(text, &request->dedicated);
	}
	if (request->realtime) {
		vn_text_add(text, " realtime=");
		vn_text_add_cpuset(text, &request->realtime_vcpus);
	}
}

static void add_topology(vn_text *text, const char *name, const vn_topology *topology)
{
	if (topology->sockets || topology->cores || topology->threads)
		vn_text_addf(text, " %s=%u.%u.%u", name, topology->sockets, topology->cores,
			     topology->threads);
}

static void add_pages(vn_text *text, const vn_request *request)
{
	static const char *const wants[VN_PAGE_WANT_COUNT] = {
		[VN_PAGES_SMALL] = "small", [VN_PAGES_LARGE] = "large", [VN_PAGES_ANY] = "any"
	};

	for (uint32_t i = 0; i < request->n_pages; i++) {
		const vn_request_pages *pages = &request->pages[i];

		if (pages->want == VN_PAGES_SIZE)
			vn_text_addf(text, " pages=%ju", (uintmax_t)pages->page_kib);
		else
			vn_text_addf(text, " pages=%s", wants[pages->want]);
		if (!vn_cpuset_is_empty(&pages->cells)) {
			vn_text_add(text, "@");
			vn_text_add_cpuset(text, &pages->cells);
		}
	}
}

/* What the specs decided, in one line: "dedicated cells=0-3:1024,4-7:1024". */
static void summarize(const vn_request *request, vn_text *text)
{
	vn_text_add(text, vn_cpu_policy_names[request->cpu_policy]);
	add_masks(text, request);
	if (request->thread_policy_given)
		vn_text_addf(text, " threads=%s", vn_thread_policy_names[request->thread_policy]);
	if (request->emulator_policy != VN_EMULATOR_DEFAULT)
		vn_text_addf(text, " emulator=%s",
			     vn_emulator_policy_names[request->emulator_policy]);
	add_topology(text, "want", &request->topology_want);
	add_topology(text, "max", &request->topology_max);
	add_pages(text, request);
	if (request->locked)
		vn_text_add(text, " locked");
	if (request->pci_policy_given)
		vn_text_addf(text, " pci=%s", vn_pci_policy_names[request->pci_policy]);
	for (uint32_t i = 0; i < request->n_pci_requests; i++)
		vn_text_addf(text, " %ux%04x:%04x=%s", request->pci_requests[i].count,
			     request->pci_requests[i].vendor, request->pci_requests[i].product,
			     vn_pci_policy_names[request->pci_requests[i].policy]);
	for (uint32_t i = 0; i < request->n_cells; i++) {
		vn_text_add(text, i ? "," : " cells=");
		vn_text_add_cpuset(text, &request->cells[i].vcpus);
		vn_text_addf(text, ":%ju", (uintmax_t)request->cells[i].mem_kib / 1024);
	}
	if (!request->numa_wanted)
		vn_text_add(text, " no-numa");
}

/* One "key=value" after the other; false at the end. */
static bool next_entry(const char **list, char *key, char *value)
{
	const char *end, *equals;

	if (!*list || !**list)
		return false;
	end = strstr(*list, "; ");
	end = end ? end : *list + strlen(*list);
	equals = memchr(*list, '=', (size_t)(end - *list));
	assert_non_null(equals);
	sprintf(key, "%.*s", (int)(equals - *list), *list);
	sprintf(value, "%.*s", (int)(end - equals - 1), equals + 1);
	*list = *end ? end + 2 : end;
	return true;
}

static void add_object(vn_text *text, const char *name, const char *list)
{
	char key[80], value[80];
	const char *comma = "";

	vn_text_addf(text, ", \"%s\": {", name);
	while (next_entry(&list, key, value)) {
		vn_text_addf(text, "%s\"%s\": \"%s\"", comma, key, value);
		comma = ", ";
	}
	vn_text_add(text, "}");
}

static void check(size_t row, int r, const vn_request *request, const vn_error *err)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;

	if (rows[row].name) {
		assert_true(r < 0);
		assert_string_equal(err->text, rows[row].out);
		assert_string_equal(err->name ? err->name : "", rows[row].name);
		return;
	}
	assert_int_equal(r, VN_OK);
	summarize(request, &text);
	assert_string_equal(text.bytes, rows[row].out);
}

static void test_json(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		VN_AUTO_TEXT text = VN_TEXT_INIT;
		VN_AUTO(vn_request) request = NULL;
		vn_error err = { 0 };
		int r;

		print_message("# %.70s\n", rows[i].out);
		vn_text_addf(&text, "{\"vcpus\": %u, \"mem_mib\": %ju", rows[i].vcpus,
			     (uintmax_t)rows[i].mem_mib);
		add_object(&text, "extra_specs", rows[i].flavor);
		add_object(&text, "image_props", rows[i].image);
		vn_text_add(&text, "}");
		r = vn_request_parse_json(NULL, text.bytes, text.len, &request, &err);
		check(i, r, request, &err);
		if (r < 0) {
			assert_int_equal(err.line, 1);
			assert_true(err.column > 1);
		}
	}
}

enum { WORDS_MAX = 16, WORD_BYTES = 160 };

static size_t split(const char *list, char words[][WORD_BYTES], const char **ret)
{
	char key[80], value[80];
	size_t count = 0;

	while (next_entry(&list, key, value)) {
		assert_true(count < WORDS_MAX);
		sprintf(words[count], "%s=%s", key, value);
		ret[count] = words[count];
		count++;
	}
	return count;
}

/* The words of a command line name no cells that Nova only implies: one cell then may be many. */
static void test_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < VN_LEN(rows); i++) {
		static char flavor[WORDS_MAX][WORD_BYTES], image[WORDS_MAX][WORD_BYTES];
		const char *specs[WORDS_MAX], *props[WORDS_MAX];
		VN_AUTO(vn_request) request = NULL;
		vn_request_words words = { .vcpus = rows[i].vcpus,
					   .mem_kib = rows[i].mem_mib * 1024,
					   .specs = specs,
					   .props = props };
		vn_error err = { 0 };
		int r;

		print_message("# %.70s\n", rows[i].out);
		words.n_specs = split(rows[i].flavor, flavor, specs);
		words.n_props = split(rows[i].image, image, props);
		r = vn_request_from_words(&words, &request, &err);
		if (r == VN_OK && !request->n_cells && request->numa_wanted) {
			vn_request_cell one = { .mem_kib = request->mem_kib };

			vn_cpuset_add_range(&one.vcpus, 0, request->vcpus - 1);
			request->cells = &one;
			request->n_cells = 1;
			check(i, r, request, &err);
			continue;
		}
		check(i, r, request, &err);
		if (r < 0)
			assert_string_equal(err.source, "command line");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests_name("guest_specs", tests, NULL, NULL);
}
