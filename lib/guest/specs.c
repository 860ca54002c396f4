/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of OpenStack Nova's extra specs and image properties. One row says everything about a
 * name; the validator, `vnuma help specs` and vnuma-request(5) read it. Names that have no effect
 * on placement are here too, so that a misspelt one is found and not passed over. */
#include "guest/spec.h"

#define CHOICES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const char cpus[] = "a list such as 0-3,^2";
static const char yes_no[] = "true, yes, on, 1 or false, no, off, 0";
static const char no_effect[] = "no effect on placement";
static const char count[] = "a number from 1 to 65536";

enum { TOPOLOGY_MAX = 65536 };

/* clang-format off */
const vn_spec vn_specs[] = {
	{ "hw:numa_nodes", "hw_numa_nodes", VN_SPEC_INT, NULL, 1, VN_CELL_MAX,
	  "a number from 1 to 128", "InvalidNUMANodesNumber",
	  "number of guest cells, each on a node of its own; vCPUs and memory are split evenly" },
	{ "hw:numa_cpus.N", "hw_numa_cpus.N", VN_SPEC_CPUS, NULL, 0, 0,
	  cpus, "Invalid", "vCPUs of cell N; for all cells or for none" },
	{ "hw:numa_mem.N", "hw_numa_mem.N", VN_SPEC_INT, NULL, 1, UINT64_C(1) << 40,
	  "MiB, at least 1", "Invalid", "memory of cell N in MiB; for all cells or for none" },
	{ "hw:mem_page_size", "hw_mem_page_size", VN_SPEC_PAGE_SIZE, NULL, 0, 0,
	  "small, large, any, a number of KiB, or a size such as 2MB or 1GiB",
	  "MemoryPageSizeInvalid",
	  "size of the memory pages; only pages that are free are used" },
	{ "hw:locked_memory", "hw_locked_memory", VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", "lock the guest's memory; needs hw:mem_page_size" },
	{ "hw:cpu_policy", "hw_cpu_policy", VN_SPEC_CHOICE,
	  CHOICES("shared", "dedicated", "mixed"), 0, 0, "shared, dedicated or mixed", "InvalidCPUAllocationPolicy",
	  "floating vCPUs, a CPU for each vCPU, or a CPU for each vCPU of the mask" },
	{ "hw:cpu_dedicated_mask", NULL, VN_SPEC_CPUS, NULL, 0, 0,
	  "a list such as 2-3, or ^0-1 for all but those", "Invalid",
	  "the vCPUs that get a CPU of their own under hw:cpu_policy=mixed" },
	{ "hw:cpu_thread_policy", "hw_cpu_thread_policy", VN_SPEC_CHOICE,
	  CHOICES("prefer", "isolate", "require"), 0, 0, "prefer, isolate or require", "InvalidCPUThreadAllocationPolicy",
	  "dedicated CPUs: siblings if possible, whole cores with idle siblings, siblings only" },
	{ "hw:cpu_threads_policy", "hw_cpu_threads_policy", VN_SPEC_CHOICE,
	  CHOICES("prefer", "isolate", "avoid", "separate"), 0, 0,
	  "prefer, isolate, avoid or separate",
	  "InvalidCPUThreadAllocationPolicy",
	  "older name of hw:cpu_thread_policy; avoid and separate are read as isolate" },
	{ "hw:emulator_threads_policy", NULL, VN_SPEC_CHOICE,
	  CHOICES("share", "isolate"), 0, 0, "share or isolate", "InvalidEmulatorThreadsPolicy",
	  "emulator threads on the host's shared CPUs, or on one more dedicated CPU of cell 0" },
	{ "hw:cpu_realtime", NULL, VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", "real-time scheduling of vCPUs; needs dedicated or mixed" },
	{ "hw:cpu_realtime_mask", "hw_cpu_realtime_mask", VN_SPEC_CPUS, NULL, 0, 0,
	  "a list such as 2-3, or ^0-1 for all but those", "RealtimeMaskNotFoundOrInvalid",
	  "the real-time vCPUs; without it all of them, which needs an emulator policy" },
	{ "hw:cpu_sockets", "hw_cpu_sockets", VN_SPEC_INT, NULL, 1, TOPOLOGY_MAX,
	  count, "InvalidRequest", "preferred sockets of the guest's topology" },
	{ "hw:cpu_cores", "hw_cpu_cores", VN_SPEC_INT, NULL, 1, TOPOLOGY_MAX,
	  count, "InvalidRequest", "preferred cores of a socket" },
	{ "hw:cpu_threads", "hw_cpu_threads", VN_SPEC_INT, NULL, 1, TOPOLOGY_MAX,
	  count, "InvalidRequest", "preferred threads of a core" },
	{ "hw:cpu_max_sockets", "hw_cpu_max_sockets", VN_SPEC_INT, NULL, 1, TOPOLOGY_MAX,
	  count, "InvalidRequest", "most sockets" },
	{ "hw:cpu_max_cores", "hw_cpu_max_cores", VN_SPEC_INT, NULL, 1, TOPOLOGY_MAX,
	  count, "InvalidRequest", "most cores of a socket" },
	{ "hw:cpu_max_threads", "hw_cpu_max_threads", VN_SPEC_INT, NULL, 1, TOPOLOGY_MAX,
	  count, "InvalidRequest", "most threads of a core" },
	{ "hw:pci_numa_affinity_policy", "hw_pci_numa_affinity_policy", VN_SPEC_CHOICE,
	  CHOICES("legacy", "required", "preferred", "socket"), 0, 0,
	  "legacy, required, preferred or socket",
	  "InvalidPCINUMAAffinity",
	  "PCI devices on the guest's nodes: if known, always, if possible, on their socket" },
	{ "hw:pmem", NULL, VN_SPEC_TEXT, NULL, 0, 0,
	  "labels with commas between", "Invalid",
	  "persistent memory; the guest gets cells, the device no node" },
	{ "resources:VCPU", NULL, VN_SPEC_INT, NULL, 0, VN_VCPU_MAX,
	  "a number", "InvalidRequest", "as hw:cpu_policy=shared" },
	{ "resources:PCPU", NULL, VN_SPEC_INT, NULL, 0, VN_VCPU_MAX + 1,
	  "a number", "InvalidRequest", "as hw:cpu_policy=dedicated; must be the vCPUs, plus one "
	  "for isolated emulator threads" },
	{ "trait:HW_CPU_HYPERTHREADING", "trait:HW_CPU_HYPERTHREADING", VN_SPEC_CHOICE,
	  CHOICES("required", "forbidden"), 0, 0, "required or forbidden", "InvalidRequest",
	  "as hw:cpu_thread_policy=require or isolate" },
	{ "hw:maxphysaddr_mode", "hw_maxphysaddr_mode", VN_SPEC_CHOICE,
	  CHOICES("passthrough", "emulate"), 0, 0, "passthrough or emulate", "Invalid", no_effect },
	{ "hw:maxphysaddr_bits", "hw_maxphysaddr_bits", VN_SPEC_INT, NULL, 1, 64,
	  "a number from 1 to 64", "Invalid", no_effect },
	{ "hw:pmu", "hw_pmu", VN_SPEC_BOOL, NULL, 0, 1, yes_no, "Invalid", no_effect },
	{ "hw:vif_multiqueue_enabled", "hw_vif_multiqueue_enabled", VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", no_effect },
	{ "hw:viommu_model", "hw_viommu_model", VN_SPEC_CHOICE,
	  CHOICES("intel", "smmuv3", "virtio", "auto"), 0, 0, "intel, smmuv3, virtio or auto", "Invalid", no_effect },
	{ "hw:mem_encryption", "hw_mem_encryption", VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", "encrypted memory is locked" },
	{ "hw:mem_encryption_model", "hw_mem_encryption_model", VN_SPEC_CHOICE,
	  CHOICES("amd-sev", "amd-sev-es", "amd-sev-snp"), 0, 0,
	  "amd-sev, amd-sev-es or amd-sev-snp", "Invalid", no_effect },
	{ "hw:virtio_packed_ring", "hw_virtio_packed_ring", VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", no_effect },
	{ "hw:hide_hypervisor_id", "img_hide_hypervisor_id", VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", no_effect },
	{ "hw:serial_port_count", "hw_serial_port_count", VN_SPEC_INT, NULL, 0, 255,
	  "a number from 0 to 255", "ImageSerialPortNumberInvalid", no_effect },
	{ "hw:boot_menu", "hw_boot_menu", VN_SPEC_BOOL, NULL, 0, 1, yes_no, "Invalid", no_effect },
	{ "hw:watchdog_action", "hw_watchdog_action", VN_SPEC_CHOICE,
	  CHOICES("none", "pause", "poweroff", "reset", "disabled"), 0, 0,
	  "none, pause, poweroff, reset or disabled", "Invalid",
	  no_effect },
	{ "hw:tpm_version", "hw_tpm_version", VN_SPEC_CHOICE, CHOICES("1.2", "2.0"), 0, 0,
	  "1.2 or 2.0", "Invalid", no_effect },
	{ "hw:tpm_model", "hw_tpm_model", VN_SPEC_TEXT, NULL, 0, 0, "text", "Invalid", no_effect },
	{ "hw:tpm_secret_security", NULL, VN_SPEC_TEXT, NULL, 0, 0, "text", "Invalid", no_effect },
	{ "hw:sound_model", "hw_sound_model", VN_SPEC_TEXT, NULL, 0, 0, "text", "Invalid",
	  no_effect },
	{ "hw:usb_model", "hw_usb_model", VN_SPEC_TEXT, NULL, 0, 0, "text", "Invalid", no_effect },
	{ "hw:redirected_usb_ports", "hw_redirected_usb_ports", VN_SPEC_INT, NULL, 0, 15,
	  "a number from 0 to 15", "Invalid", no_effect },
	{ "hw:ephemeral_encryption", "hw_ephemeral_encryption", VN_SPEC_BOOL, NULL, 0, 1,
	  yes_no, "Invalid", no_effect },
	{ "hw:ephemeral_encryption_format", "hw_ephemeral_encryption_format", VN_SPEC_TEXT, NULL,
	  0, 0, "text", "Invalid", no_effect },
};
/* clang-format on */
const size_t vn_n_specs = VN_LEN(vn_specs);

static_assert(VN_LEN(vn_specs) <= VN_SPEC_ROWS_MAX, "room for each row in a vn_spec_set");
