/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory as QEMU arguments: a backend for each cell and memory device, the cells and their
 * distances. The rules are those of libvirt's qemuBuildMemoryBackendProps. */
#include "render/qemu.h"

#include <string.h>

#include "render/xml.h"
#include "vnuma/guest.h"

struct backend {
	const char *kind; /* ram, memfd or file */
	char *path;	  /* for a file; owned by libxml2 */
	uint64_t size_kib;
	uint64_t huge_kib; /* page size; 0 = ordinary pages */
	enum { SHARE_DEFAULT, SHARE_OFF, SHARE_ON } share;
	bool prealloc;
	const char *policy; /* NULL: none */
	vn_nodeset nodes;
};

static uint64_t attr_size_kib(const xmlNode *node, const char *attr)
{
	VN_XML_STRING value = vn_elem_get(node, attr);
	VN_XML_STRING unit = vn_elem_get(node, "unit");
	uint64_t kib;

	return vn_xml_size_kib(value, unit, &kib) ? kib : 0;
}

/* ---- what the document says about the memory of a cell ---- */

/* The <page> whose nodeset has the cell, else the one without a nodeset. <hugepages/> alone means
 * the host's default size: the one that the placement counted with. */
static uint64_t huge_page_kib(const vn_qemu *qemu, uint32_t cell)
{
	const xmlNode *hugepages =
		vn_elem_child(vn_elem_child(qemu->domain, "memoryBacking"), "hugepages");
	const vn_place_cell *placed = &qemu->placement->cells[cell];
	const xmlNode *master = NULL;
	uint64_t kib;

	if (!hugepages)
		return 0;
	if (!vn_elem_child(hugepages, "page"))
		return placed->page_kib;
	VN_XML_EACH(page, hugepages, "page") {
		VN_XML_STRING text = vn_elem_get(page, "nodeset");
		vn_cpuset cells;

		if (!text)
			master = page;
		else if (vn_cpuset_parse(vn_cursor_of_string(NULL, text), &cells, NULL) == VN_OK &&
			 vn_cpuset_has(&cells, cell))
			return attr_size_kib(page, "size");
	}
	kib = master ? attr_size_kib(master, "size") : 0;
	return qemu->host->nodes[placed->mem_node_ix].n_pages &&
			       kib <= qemu->host->nodes[placed->mem_node_ix].pages[0].size_kib
		       ? 0
		       : kib;
}

/* <memnode> of the cell, else <numatune><memory>. QEMU's word for the mode; NULL where QEMU is to
 * leave the memory to the kernel's cpuset. */
static void find_nodes(const vn_qemu *qemu, uint32_t cell, struct backend *backend)
{
	static const struct {
		const char *mode, *policy;
	} policies[] = {
		{ "strict", "bind" },
		{ "preferred", "preferred" },
		{ "interleave", "interleave" },
	};
	const xmlNode *numatune = vn_elem_child(qemu->domain, "numatune"), *at = NULL;
	uint64_t id;

	VN_XML_EACH(memnode, numatune, "memnode")
		if (vn_elem_get_uint(memnode, "cellid", &id) && id == cell)
			at = memnode;
	if (!at)
		at = vn_elem_child(numatune, "memory");
	if (!at)
		return;
	VN_XML_STRING mode = vn_elem_get(at, "mode");
	VN_XML_STRING nodes = vn_elem_get(at, "nodeset");

	if (!nodes || vn_nodeset_parse(vn_cursor_of_string(NULL, nodes), &backend->nodes, NULL) < 0)
		return;
	for (size_t i = 0; i < VN_LEN(policies); i++)
		if (!strcmp(mode ? mode : "strict", policies[i].mode))
			backend->policy = policies[i].policy;
}

/* `access`: the cell's memAccess= or the device's access=, NULL if it says nothing. */
static struct backend backend_of(const vn_qemu *qemu, uint32_t cell, const char *access)
{
	const xmlNode *backing = vn_elem_child(qemu->domain, "memoryBacking");
	const xmlNode *source = vn_elem_child(backing, "source");
	VN_XML_STRING general = vn_elem_get(vn_elem_child(backing, "access"), "mode");
	struct backend backend = { .huge_kib = huge_page_kib(qemu, cell) };
	bool memfd = vn_elem_attr_is(source, "type", "memfd");

	if (!access)
		access = general;
	if (access)
		backend.share = !strcmp(access, "shared") ? SHARE_ON : SHARE_OFF;
	backend.kind =
		memfd || backend.huge_kib || access || vn_elem_attr_is(source, "type", "file")
			? "memfd"
			: "ram";
	/* A memfd is shared unless told otherwise; libvirt's file is private. */
	if (!memfd && !strcmp(backend.kind, "memfd") && backend.share == SHARE_DEFAULT)
		backend.share = SHARE_OFF;
	backend.prealloc = backend.huge_kib || vn_elem_attr_is(vn_elem_child(backing, "allocation"),
							       "mode", "immediate");
	find_nodes(qemu, cell, &backend);
	return backend;
}

/* ---- writing ---- */

static void add_nodes(vn_text *line, const vn_nodeset *nodes)
{
	int first = -1, last = -1;

	/* QEMU takes one range for each host-nodes=. */
	VN_NODESET_EACH(node, nodes) {
		if (first >= 0 && node == last + 1) {
			last = node;
			continue;
		}
		if (first >= 0)
			vn_text_addf(line, last > first ? ",host-nodes=%d-%d" : ",host-nodes=%d",
				     first, last);
		first = last = node;
	}
	if (first >= 0)
		vn_text_addf(line, last > first ? ",host-nodes=%d-%d" : ",host-nodes=%d", first,
			     last);
}

/* A comma in a value of QEMU's key=value form is written twice. */
static void add_value(vn_text *line, const char *value)
{
	for (const char *p = value; *p; p++)
		vn_text_add_bytes(line, *p == ',' ? ",," : p, *p == ',' ? 2 : 1);
}

static vn_text *write_backend(vn_qemu *qemu, const struct backend *backend, const char *id,
			      uint32_t number)
{
	vn_text *line = vn_qemu_option(qemu);

	vn_text_addf(line, "-object memory-backend-%s,id=%s%u,size=%lluk", backend->kind, id,
		     number, (unsigned long long)backend->size_kib);
	if (backend->path) {
		vn_text_add(line, ",mem-path=");
		add_value(line, backend->path);
	}
	if (backend->huge_kib)
		vn_text_addf(line, ",hugetlb=on,hugetlbsize=%lluk",
			     (unsigned long long)backend->huge_kib);
	if (backend->share != SHARE_DEFAULT)
		vn_text_addf(line, ",share=%s", backend->share == SHARE_ON ? "on" : "off");
	if (backend->prealloc)
		vn_text_add(line, ",prealloc=on");
	if (backend->policy) {
		add_nodes(line, &backend->nodes);
		vn_text_addf(line, ",policy=%s", backend->policy);
	}
	return line;
}

/* ---- cells ---- */

static uint64_t cell_kib(const xmlNode *cell)
{
	return vn_qemu_round_kib(attr_size_kib(cell, "memory"));
}

static const xmlNode *cells_of(const vn_qemu *qemu)
{
	return vn_elem_child(vn_elem_child(qemu->domain, "cpu"), "numa");
}

uint64_t vn_qemu_cells_kib(const vn_qemu *qemu)
{
	uint64_t sum = 0;

	VN_XML_EACH(cell, cells_of(qemu), "cell")
		sum += cell_kib(cell);
	return sum;
}

/* QEMU takes one range for each cpus=. */
static void add_vcpus(vn_text *line, const xmlNode *cell)
{
	VN_XML_STRING text = vn_elem_get(cell, "cpus");
	vn_cpuset vcpus;
	int first = -1, last = -1;

	if (!text || vn_cpuset_parse(vn_cursor_of_string(NULL, text), &vcpus, NULL) < 0)
		return;
	VN_CPUSET_EACH(vcpu, &vcpus) {
		if (first >= 0 && vcpu == last + 1) {
			last = vcpu;
			continue;
		}
		if (first >= 0)
			vn_text_addf(line, last > first ? ",cpus=%d-%d" : ",cpus=%d", first, last);
		first = last = vcpu;
	}
	if (first >= 0)
		vn_text_addf(line, last > first ? ",cpus=%d-%d" : ",cpus=%d", first, last);
}

/* The whole matrix: what the document leaves out is the reverse distance, else 10 and 20. */
static void write_distances(vn_qemu *qemu)
{
	uint16_t value[VN_CELL_MAX][VN_CELL_MAX] = { { 0 } };
	uint32_t n = 0;
	uint64_t id, distance;
	bool any = false;

	VN_XML_EACH(cell, cells_of(qemu), "cell") {
		VN_XML_EACH(sibling, vn_elem_child(cell, "distances"), "sibling")
			if (n < VN_CELL_MAX && vn_elem_get_uint(sibling, "id", &id) &&
			    id < VN_CELL_MAX && vn_elem_get_uint(sibling, "value", &distance) &&
			    distance <= 255) {
				value[n][id] = (uint16_t)distance;
				any = true;
			}
		n++;
	}
	for (uint32_t from = 0; any && from < n && from < VN_CELL_MAX; from++)
		for (uint32_t to = 0; to < n && to < VN_CELL_MAX; to++) {
			unsigned known = value[from][to] ? value[from][to] : value[to][from];

			vn_text_addf(vn_qemu_option(qemu), "-numa dist,src=%u,dst=%u,val=%u", from,
				     to,
				     known	  ? known
				     : from == to ? 10
						  : 20);
		}
}

void vn_qemu_write_cells(vn_qemu *qemu)
{
	uint32_t n = 0;

	VN_XML_EACH(cell, cells_of(qemu), "cell") {
		VN_XML_STRING access = vn_elem_get(cell, "memAccess");
		struct backend backend = backend_of(qemu, n, access);
		vn_text *line;

		backend.size_kib = cell_kib(cell);
		write_backend(qemu, &backend, "ram-node", n);
		line = vn_qemu_option(qemu);
		vn_text_addf(line, "-numa node,nodeid=%u", n);
		add_vcpus(line, cell);
		vn_text_addf(line, ",memdev=ram-node%u", n);
		n++;
	}
	write_distances(qemu);
}

/* ---- memory devices ---- */

/* The host nodes that the device itself names, in the mode of its cell. */
static void use_nodemask(const xmlNode *memory, struct backend *backend)
{
	VN_XML_STRING text =
		vn_elem_text(vn_elem_child(vn_elem_child(memory, "source"), "nodemask"));
	vn_nodeset nodes;

	if (!text || vn_nodeset_parse(vn_cursor_of_string(NULL, text), &nodes, NULL) < 0)
		return;
	if (backend->policy)
		backend->nodes = nodes;
}

static struct backend memdev_backend(const vn_qemu *qemu, const xmlNode *memory, uint32_t cell)
{
	const xmlNode *source = vn_elem_child(memory, "source");
	VN_XML_STRING access = vn_elem_get(memory, "access");
	struct backend backend = backend_of(qemu, cell, access);
	const xmlNode *pages = vn_elem_child(source, "pagesize");

	backend.size_kib = vn_qemu_round_kib(
		vn_qemu_size_kib(vn_elem_child(vn_elem_child(memory, "target"), "size")));
	backend.path = vn_elem_text(vn_elem_child(source, "path"));
	if (backend.path) {
		backend.kind = "file";
		backend.huge_kib = 0;
		if (backend.share == SHARE_OFF && !access)
			backend.share = SHARE_DEFAULT;
	} else if (pages) {
		backend.huge_kib = vn_qemu_size_kib(pages) > 4 ? vn_qemu_size_kib(pages) : 0;
	}
	use_nodemask(memory, &backend);
	return backend;
}

struct memdev { /* one <memory> of <devices> */
	const xmlNode *node;
	uint32_t cell, slot, number;
};

static void write_dimm(vn_qemu *qemu, const struct memdev *dev)
{
	struct backend backend = memdev_backend(qemu, dev->node, dev->cell);

	write_backend(qemu, &backend, "memdimm", dev->slot);
	vn_text_addf(vn_qemu_option(qemu),
		     "-device pc-dimm,node=%u,memdev=memdimm%u,id=dimm%u,slot=%u", dev->cell,
		     dev->slot, dev->slot, dev->slot);
	xmlFree(backend.path);
}

static void write_nvdimm(vn_qemu *qemu, const struct memdev *dev)
{
	const xmlNode *source = vn_elem_child(dev->node, "source");
	uint64_t align = vn_qemu_size_kib(vn_elem_child(source, "alignsize"));
	uint64_t label = vn_qemu_size_kib(
		vn_elem_child(vn_elem_child(vn_elem_child(dev->node, "target"), "label"), "size"));
	struct backend backend = memdev_backend(qemu, dev->node, dev->cell);
	vn_text *line = write_backend(qemu, &backend, "memnvdimm", dev->slot);

	if (align)
		vn_text_addf(line, ",align=%lluk", (unsigned long long)align);
	if (vn_elem_child(source, "pmem"))
		vn_text_add(line, ",pmem=on");
	line = vn_qemu_option(qemu);
	vn_text_addf(line, "-device nvdimm,node=%u", dev->cell);
	if (label)
		vn_text_addf(line, ",label-size=%lluk", (unsigned long long)label);
	vn_text_addf(line, ",memdev=memnvdimm%u,id=nvdimm%u,slot=%u", dev->slot, dev->slot,
		     dev->slot);
	xmlFree(backend.path);
}

static void write_virtio_mem(vn_qemu *qemu, const struct memdev *dev)
{
	const xmlNode *target = vn_elem_child(dev->node, "target");
	struct backend backend = memdev_backend(qemu, dev->node, dev->cell);

	backend.prealloc = false; /* the device allocates what it plugs */
	vn_text_add(write_backend(qemu, &backend, "memvirtiomem", dev->number), ",reserve=off");
	vn_text_addf(vn_qemu_option(qemu),
		     "-device virtio-mem-pci,node=%u,block-size=%lluk,requested-size=%lluk,"
		     "memdev=memvirtiomem%u,id=virtiomem%u",
		     dev->cell,
		     (unsigned long long)vn_qemu_size_kib(vn_elem_child(target, "block")),
		     (unsigned long long)vn_qemu_size_kib(vn_elem_child(target, "requested")),
		     dev->number, dev->number);
	xmlFree(backend.path);
}

/* Models without a cell (virtio-pmem) or of another machine (sgx-epc) are the owner's to pass. */
void vn_qemu_write_memdevs(vn_qemu *qemu)
{
	static const struct {
		const char *model;
		void (*write)(vn_qemu *, const struct memdev *);
		bool slot; /* it takes a memory slot; the others are numbered by themselves */
	} models[] = {
		{ "dimm", write_dimm, true },
		{ "nvdimm", write_nvdimm, true },
		{ "virtio-mem", write_virtio_mem, false },
	};
	uint32_t slots = 0, others = 0;
	uint64_t cell;

	VN_XML_EACH(memory, qemu->devices, "memory") {
		VN_XML_STRING text =
			vn_elem_text(vn_elem_child(vn_elem_child(memory, "target"), "node"));

		if (!text || vn_uint_parse(vn_cursor_of_string(NULL, text),
					   qemu->placement->n_cells - 1, &cell, NULL) < 0)
			cell = 0;
		for (size_t i = 0; i < VN_LEN(models); i++) {
			struct memdev dev = { memory, (uint32_t)cell, slots, others };

			if (!vn_elem_attr_is(memory, "model", models[i].model))
				continue;
			models[i].write(qemu, &dev);
			slots += models[i].slot;
			others += !models[i].slot;
		}
	}
}
