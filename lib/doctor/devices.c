/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Devices: is the guest near them, are their I/O threads, and does the guest know where they are?
 */
#include <stdio.h>

#include "doctor/look.h"

/* The host device of a guest's; NULL: it has none, or the host's devices are not known. */
static const vn_device *host_device(const vn_look *look, const vn_guest_device *device)
{
	if (device->has_host)
		return vn_host_device_at(look->host, device->host);
	return device->host_name ? vn_host_device_named(look->host, device->host_name) : NULL;
}

/* "0000:81:00.0" or "nvme0n1" */
static const char *device_words(vn_look *look, const vn_guest_device *device)
{
	char address[24];
	const char *name = device->host_name ? device->host_name : "";
	char *kept;

	if (!device->has_host)
		return name;
	vn_pci_address_format(device->host, address, sizeof(address));
	kept = vn_arena_strndup(look->arena, address, sizeof(address) - 1);
	look->no_memory |= !kept;
	return kept ? kept : "";
}

/* ---- VN014 ---- */

static void check_disk_thread(vn_look *look, const vn_subject *s, const vn_guest_device *disk,
			      int32_t node_ix, uint32_t id)
{
	vn_nodeset node = { 0 };
	vn_cpuset near, cpus;
	vn_remedy remedy = { .kind = VN_REMEDY_IOTHREADPIN, .number = id };
	vn_finding *finding;
	bool masked;

	vn_nodeset_add(&node, look->host->nodes[node_ix].id);
	near = vn_look_cpus_of(look, &node);
	cpus = vn_look_iothread(look, s, id, &masked);
	if (!masked || vn_cpuset_is_empty(&cpus) || vn_cpuset_is_empty(&near) ||
	    vn_cpuset_overlaps(&cpus, &near))
		return;
	finding = vn_look_find(look, VN_CHECK_WARN, look->host->nodes[node_ix].id,
			       "I/O thread %u runs on %s, its disk %s is on node %u", id,
			       vn_look_cpus(look, &cpus), device_words(look, disk),
			       look->host->nodes[node_ix].id);
	remedy.cpus = vn_look_room(look, &node);
	if (vn_cpuset_is_empty(&remedy.cpus))
		vn_look_plan(look, finding);
	else
		vn_look_remedy(look, finding, &remedy);
}

void vn_check_iothreads(vn_look *look, const vn_subject *s)
{
	for (uint32_t i = 0; i < s->domain->n_disks; i++) {
		const vn_domain_disk *disk = &s->domain->disks[i];

		for (uint32_t d = 0; d < s->config->n_devices; d++) {
			const vn_guest_device *device = &s->config->devices[d];
			const vn_device *on = host_device(look, device);

			if (device->element != disk->element)
				continue;
			if (!on || on->node_ix < 0) {
				vn_look_skip(look, "the node of disk %s is not known",
					     device_words(look, device));
				continue;
			}
			VN_CPUSET_EACH(id, &disk->iothreads)
				check_disk_thread(look, s, device, on->node_ix, (uint32_t)id);
		}
	}
}

/* ---- VN015 ---- */

static void check_passed(vn_look *look, const vn_subject *s, const vn_guest_device *device)
{
	const vn_device *on = host_device(look, device);
	vn_nodeset near = { 0 };
	const vn_node *node;

	if (!on && !look->host->n_devices) {
		vn_look_skip(look, "the devices of the host are not known");
		return;
	}
	if (!on || on->node_ix < 0) {
		vn_look_skip(look,
			     on ? "the platform does not say on which node device %s is"
				: "device %s is not among the devices of this host",
			     device_words(look, device));
		return;
	}
	node = &look->host->nodes[on->node_ix];
	vn_nodeset_add(&near, node->id);
	if (vn_nodeset_overlaps(&s->cpu_nodes, &near) || vn_nodeset_is_empty(&s->cpu_nodes))
		return;
	vn_look_plan(look, vn_look_find(look, VN_CHECK_WARN, node->id,
					"device %s is on node %u, the guest's vCPUs are on %s",
					device_words(look, device), node->id,
					vn_look_node_list(look, &s->cpu_nodes)));
}

void vn_check_devices(vn_look *look, const vn_subject *s)
{
	for (uint32_t i = 0; i < s->config->n_devices; i++)
		if (s->config->devices[i].kind == VN_DEVICE_HOSTDEV &&
		    s->config->devices[i].has_host)
			check_passed(look, s, &s->config->devices[i]);
}

/* ---- VN016 ---- */

/* The cell of the expander bus that a bus hangs below; -1: none. */
static int32_t expander_cell(const vn_domain *domain, int32_t bus)
{
	for (int steps = 0; steps < VN_CONTROLLERS_MAX && bus >= 0 && bus < VN_CONTROLLERS_MAX;
	     steps++) {
		const vn_domain_bus *at = &domain->buses[bus];

		if (!at->there)
			return -1;
		if (at->expander)
			return at->cell;
		bus = at->parent;
	}
	return -1;
}

/* The cell whose CPUs are on a node; -1: none, or more than one. */
static int32_t cell_on(const vn_look *look, const vn_subject *s, int32_t node_ix)
{
	int32_t found = -1;

	for (uint32_t c = 0; c < s->n_cells; c++) {
		if (!vn_nodeset_has(&s->cells[c].cpu_nodes, look->host->nodes[node_ix].id))
			continue;
		if (found >= 0)
			return -1;
		found = (int32_t)c;
	}
	return found;
}

void vn_check_device_buses(vn_look *look, const vn_subject *s)
{
	if (s->config->n_cells < 2)
		return;
	for (uint32_t i = 0; i < s->config->n_devices; i++) {
		const vn_guest_device *device = &s->config->devices[i];
		const vn_device *on = host_device(look, device);
		int32_t cell, told;

		if (device->kind != VN_DEVICE_HOSTDEV || !on || on->node_ix < 0)
			continue;
		cell = cell_on(look, s, on->node_ix);
		told = expander_cell(s->domain, s->domain->device_bus[i]);
		if (cell < 0 || cell == told)
			continue;
		vn_look_plan(look,
			     vn_look_find(look, VN_CHECK_INFO, look->host->nodes[on->node_ix].id,
					  "device %s is near cell %d, and the guest is told %s",
					  device_words(look, device), cell,
					  told < 0 ? "nothing about it" : "another cell"));
	}
}
