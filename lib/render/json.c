/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A placement as JSON, "vnuma/placement/1" (docs/placement.schema.json). The names are those of the
 * batch format: host_cell is a node of the host by its OS number. Sets of CPUs are strings ("0-3"),
 * except `reserved`, which is a list there. */
#include <stdio.h>
#include <stdlib.h>

#include "render/json_out.h"
#include "vnuma/render.h"

static json_t *set_list(struct json_out *out, const vn_cpuset *set)
{
	json_t *list = json_array();

	VN_CPUSET_EACH(cpu, set)
		json_push(out, list, json_integer(cpu));
	return list;
}

static json_t *kib(uint64_t value)
{
	return json_integer((json_int_t)value);
}

/* The 1:1 pins of a cell: {"4": 17}. */
static json_t *pins(struct json_out *out, const vn_placement *placement, const vn_place_cell *cell)
{
	json_t *object = json_object();
	char name[16];

	VN_CPUSET_EACH(vcpu, &cell->vcpus) {
		if (placement->pin[vcpu] < 0)
			continue;
		snprintf(name, sizeof(name), "%d", vcpu);
		json_put(out, object, name, json_integer(placement->pin[vcpu]));
	}
	return object;
}

static json_t *cell_object(struct json_out *out, const vn_host *host, const vn_placement *placement,
			   uint32_t number)
{
	const vn_place_cell *cell = &placement->cells[number];
	json_t *object = json_object();

	json_put(out, object, "guest_cell", json_integer(number));
	json_put(out, object, "host_cell", json_integer(host->nodes[cell->node_ix].id));
	json_put(out, object, "mem_host_cell", json_integer(host->nodes[cell->mem_node_ix].id));
	json_put(out, object, "vcpus", json_cpus(out, &cell->vcpus));
	json_put(out, object, "mem_kib", kib(cell->mem_kib));
	json_put(out, object, "memdev_kib", kib(cell->memdev_kib));
	json_put(out, object, "pins", pins(out, placement, cell));
	json_put(out, object, "cpus", json_cpus(out, &cell->cpus));
	json_put(out, object, "reserved", set_list(out, &cell->reserved));
	json_put(out, object, "pagesize_kib", cell->page_kib ? kib(cell->page_kib) : json_null());
	return object;
}

static json_t *cells(struct json_out *out, const vn_host *host, const vn_placement *placement)
{
	json_t *list = json_array();

	for (uint32_t c = 0; c < placement->n_cells; c++)
		json_push(out, list, cell_object(out, host, placement, c));
	return list;
}

static json_t *topology(struct json_out *out, const vn_topology *of)
{
	json_t *object = json_object();

	json_put(out, object, "sockets", json_integer(of->sockets));
	json_put(out, object, "dies", json_integer(of->dies));
	json_put(out, object, "cores", json_integer(of->cores));
	json_put(out, object, "threads", json_integer(of->threads));
	return object;
}

static json_t *distances(struct json_out *out, const vn_placement *placement)
{
	uint32_t n = placement->n_cells;
	json_t *rows = json_array();

	for (uint32_t from = 0; from < n; from++) {
		json_t *row = json_array();

		for (uint32_t to = 0; to < n; to++)
			json_push(out, row, json_integer(placement->distance[from * n + to]));
		json_push(out, rows, row);
	}
	return rows;
}

static json_t *memdevs(struct json_out *out, const vn_request *request,
		       const vn_placement *placement)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < placement->n_memdevs && i < request->n_memdevs; i++) {
		json_t *object = json_object();
		int cell = request->memdevs[i].cell >= 0 ? request->memdevs[i].cell
							 : placement->memdev_cell[i];

		json_put(out, object, "size_kib", kib(request->memdevs[i].size_kib));
		json_put(out, object, "guest_cell", json_integer(cell));
		json_push(out, list, object);
	}
	return list;
}

static json_t *optional_index(int value)
{
	return value < 0 ? json_null() : json_integer(value);
}

static json_t *device_object(struct json_out *out, const vn_host *host,
			     const vn_guest_device *device, const vn_placement *placement,
			     uint32_t i)
{
	static const char *const kinds[VN_DEVICE_KIND_COUNT] = {
		[VN_DEVICE_HOSTDEV] = "hostdev",
		[VN_DEVICE_INTERFACE] = "interface",
		[VN_DEVICE_DISK] = "disk",
	};
	int node_ix = placement->device_node_ix[i];
	json_t *object = json_object();
	char address[24];

	json_put(out, object, "kind", json_string(kinds[device->kind]));
	if (device->has_host)
		json_put(
			out, object, "address",
			json_string(vn_pci_address_format(device->host, address, sizeof(address))));
	if (device->host_name)
		json_put(out, object, "name", json_string(device->host_name));
	json_put(out, object, "host_cell",
		 node_ix < 0 ? json_null() : json_integer(host->nodes[node_ix].id));
	json_put(out, object, "guest_cell", optional_index(placement->device_cell[i]));
	return object;
}

static json_t *devices(struct json_out *out, const vn_host *host, const vn_request *request,
		       const vn_placement *placement)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < placement->n_devices && i < request->n_devices; i++)
		json_push(out, list, device_object(out, host, &request->devices[i], placement, i));
	return list;
}

static json_t *cost(struct json_out *out, const vn_cost *of)
{
	json_t *object = json_object();

	json_put(out, object, "devices_remote", kib(of->devices_remote));
	json_put(out, object, "distance", kib(of->distance));
	json_put(out, object, "broken", kib(of->broken));
	json_put(out, object, "strategy", kib(of->strategy));
	return object;
}

static json_t *host_cells(struct json_out *out, const vn_host *host, const vn_placement *placement)
{
	json_t *list = json_array();

	for (uint32_t c = 0; c < placement->n_cells; c++)
		json_push(out, list, json_integer(host->nodes[placement->cells[c].node_ix].id));
	return list;
}

static json_t *alternatives(struct json_out *out, const vn_host *host,
			    const vn_placement *placements, uint32_t n)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++) {
		json_t *object = json_object();

		json_put(out, object, "host_cells", host_cells(out, host, &placements[i]));
		json_put(out, object, "cost", cost(out, &placements[i].cost));
		json_push(out, list, object);
	}
	return list;
}

/* `n`: how many alternatives to list, the placement itself first; 0 = none asked for. */
static int write_json(const vn_host *host, const vn_request *request, const vn_placement *placement,
		      uint32_t n, vn_text *ret, vn_error *err)
{
	vn_cpuset emulator = vn_placement_emulator_cpus(placement, request);
	json_t *root = json_object();
	struct json_out out = { false };
	char *text;

	json_put(&out, root, "schema", json_string("vnuma/placement/1"));
	json_put(&out, root, "guest", request->name ? json_string(request->name) : json_null());
	json_put(&out, root, "placement", cells(&out, host, placement));
	json_put(&out, root, "emulator", json_cpus(&out, &emulator));
	json_put(&out, root, "topology", topology(&out, &placement->topology));
	json_put(&out, root, "distances", distances(&out, placement));
	json_put(&out, root, "memory_devices", memdevs(&out, request, placement));
	json_put(&out, root, "devices", devices(&out, host, request, placement));
	json_put(&out, root, "cost", cost(&out, &placement->cost));
	json_put(&out, root, "proven", json_boolean(placement->proven));
	if (n)
		json_put(&out, root, "alternatives", alternatives(&out, host, placement, n));
	text = out.failed ? NULL : json_dumps(root, JSON_INDENT(2));
	json_decref(root);
	if (!text)
		return vn_fail(err, VN_E_NOMEM, "no memory for the JSON of the placement");
	vn_text_addf(ret, "%s\n", text);
	free(text);
	return vn_text_done(ret, err);
}

int vn_render_json(const vn_host *host, const vn_request *request, const vn_placement *placement,
		   vn_text *ret, vn_error *err)
{
	return write_json(host, request, placement, 0, ret, err);
}

int vn_render_json_alternatives(const vn_host *host, const vn_request *request,
				const vn_placement *placements, uint32_t n, vn_text *ret,
				vn_error *err)
{
	return write_json(host, request, placements, n, ret, err);
}
