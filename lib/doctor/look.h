/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every check sees: the host, and for each guest that is there what follows from its
 * configuration and its threads (a vn_subject), worked out once. And how a check reports. */
#ifndef VN_DOCTOR_LOOK_H
#define VN_DOCTOR_LOOK_H

#include "doctor/domain.h"
#include "vnuma/doctor.h"

/* A cell of the guest; a guest without cells is one. */
typedef struct vn_look_cell {
	vn_cpuset vcpus;
	uint64_t mem_kib;  /* with memory devices that take host memory */
	uint64_t page_kib; /* huge pages; 0: ordinary memory */
	bool bound;	   /* `mem` is said, by <memnode> or <numatune><memory> */
	vn_nodeset mem;	   /* OS numbers */
	enum vn_mem_mode mode;
	vn_nodeset cpu_nodes; /* OS numbers, of its vCPUs' CPUs */
} vn_look_cell;

typedef struct vn_subject {
	int32_t index; /* into running->guests */
	const vn_guest *guest;
	const vn_request *config; /* NULL: unreadable; then nothing below but `examined` counts */
	const vn_domain *domain;
	bool examined, running;
	vn_cpuset *vcpu;      /* [vcpus] online CPUs that it may use: by libvirt, else by its XML */
	vn_cpuset masked;     /* vCPUs that may not use every online CPU */
	vn_cpuset single;     /* vCPUs with one CPU to themselves */
	vn_cpuset own;	      /* CPUs of those */
	vn_cpuset cpus;	      /* of all vCPUs */
	vn_nodeset cpu_nodes; /* of those, OS numbers */
	vn_cpuset emulator;
	bool emulator_masked;
	bool by_numad;	  /* numad chooses at the start, and what it chose is not known */
	bool planned;	  /* vnuma wrote its pins */
	uint32_t n_cells; /* at least 1 */
	vn_look_cell *cells;
	vn_nodeset mem_bound; /* of all bound cells */
} vn_subject;

/* The first vCPU that has a CPU to itself. */
typedef struct vn_look_owner {
	int32_t subject; /* -1: none */
	uint32_t vcpu;
} vn_look_owner;

typedef struct vn_look {
	const vn_running *running;
	const vn_host *host;
	const vn_kernel *kernel; /* all zero when not known */
	bool kernel_known;
	vn_arena *arena;
	vn_cpuset online;
	uint32_t nodes_with_cpus;
	uint32_t n_subjects; /* guests that are on, or examined */
	vn_subject *subjects;
	vn_look_owner *owner; /* [host->n_cpus] */
	vn_cpuset owned;      /* CPUs that have one */
	vn_cpuset given;      /* CPUs that remedies have promised so far */
	vn_cpuset floats;     /* CPUs over which remedies let vCPUs float */
	vn_cpuset repinned;   /* vCPUs of the subject that a remedy pins; the first one stays */
	/* the report */
	const vn_check *check;
	const vn_subject *subject;
	uint32_t n, room, reported;
	vn_finding *findings;
	uint32_t counts[VN_CHECK_STATUS_COUNT];
	vn_finding spare; /* takes what is beyond the limits */
	bool no_memory;
} vn_look;

/* look.c. `examine` as in vn_doctor_options. Errors: VN_E_NOMEM. */
int vn_look_at(const vn_running *running, const bool *examine, vn_look *ret, vn_error *err);

/* ---- questions ---- */

/* Nodes of CPUs, OS numbers. */
vn_nodeset vn_look_nodes_of(const vn_look *look, const vn_cpuset *cpus);
/* CPUs of nodes (OS numbers), online. */
vn_cpuset vn_look_cpus_of(const vn_look *look, const vn_nodeset *nodes);
const vn_node *vn_look_node(const vn_look *look, uint32_t id);	  /* NULL: no such node */
const vn_subject *vn_look_owner_of(const vn_look *look, int cpu); /* NULL: nobody's */
/* Those of the nodes that have memory; with any that has none, all nodes that have: no memory is
 * near it, and what can be had decides. */
vn_nodeset vn_look_memory_near(const vn_look *look, const vn_nodeset *nodes);
/* Do earlier remedies pin these vCPUs anew? Then their pins are this finding's fix too. */
bool vn_look_repinned(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus);
bool vn_look_wrote(const vn_subject *subject, enum vn_setting setting, unsigned number);
bool vn_look_has_pages(const vn_subject *subject); /* any cell on huge pages */
bool vn_look_is_strict(const vn_look_cell *cell);
/* Is the measured memory known, and how much of it is on / not on these nodes? */
bool vn_look_measured(const vn_look *look, const vn_subject *subject);
uint64_t vn_look_memory_on(const vn_look *look, const vn_subject *subject, const vn_nodeset *nodes);
/* CPUs of nodes that no guest has to itself and no remedy has promised; isolated ones left out. */
vn_cpuset vn_look_room(const vn_look *look, const vn_nodeset *nodes);

/* CPUs that an I/O thread may use, and whether that is fewer than all. */
vn_cpuset vn_look_iothread(const vn_look *look, const vn_subject *subject, uint32_t id,
			   bool *masked);

/* ---- texts, in the arena ---- */

const char *vn_look_cpu_list(vn_look *look, const vn_cpuset *cpus);
const char *vn_look_cpus(vn_look *look, const vn_cpuset *cpus); /* "CPU 0", "CPUs 0-3" */
const char *vn_look_node_list(vn_look *look, const vn_nodeset *nodes);
const char *vn_look_size(vn_look *look, uint64_t kib);
const char *vn_look_guest(vn_look *look, const vn_subject *subject); /* its name, for a shell */
/* "vCPU 0", "vCPUs 0-3" */
const char *vn_look_vcpus(vn_look *look, const vn_cpuset *vcpus);

/* ---- reports: a check that reports nothing has passed ---- */

vn_finding *vn_look_find(vn_look *look, enum vn_check_status status, int64_t node,
			 const char *format, ...) VN_PRINTF(4, 5); /* never NULL */
void vn_look_skip(vn_look *look, const char *format, ...) VN_PRINTF(2, 3);
/* The fix, in place of what was there. */
void vn_look_fix(vn_look *look, vn_finding *finding, enum vn_fix_kind kind, const char *format, ...)
	VN_PRINTF(4, 5);
/* A change that can be made now. The remedies of a finding become its fix when the check is done:
 * as commands for a guest that libvirt has, as XML for one from a file. */
void vn_look_remedy(vn_look *look, vn_finding *finding, const vn_remedy *remedy);
void vn_look_write_remedies(vn_look *look, vn_finding *finding);
/* Pin vCPUs to CPUs of these nodes: those with one CPU to one each, the others to all that no guest
 * has to itself. Where there is no room for that: plan it anew. */
void vn_look_pin_to(vn_look *look, vn_finding *finding, const vn_cpuset *vcpus,
		    const vn_nodeset *nodes);
/* The fix "plan it anew". */
void vn_look_plan(vn_look *look, vn_finding *finding);
/* How the virsh commands begin: "virsh", with the URI where it is another than the default. */
const char *vn_look_virsh(vn_look *look);

/* ---- the checks, by file; each is called with the guest, or NULL for the host ---- */

typedef void vn_check_run(vn_look *look, const vn_subject *subject);
extern vn_check_run
	/* wide.c: does the guest have the shape of the host? */
	vn_check_wide,
	vn_check_floating, vn_check_apart, vn_check_cell_spread,
	/* shape.c: what the guest sees */
	vn_check_threads, vn_check_sockets, vn_check_topology, vn_check_partial_cells,
	vn_check_distances, vn_check_planned_elsewhere,
	/* memory.c */
	vn_check_node_memory, vn_check_node_pages, vn_check_memory_nodes, vn_check_memory_modes,
	vn_check_locked, vn_check_locked_growing, vn_check_memory_devices, vn_check_swap,
	/* pins.c */
	vn_check_overcommitted, vn_check_core_shared, vn_check_emulator, vn_check_missing_cpus,
	/* cpus.c */
	vn_check_cache, vn_check_housekeeping, vn_check_isolated,
	/* devices.c */
	vn_check_iothreads, vn_check_devices, vn_check_device_buses,
	/* threads.c: what runs */
	vn_check_drift, vn_check_helpers,
	/* kernel.c: settings of the host */
	vn_check_pools, vn_check_placement_auto, vn_check_numad, vn_check_balancing, vn_check_ksm,
	vn_check_thp, vn_check_zone_reclaim, vn_check_cgroup, vn_check_interrupts,
	vn_check_governor, vn_check_uneven, vn_check_resctrl;

#endif
