/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The parts of the inventory: the host, its devices, one guest, its threads. */
#ifndef VN_VIRT_INVENTORY_H
#define VN_VIRT_INVENTORY_H

#include "virt/conn.h"

#include <libxml/tree.h>

enum {
	VIRT_BYTES_MAX = 16 << 20,  /* of a document of libvirt's */
	VIRT_STATUS_MAX = 32 << 20, /* of a status file: the guest's XML twice, and more */
};

/* inv_host.c: the host that is not this machine: capabilities, what is free, devices. */
int virt_read_host(vn_virt *virt, vn_host **ret, vn_error *err);
/* inv_devices.c */
int virt_read_devices(vn_virt *virt, vn_host *host, vn_error *err);

/* inv_guest.c: one guest of libvirt's into `guest`. VN_E_INPUT: it has ended meanwhile. */
int virt_read_guest(vn_virt *virt, virDomainPtr domain, unsigned which, vn_running *running,
		    vn_guest *guest, vn_error *err);
/* inv_threads.c: its threads with their pins, and what is known about their tids. */
int virt_read_threads(vn_virt *virt, virDomainPtr domain, unsigned which, vn_running *running,
		      vn_guest *guest, vn_error *err);
/* inv_ids.c: pid and tids of a local guest. */
void virt_read_ids(vn_virt *virt, virDomainPtr domain, unsigned which, vn_guest *guest);

/* xml.c: a document of libvirt's, parsed as it comes from outside: no network, no entities. NULL:
 * it is none. */
xmlDoc *virt_xml_parse(const char *bytes, size_t size);
void virt_xml_free_at(xmlDoc **doc);
#define VIRT_XML __attribute__((cleanup(virt_xml_free_at))) xmlDoc *
xmlNode *virt_xml_child(const xmlNode *parent, const char *name); /* parent may be NULL */
xmlNode *virt_xml_next(const xmlNode *node, const char *name);
#define VN_XML_EACH(node, parent, name)                                                            \
	for (xmlNode *node = virt_xml_child((parent), (name)); node;                               \
	     node = virt_xml_next(node, (name)))
/* The value of an attribute, or (attr NULL) the text of the element; NULL if there is none.
 * Borrowed from the document. */
const char *virt_xml_get(const xmlNode *node, const char *attr);
/* The same as a number: decimal, or hexadecimal behind "0x". */
bool virt_xml_uint(const xmlNode *node, const char *attr, uint64_t max, uint64_t *ret);
/* The element's text with its unit, in KiB. */
bool virt_xml_kib(const xmlNode *node, uint64_t *ret);

#endif
