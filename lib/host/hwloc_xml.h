/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * hwloc XML with or without the /sys that it was made from. */
#ifndef VN_HOST_HWLOC_XML_H
#define VN_HOST_HWLOC_XML_H

#include "host/build.h"

#include <libxml/tree.h>

/* Read <topology version="2.x">. sysfs: an open folder with sys/ (sysfs.h) for what hwloc does not
 * give, or -1. */
int vn_hwloc_xml_read(const char *source, const xmlNode *root, int sysfs, vn_host **ret,
		      vn_error *err);

/* hwloc_xml_values.c: <distances2> and <memattr>. */
int vn_hwloc_xml_distances(vn_host *host, const char *source, const xmlNode *root, vn_error *err);
int vn_hwloc_xml_memattrs(vn_host *host, const char *source, const xmlNode *root, vn_error *err);
/* hwloc_xml_devices.c: the PCIDev objects below `root`. */
int vn_hwloc_xml_devices(vn_host *host, const char *source, const xmlNode *root, vn_error *err);

#endif
