/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A request: one guest, its policy, and what its owner has already fixed. It is read from a domain
 * XML (with <vnuma> in either place, or none), from the command line's few words, or from JSON.
 * A vn_request owns all of its memory (its arena). */
#ifndef VNUMA_GUEST_H
#define VNUMA_GUEST_H

#include "vnuma/base.h"

enum {
	VN_GUEST_DEVICES_MAX = 256,
	VN_PCI_REQUESTS_MAX = 64,
	VN_IOTHREADS_MAX = 256,
	VN_XML_MAX = 16 << 20, /* bytes of a domain XML, libvirt's own limit is smaller */
	VN_JSON_MAX = 64 << 20,
};
/* Most memory of a guest: 16 EiB would wrap; libvirt stops at 2^63 bytes too. */
#define VN_GUEST_MEM_MAX_KIB (UINT64_C(1) << 50)

/* Each enum has its name table (vn_..._names, in lib/guest/names.c): the parser, the help, the man
 * page and the messages read that one. */
enum vn_mode { VN_MODE_AUTO, VN_MODE_HOST, VN_MODE_NODE, VN_MODE_COUNT };
enum vn_distribution {
	VN_DISTRIBUTION_CONTIGUOUS,
	VN_DISTRIBUTION_SIBLINGS,
	VN_DISTRIBUTION_ROUND_ROBIN,
	VN_DISTRIBUTION_INTERLEAVE,
	VN_DISTRIBUTION_COUNT
};
enum vn_mem_mode {
	VN_MEM_STRICT,
	VN_MEM_PREFERRED,
	VN_MEM_INTERLEAVE, /* only where the XML's own numatune says so */
	VN_MEM_RESTRICTIVE,
	VN_MEM_MODE_COUNT
};
enum vn_cpu_policy { VN_CPU_SHARED, VN_CPU_DEDICATED, VN_CPU_MIXED, VN_CPU_POLICY_COUNT };
enum vn_thread_policy { /* Nova's hw:cpu_thread_policy */
			VN_THREADS_PREFER,
			VN_THREADS_ISOLATE,
			VN_THREADS_REQUIRE,
			VN_THREAD_POLICY_COUNT
};
enum vn_emulator_policy {
	VN_EMULATOR_DEFAULT, /* the union of the guest's own CPUs */
	VN_EMULATOR_SHARE,   /* the host's shared CPUs */
	VN_EMULATOR_ISOLATE, /* one more dedicated CPU, on the node of cell 0 */
	VN_EMULATOR_POLICY_COUNT
};
enum vn_pci_policy {
	VN_PCI_LEGACY,
	VN_PCI_REQUIRED,
	VN_PCI_PREFERRED,
	VN_PCI_SOCKET,
	VN_PCI_POLICY_COUNT
};
enum vn_page_want {
	VN_PAGES_NONE,	  /* ordinary memory, no wish */
	VN_PAGES_SMALL,	  /* the smallest size, and only pages that are free */
	VN_PAGES_LARGE,	  /* any huge size, the largest that fits */
	VN_PAGES_ANY,	  /* the largest that fits, small pages too */
	VN_PAGES_DEFAULT, /* <hugepages/> without a size: the smallest huge size of the node */
	VN_PAGES_SIZE,	  /* exactly page_kib */
	VN_PAGE_WANT_COUNT
};
extern const char *const vn_mode_names[VN_MODE_COUNT];
extern const char *const vn_distribution_names[VN_DISTRIBUTION_COUNT];
extern const char *const vn_mem_mode_names[VN_MEM_MODE_COUNT];
extern const char *const vn_cpu_policy_names[VN_CPU_POLICY_COUNT];
extern const char *const vn_thread_policy_names[VN_THREAD_POLICY_COUNT];
extern const char *const vn_emulator_policy_names[VN_EMULATOR_POLICY_COUNT];
extern const char *const vn_pci_policy_names[VN_PCI_POLICY_COUNT];

/* The settings of a domain XML that the planner writes. The metadata element records which of them
 * it wrote, as a set of numbers each ("vcpupin='0-15'"), so that a later plan may change those and
 * only those. vn_setting_names has the attribute names; vn_settings says what the numbers are. */
enum vn_setting {
	VN_SET_MEMORY,	      /* <memory>, <currentMemory>                       flag */
	VN_SET_VCPUS,	      /* <vcpus>                                          flag */
	VN_SET_PLACEMENT,     /* <vcpu placement=>                                flag */
	VN_SET_VCPUPIN,	      /* <vcpupin>                                        vCPU numbers */
	VN_SET_EMULATORPIN,   /* <emulatorpin>                                    flag */
	VN_SET_IOTHREADPIN,   /* <iothreadpin>                                    I/O thread numbers
			       */
	VN_SET_NUMATUNE,      /* <numatune><memory>                               flag */
	VN_SET_MEMNODE,	      /* <memnode>                                        cell numbers */
	VN_SET_HUGEPAGES,     /* <memoryBacking><hugepages>                       flag */
	VN_SET_LOCKED,	      /* <memoryBacking><locked/>                         flag */
	VN_SET_NOSHAREPAGES,  /* <memoryBacking><nosharepages/>                   flag */
	VN_SET_SHARED_MEMORY, /* <memoryBacking><access mode='shared'/> + source  flag */
	VN_SET_TOPOLOGY,      /* <cpu><topology>                                  flag */
	VN_SET_CELLS,	      /* <cpu><numa> with its cells                       flag */
	VN_SET_DISTANCES,     /* <distances> of the cells                         cell numbers */
	VN_SET_MEMACCESS,     /* <cell memAccess=>                                cell numbers */
	VN_SET_CONTROLLERS, /* expander buses and root ports                    controller indexes;
			       the address of a device that sits on one of these is ours too */
	VN_SET_MEMDEV_NODE, /* <target><node> of memory devices                 position, 0 first */
	VN_SET_VCPUSCHED,   /* <vcpusched>                                      flag */
	VN_SETTING_COUNT
};
extern const char *const vn_setting_names[VN_SETTING_COUNT];

/* A cell that the owner has fixed, by <cpu><numa> or by hw:numa_*. */
typedef struct vn_request_cell {
	vn_cpuset vcpus;
	uint64_t mem_kib;
	vn_spot at;
} vn_request_cell;

/* Pages wanted for some cells (the XML's <page nodeset=>), first match wins. */
typedef struct vn_request_pages {
	enum vn_page_want want;
	uint64_t page_kib; /* for VN_PAGES_SIZE */
	vn_cpuset cells;   /* cell numbers; empty = every cell */
	vn_spot at;
} vn_request_pages;

/* A memory device (DIMM, NVDIMM, virtio-mem) of the guest. */
typedef struct vn_request_memdev {
	uint64_t size_kib;
	bool uses_host_memory; /* false for an NVDIMM or virtio-pmem: a file or a device backs it */
	int32_t cell;	       /* its <target><node> as the owner fixed it, -1 = not said */
	vn_nodeset nodemask;   /* <source><nodemask>, empty = not said */
	vn_spot at;
} vn_request_memdev;

enum vn_guest_device_kind {
	VN_DEVICE_HOSTDEV,   /* a PCI device passed through: `host` is its address */
	VN_DEVICE_INTERFACE, /* a virtual NIC on a host bridge or NIC: `host_name` */
	VN_DEVICE_DISK,	     /* a disk on a host block device: `host_name` */
	VN_DEVICE_KIND_COUNT
};

/* A guest device that has a place on the host. Its host node is looked up by the placement. */
typedef struct vn_guest_device {
	enum vn_guest_device_kind kind;
	bool has_host; /* `host` is set */
	vn_pci_address host;
	const char *host_name; /* "br0", "eno1", "nvme0n1" (without /dev/); NULL if none */
	enum vn_pci_policy policy;
	bool is_pci; /* the guest sees it as a PCI device, so it can sit on an expander bus */
	bool address_fixed; /* the owner gave its guest address: it is not moved */
	uint32_t element;   /* its position among the element children of <devices>, 0 first */
	vn_spot at;
} vn_guest_device;

/* A device request by kind (Nova's PCI alias): `count` devices of vendor:product. */
typedef struct vn_pci_request {
	uint16_t vendor, product; /* 0 = any */
	uint32_t count;
	enum vn_pci_policy policy;
} vn_pci_request;

/* What the owner's topology fixes; 0 = not said. */
typedef struct vn_topology {
	uint32_t sockets, dies, cores, threads;
} vn_topology;

typedef struct vn_request {
	vn_arena *arena;
	const char *source; /* file name or "command line" */
	const char *name;   /* the guest's; NULL if it has none */
	const char *xml;    /* the whole document, when it came from one; NUL-terminated */
	size_t xml_len;

	/* size */
	uint32_t vcpus;	       /* maximum */
	uint32_t vcpus_online; /* at start; = vcpus unless <vcpu current=> */
	uint64_t mem_kib;      /* of all cells together; memory devices are not in it */
	uint32_t n_iothreads;  /* <iothreads>; ids are iothread_ids[] */
	uint32_t iothread_ids[VN_IOTHREADS_MAX];

	/* policy */
	enum vn_mode mode;
	enum vn_distribution distribution;
	enum vn_mem_mode mem_mode;
	bool nodeset_given;
	vn_nodeset nodeset;    /* host nodes that may be used; meaningful when nodeset_given */
	uint32_t n_cells_want; /* <partition cells=>; 0 = not said */
	enum vn_cpu_policy cpu_policy;
	vn_cpuset dedicated; /* vCPUs that get a CPU of their own: none, all, or the mixed mask */
	enum vn_thread_policy thread_policy;
	bool thread_policy_given;
	enum vn_emulator_policy emulator_policy;
	bool realtime;
	vn_cpuset realtime_vcpus;
	bool locked, locked_given;
	vn_topology topology_want; /* hw:cpu_sockets ...: preferred, 0 = not said */
	vn_topology topology_max;  /* hw:cpu_max_*: 0 = no limit */
	enum vn_pci_policy pci_policy;
	bool pci_policy_given;
	bool numa_wanted; /* Nova's rule: a NUMA topology was asked for (spec forms only) */

	/* what the owner has fixed */
	uint32_t n_cells; /* 0 = not fixed */
	vn_request_cell *cells;
	uint32_t n_pages;
	vn_request_pages *pages;
	vn_cpuset vcpupin_given; /* vCPUs with a fixed pin */
	vn_cpuset *vcpupin;	 /* [vcpus], NULL if vcpupin_given is empty */
	bool cpuset_given;	 /* <vcpu cpuset=> */
	vn_cpuset cpuset;
	bool emulatorpin_given;
	vn_cpuset emulatorpin;
	vn_cpuset iothreadpin_given; /* I/O thread ids with a fixed pin */
	bool numatune_given;	     /* <numatune><memory nodeset=> */
	vn_nodeset numatune;
	vn_cpuset memnode_given; /* cell numbers with a fixed <memnode> */
	vn_nodeset *memnode;	 /* [VN_CELL_MAX], NULL if memnode_given is empty */
	bool topology_given;
	vn_topology topology;	  /* all four set when given */
	bool distances_given;	  /* the cells carry <distances>: they are kept */
	bool needs_shared_memory; /* a vhost-user interface or virtiofs */
	uint32_t n_memdevs;
	vn_request_memdev *memdevs;
	uint32_t n_devices;
	vn_guest_device *devices;
	uint32_t n_pci_requests;
	vn_pci_request *pci_requests;
	/* Networks that want a node of the guest near them (Nova's limits, not the request's own
	 * JSON). A network that no node of the host is near pulls nowhere. */
	uint32_t n_physnets;
	const char **physnets;
	bool tunneled;

	/* what an earlier plan wrote: those settings above are as if absent */
	vn_cpuset wrote[VN_SETTING_COUNT];
	/* where these settings stand, for messages */
	vn_spot at_vcpu, at_memory, at_policy, at_topology, at_numa, at_cpuset, at_numatune,
		at_partition, at_emulatorpin;
	vn_spot *at_vcpupin; /* [vcpus] as vcpupin; NULL if that is */
	vn_spot *at_memnode; /* [VN_CELL_MAX] as memnode; NULL if that is */
} vn_request;

/* Read a domain XML. DTDs, entities and external references are refused. */
int vn_request_parse_xml(const char *source, const char *bytes, size_t size, vn_request **ret,
			 vn_error *err);

/* The same, but every setting counts as the owner's, also those that a plan wrote, and <vnuma> is
 * passed over: what libvirt makes of the document. What libvirt mends or passes over in silence is
 * no error here: vCPUs of no cell are in cell 0, the cells' memory wins over <memory>, a vcpupin of
 * a vCPU that there is not is left out, and so is placement='auto'. */
int vn_request_parse_xml_as_is(const char *source, const char *bytes, size_t size, vn_request **ret,
			       vn_error *err);

/* Read the JSON form: {"vcpus", "mem_mib", "extra_specs", "image_props", "pci_requests"} or with
 * "guest" (the cells themselves), as in the batch format; a whole CASE {"host", "request"} too. */
int vn_request_parse_json(const char *source, const char *bytes, size_t size, vn_request **ret,
			  vn_error *err);

/* The command-line form. specs and props are "KEY=VALUE" strings. */
typedef struct vn_request_words {
	const char *name; /* may be NULL */
	uint32_t vcpus;
	uint64_t mem_kib;
	size_t n_specs, n_props;
	const char *const *specs, *const *props;
} vn_request_words;
int vn_request_from_words(const vn_request_words *words, vn_request **ret, vn_error *err);

void vn_request_free(vn_request *request); /* accepts NULL */
VN_DEFINE_AUTO(vn_request)

/* The table of Nova's extra specs and image properties: name, image twin, type, legal values, who
 * may set it, the error. The validator, `vnuma help specs` and the man page read it. */
enum vn_spec_type {
	VN_SPEC_INT,
	VN_SPEC_BOOL,
	VN_SPEC_CHOICE,
	VN_SPEC_CPUS,
	VN_SPEC_PAGE_SIZE,
	VN_SPEC_TEXT,
};
typedef struct vn_spec {
	const char *flavor; /* "hw:numa_nodes"; ".N" at the end: one per cell */
	const char *image;  /* "hw_numa_nodes"; NULL if only the flavor may set it */
	enum vn_spec_type type;
	const char *const *choices; /* for VN_SPEC_CHOICE, ends in NULL */
	uint64_t min, max;	    /* for VN_SPEC_INT */
	const char *legal;	    /* what is legal, in words, for help and messages */
	const char *error;	    /* Nova's exception for a bad value */
	const char *help;	    /* what it does, one line */
} vn_spec;
extern const vn_spec vn_specs[];
extern const size_t vn_n_specs;

#endif
