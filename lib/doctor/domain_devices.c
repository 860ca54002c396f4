/* SPDX-License-Identifier: LGPL-2.1-or-later
 * <devices>: the guest's PCI buses, which device sits on which, disks and their I/O threads, memory
 * devices of the kind that grows. */
#include <string.h>

#include "doctor/domain_read.h"

static int32_t bus_of(const xmlNode *device)
{
	const xmlNode *address = vn_node_child(device, "address");
	uint64_t bus;

	if (!vn_node_attr_is(address, "type", "pci") ||
	    !vn_node_hex(address, "bus", VN_CONTROLLERS_MAX - 1, &bus))
		return -1;
	return (int32_t)bus;
}

static void read_controller(vn_domain_reader *r, const xmlNode *node)
{
	const xmlNode *cell = vn_node_child(vn_node_child(node, "target"), "node");
	uint64_t index, number;

	if (!vn_node_attr_is(node, "type", "pci") ||
	    !vn_node_uint(node, "index", VN_CONTROLLERS_MAX - 1, &index))
		return;
	r->to->buses[index] = (vn_domain_bus){
		.there = true,
		.expander = vn_node_attr_is(node, "model", "pcie-expander-bus") ||
			    vn_node_attr_is(node, "model", "pci-expander-bus"),
		.cell = vn_node_text_uint(cell, VN_CELL_MAX - 1, &number) ? (int32_t)number : -1,
		.parent = bus_of(node),
	};
}

static void read_disk(vn_domain_reader *r, const xmlNode *node, uint32_t element)
{
	const xmlNode *driver = vn_node_child(node, "driver");
	const xmlNode *list = vn_node_child(driver, "iothreads");
	vn_domain_disk disk = { .element = element };
	uint64_t id;

	if (vn_node_uint(driver, "iothread", VN_CPU_MAX - 1, &id))
		vn_cpuset_add(&disk.iothreads, (unsigned)id);
	VN_NODE_EACH(thread, list, "iothread") {
		if (vn_node_uint(thread, "id", VN_CPU_MAX - 1, &id))
			vn_cpuset_add(&disk.iothreads, (unsigned)id);
	}
	if (!vn_cpuset_is_empty(&disk.iothreads) && r->to->n_disks < VN_DISK_THREADS_MAX)
		r->to->disks[r->to->n_disks++] = disk;
}

static uint32_t count_disks(const xmlNode *devices)
{
	uint32_t count = 0;

	VN_NODE_EACH(disk, devices, "disk")
		count += count < VN_DISK_THREADS_MAX;
	return count;
}

/* The request's devices are in the order of the document. */
static void read_bus(vn_domain_reader *r, const xmlNode *node, uint32_t element, uint32_t *next)
{
	while (*next < r->request->n_devices && r->request->devices[*next].element < element)
		++*next;
	if (*next < r->request->n_devices && r->request->devices[*next].element == element)
		r->to->device_bus[*next] = bus_of(node);
}

void vn_domain_read_devices(vn_domain_reader *r, const xmlNode *devices)
{
	uint32_t element = 0, next = 0;

	r->to->disks = vn_reader_alloc(r, count_disks(devices), sizeof(*r->to->disks));
	if (!r->to->disks)
		return;
	for (const xmlNode *node = devices ? devices->children : NULL; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		if (!strcmp((const char *)node->name, "controller"))
			read_controller(r, node);
		else if (!strcmp((const char *)node->name, "disk"))
			read_disk(r, node, element);
		else if (!strcmp((const char *)node->name, "memory"))
			r->to->virtio_mem |= vn_node_attr_is(node, "model", "virtio-mem");
		read_bus(r, node, element++, &next);
	}
}
