/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * vCPUs and memory devices of a guest: what it has, and adding and taking away. What a guest gives
 * back takes its time, and libvirt waits for it a few seconds only: for a vCPU it is waited longer
 * here, for a device the caller looks again. */
#include "virt/inventory.h"

#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { GIVE_BACK_MS = 60 * 1000, POLL_MS = 250 };

/* The domain XML as a document. */
static int read_domain(vn_virt *virt, const char *name, enum vn_virt_document which, xmlDoc **ret,
		       vn_error *err)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	int r = vn_virt_xml(virt, name, which, &text, err);

	if (r < 0)
		return r;
	if (text.len <= VN_XML_MAX)
		*ret = virt_xml_parse(text.bytes, text.len);
	return *ret ? VN_OK
		    : vn_fail_line(err, VN_E_SYNTAX, virt->uri, 0, 0,
				   "the XML of guest '%.80s' cannot be read", name);
}

/* ---- vCPUs ---- */

static bool is(const xmlNode *node, const char *attr, const char *value)
{
	const char *have = virt_xml_get(node, attr);

	return have && !strcmp(have, value);
}

/* <vcpus> where the document has it; else the first `current` vCPUs are on, and only those that
 * are off can be plugged. */
static void read_vcpus(const xmlNode *root, vn_virt_vcpus *ret)
{
	const xmlNode *vcpu = virt_xml_child(root, "vcpu"), *list = virt_xml_child(root, "vcpus");
	uint64_t n = 1, online, id;

	virt_xml_uint(vcpu, NULL, VN_VCPU_MAX, &n);
	online = n;
	virt_xml_uint(vcpu, "current", n, &online);
	*ret = (vn_virt_vcpus){ .n = (uint32_t)n };
	VN_XML_EACH(one, list, "vcpu") {
		if (!virt_xml_uint(one, "id", VN_VCPU_MAX - 1, &id))
			continue;
		if (is(one, "enabled", "yes"))
			vn_cpuset_add(&ret->online, (unsigned)id);
		if (is(one, "hotpluggable", "yes"))
			vn_cpuset_add(&ret->pluggable, (unsigned)id);
	}
	for (id = 0; id < n && !list; id++)
		vn_cpuset_add(id < online ? &ret->online : &ret->pluggable, (unsigned)id);
}

int vn_virt_get_vcpus(vn_virt *virt, const char *name, enum vn_virt_document which,
		      vn_virt_vcpus *ret, vn_error *err)
{
	VIRT_XML doc = NULL;
	int r = read_domain(virt, name, which, &doc, err);

	if (r < 0)
		return r;
	read_vcpus(xmlDocGetRootElement(doc), ret);
	return VN_OK;
}

struct vcpu {
	char number[16];
	bool on;
	unsigned int flags;
};

static int set_vcpu(virDomainPtr domain, void *arg)
{
	struct vcpu *vcpu = arg;

	return virDomainSetVcpu(domain, vcpu->number, vcpu->on, vcpu->flags);
}

/* The guest was asked, and a busy one has not answered yet. */
static bool gives_back(vn_virt *virt, const char *name, uint32_t vcpu)
{
	const struct timespec pause = { .tv_nsec = POLL_MS * 1000000L };
	vn_virt_vcpus now;

	if (!virt_has_failed_as(virt, VIR_ERR_OPERATION_TIMEOUT))
		return false;
	for (int waited = 0; waited < GIVE_BACK_MS; waited += POLL_MS) {
		if (vn_virt_get_vcpus(virt, name, VN_VIRT_LIVE, &now, NULL) < 0)
			return false;
		if (!vn_cpuset_has(&now.online, vcpu))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int vn_virt_set_vcpu(vn_virt *virt, const char *name, uint32_t vcpu, bool on, unsigned affect,
		     vn_error *err)
{
	struct vcpu arg = { .on = on, .flags = virt_flags(affect) };
	vn_error why = { 0 };
	char what[48];
	int r;

	snprintf(arg.number, sizeof(arg.number), "%u", vcpu);
	snprintf(what, sizeof(what), "%s vCPU %u", on ? "get" : "give back", vcpu);
	r = virt_on_guest(virt, name, set_vcpu, &arg, false, what, &why);
	if (r < 0 && !on && gives_back(virt, name, vcpu))
		return VN_OK;
	if (r < 0 && err)
		*err = why;
	return r;
}

/* ---- memory devices ---- */

static char *element_text(const xmlNode *node, vn_arena *arena)
{
	xmlBuffer *buffer = xmlBufferCreate();
	char *text = NULL;
	int n = buffer ? xmlNodeDump(buffer, node->doc, (xmlNode *)(uintptr_t)node, 0, 0) : -1;

	if (n >= 0)
		text = vn_arena_strndup(arena, (const char *)xmlBufferContent(buffer), (size_t)n);
	if (buffer)
		xmlBufferFree(buffer);
	return text;
}

static bool read_memory(const xmlNode *memory, vn_arena *arena, vn_virt_memory *ret)
{
	const xmlNode *target = virt_xml_child(memory, "target");
	const char *model = virt_xml_get(memory, "model");
	const char *nodes =
		virt_xml_get(virt_xml_child(virt_xml_child(memory, "source"), "nodemask"), NULL);
	uint64_t cell;

	*ret = (vn_virt_memory){ .cell = -1 };
	ret->model = vn_arena_strndup(arena, model ? model : "", model ? strlen(model) : 0);
	ret->xml = element_text(memory, arena);
	virt_xml_kib(virt_xml_child(target, "size"), &ret->size_kib);
	virt_xml_kib(virt_xml_child(target, "block"), &ret->block_kib);
	virt_xml_kib(virt_xml_child(target, "requested"), &ret->requested_kib);
	virt_xml_kib(virt_xml_child(target, "current"), &ret->current_kib);
	if (virt_xml_uint(virt_xml_child(target, "node"), NULL, VN_CELL_MAX - 1, &cell))
		ret->cell = (int32_t)cell;
	if (nodes)
		vn_nodeset_parse(vn_cursor_of_string(NULL, nodes), &ret->nodes, NULL);
	return ret->model && ret->xml;
}

static int read_memories(const xmlNode *root, vn_arena *arena, vn_virt_memories *ret, vn_error *err)
{
	const xmlNode *most = virt_xml_child(root, "maxMemory"),
		      *devices = virt_xml_child(root, "devices");
	vn_virt_memories memories = { 0 };
	uint64_t slots = 0;
	uint32_t n = 0;

	virt_xml_kib(virt_xml_child(root, "memory"), &memories.total_kib);
	virt_xml_kib(most, &memories.max_kib);
	virt_xml_uint(most, "slots", UINT32_MAX, &slots);
	memories.slots = (uint32_t)slots;
	VN_XML_EACH(one, devices, "memory")
		n++;
	memories.devices = vn_arena_alloc(arena, n ? n : 1, sizeof(*memories.devices));
	if (!memories.devices)
		return vn_fail(err, VN_E_NOMEM, "no memory for the memory devices");
	VN_XML_EACH(one, devices, "memory")
		if (!read_memory(one, arena, &memories.devices[memories.n++]))
			return vn_fail(err, VN_E_NOMEM, "no memory for the memory devices");
	*ret = memories;
	return VN_OK;
}

int vn_virt_get_memories(vn_virt *virt, const char *name, enum vn_virt_document which,
			 vn_arena *arena, vn_virt_memories *ret, vn_error *err)
{
	VIRT_XML doc = NULL;
	int r = read_domain(virt, name, which, &doc, err);

	if (r < 0)
		return r;
	return read_memories(xmlDocGetRootElement(doc), arena, ret, err);
}

struct device {
	const char *xml;
	unsigned int flags;
};

static int attach(virDomainPtr domain, void *arg)
{
	struct device *device = arg;

	return virDomainAttachDeviceFlags(domain, device->xml, device->flags);
}

static int detach(virDomainPtr domain, void *arg)
{
	struct device *device = arg;

	return virDomainDetachDeviceFlags(domain, device->xml, device->flags);
}

static int update(virDomainPtr domain, void *arg)
{
	struct device *device = arg;

	return virDomainUpdateDeviceFlags(domain, device->xml, device->flags);
}

int vn_virt_attach(vn_virt *virt, const char *name, const char *device, unsigned affect,
		   vn_error *err)
{
	struct device arg = { device, virt_flags(affect) };

	return virt_on_guest(virt, name, attach, &arg, true, "get a device", err);
}

int vn_virt_detach(vn_virt *virt, const char *name, const char *device, unsigned affect,
		   vn_error *err)
{
	struct device arg = { device, virt_flags(affect) };

	return virt_on_guest(virt, name, detach, &arg, true, "give back a device", err);
}

/* The device's own element with another <requested>. */
static xmlChar *requested_xml(const vn_virt_memory *device, uint64_t kib)
{
	VIRT_XML doc = virt_xml_parse(device->xml, strlen(device->xml));
	xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
	xmlNode *requested = virt_xml_child(virt_xml_child(root, "target"), "requested");
	xmlBuffer *buffer = xmlBufferCreate();
	xmlChar *text = NULL;
	char number[24];

	snprintf(number, sizeof(number), "%ju", (uintmax_t)kib);
	if (requested && buffer) {
		xmlNodeSetContent(requested, (const xmlChar *)number);
		xmlSetProp(requested, (const xmlChar *)"unit", (const xmlChar *)"KiB");
		if (xmlNodeDump(buffer, doc, root, 0, 0) >= 0)
			text = xmlStrdup(xmlBufferContent(buffer));
	}
	if (buffer)
		xmlBufferFree(buffer);
	return text;
}

int vn_virt_set_requested(vn_virt *virt, const char *name, const vn_virt_memory *device,
			  uint64_t kib, unsigned affect, vn_error *err)
{
	xmlChar *xml = requested_xml(device, kib);
	struct device arg = { (const char *)xml, virt_flags(affect) };
	int r;

	if (!xml)
		return vn_fail(err, VN_E_SYSTEM, "a memory device of '%.80s' has no <requested>",
			       name);
	r = virt_on_guest(virt, name, update, &arg, false, "have a device changed", err);
	xmlFree(xml);
	return r;
}
