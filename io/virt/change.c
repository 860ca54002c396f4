/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Changes of a guest that runs, or of what it starts with next: pins, memory nodes, our metadata.
 */
#include "virt/inventory.h"

#include <stdlib.h>
#include <string.h>

/* ---- pins ---- */

struct pin {
	uint32_t number;
	unsigned int flags;
	int bytes;
	unsigned char map[VIRT_MAP_BYTES];
};

static struct pin pin_of(uint32_t number, const vn_cpuset *cpus, unsigned affect)
{
	struct pin pin = { .number = number, .flags = virt_flags(affect) };

	pin.bytes = virt_map_of(cpus, pin.map);
	return pin;
}

/* libvirt's test driver takes no flags here; of a guest that runs they say what it does anyway. */
static int pin_vcpu(virDomainPtr domain, void *arg)
{
	struct pin *pin = arg;
	int r = virDomainPinVcpuFlags(domain, pin->number, pin->map, pin->bytes, pin->flags);

	if (r < 0 && virGetLastErrorCode() == VIR_ERR_INVALID_ARG)
		r = virDomainPinVcpu(domain, pin->number, pin->map, pin->bytes);
	return r;
}

static int pin_emulator(virDomainPtr domain, void *arg)
{
	struct pin *pin = arg;

	return virDomainPinEmulator(domain, pin->map, pin->bytes, pin->flags);
}

static int pin_iothread(virDomainPtr domain, void *arg)
{
	struct pin *pin = arg;

	return virDomainPinIOThread(domain, pin->number, pin->map, pin->bytes, pin->flags);
}

int vn_virt_pin_vcpu(vn_virt *virt, const char *name, uint32_t vcpu, const vn_cpuset *cpus,
		     unsigned affect, vn_error *err)
{
	struct pin pin = pin_of(vcpu, cpus, affect);

	return virt_on_guest(virt, name, pin_vcpu, &pin, false, "have its vCPU pinned", err);
}

int vn_virt_pin_emulator(vn_virt *virt, const char *name, const vn_cpuset *cpus, unsigned affect,
			 vn_error *err)
{
	struct pin pin = pin_of(0, cpus, affect);

	return virt_on_guest(virt, name, pin_emulator, &pin, false, "have its emulator pinned",
			     err);
}

int vn_virt_pin_iothread(vn_virt *virt, const char *name, uint32_t id, const vn_cpuset *cpus,
			 unsigned affect, vn_error *err)
{
	struct pin pin = pin_of(id, cpus, affect);

	return virt_on_guest(virt, name, pin_iothread, &pin, false, "have its I/O thread pinned",
			     err);
}

/* ---- memory nodes ---- */

struct nodes {
	char text[VN_NODE_MAX * 5];
	unsigned int flags;
};

static int set_nodes(virDomainPtr domain, void *arg)
{
	struct nodes *nodes = arg;
	virTypedParameterPtr params = NULL;
	int n = 0, room = 0, r;

	r = virTypedParamsAddString(&params, &n, &room, VIR_DOMAIN_NUMA_NODESET, nodes->text);
	if (r == 0)
		r = virDomainSetNumaParameters(domain, params, n, nodes->flags);
	virTypedParamsFree(params, n);
	return r;
}

int vn_virt_set_nodes(vn_virt *virt, const char *name, const vn_nodeset *nodes, unsigned affect,
		      vn_error *err)
{
	struct nodes arg = { .flags = virt_flags(affect) };

	vn_nodeset_format(nodes, arg.text, sizeof(arg.text));
	return virt_on_guest(virt, name, set_nodes, &arg, false, "have its memory nodes changed",
			     err);
}

/* ---- metadata ---- */

static const char policy_ns[] = "urn:vnuma:domain:1";

static bool is_policy(const xmlNode *node)
{
	return node->ns && !strcmp((const char *)node->ns->href, policy_ns) &&
	       !strcmp((const char *)node->name, "vnuma");
}

static const xmlNode *find_policy(const xmlDoc *domain)
{
	VN_XML_EACH(child, virt_xml_child(xmlDocGetRootElement(domain), "metadata"), NULL)
		if (is_policy(child))
			return child;
	return NULL;
}

static void drop_declarations(xmlNode *node)
{
	for (xmlNs **at = &node->nsDef; *at;) {
		xmlNs *ns = *at;

		if (strcmp((const char *)ns->href, policy_ns) != 0) {
			at = &ns->next;
			continue;
		}
		*at = ns->next;
		ns->next = NULL;
		xmlFreeNs(ns);
	}
}

/* Out of our namespace, with all that is in it; the elements first, then what declares it. */
static void leave_namespace(xmlNode *node)
{
	for (xmlNode *child = node->children; child; child = child->next)
		if (child->type == XML_ELEMENT_NODE)
			leave_namespace(child);
	if (node->ns && !strcmp((const char *)node->ns->href, policy_ns))
		node->ns = NULL;
	drop_declarations(node);
}

/* The policy of a domain XML as libvirt takes it, in no namespace: it adds its own. NULL: there is
 * none, or no memory. */
static xmlChar *policy_text(const xmlDoc *domain)
{
	const xmlNode *policy = find_policy(domain);
	xmlDoc *doc = policy ? xmlNewDoc((const xmlChar *)"1.0") : NULL;
	xmlNode *root = doc ? xmlDocCopyNode((xmlNode *)(uintptr_t)policy, doc, 1) : NULL;
	xmlBuffer *buffer = xmlBufferCreate();
	xmlChar *text = NULL;

	if (root && buffer) {
		xmlDocSetRootElement(doc, root);
		leave_namespace(root);
		if (xmlNodeDump(buffer, doc, root, 0, 0) >= 0)
			text = xmlStrdup(xmlBufferContent(buffer));
	}
	if (buffer)
		xmlBufferFree(buffer);
	if (doc)
		xmlFreeDoc(doc);
	return text;
}

struct metadata {
	const char *element;
	unsigned int flags;
};

static int set_metadata(virDomainPtr domain, void *arg)
{
	struct metadata *metadata = arg;

	return virDomainSetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, metadata->element, "vnuma",
				    policy_ns, metadata->flags);
}

int vn_virt_set_policy(vn_virt *virt, const char *name, const char *domain_xml, size_t size,
		       unsigned affect, vn_error *err)
{
	VIRT_XML doc = virt_xml_parse(domain_xml, size);
	xmlChar *text = doc ? policy_text(doc) : NULL;
	struct metadata metadata = { (const char *)text, virt_flags(affect) };
	int r;

	if (!text)
		return vn_fail(err, VN_E_SYSTEM, "the policy of guest '%.80s' cannot be written",
			       name);
	r = virt_on_guest(virt, name, set_metadata, &metadata, false, "have its metadata changed",
			  err);
	xmlFree(text);
	return r;
}
