/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writers: a placement as libvirt XML, QEMU arguments, JSON, table and picture; a host as table and
 * picture. Everything is appended to a vn_text; nothing is printed. */
#ifndef VNUMA_RENDER_H
#define VNUMA_RENDER_H

#include "vnuma/place.h"

/* How text for a terminal looks. */
typedef struct vn_style {
	bool color;	  /* ANSI colours */
	bool utf8;	  /* box drawing and block characters; else ASCII */
	uint32_t columns; /* width of the terminal; 0 = 80 */
} vn_style;

/* The owner's document with the placement written into it, in place: what is not placement stays
 * byte for byte. A request without a document gives a small new one. */
int vn_render_xml(const vn_host *host, const vn_request *request, const vn_placement *placement,
		  vn_text *ret, vn_error *err);

/* QEMU arguments, one option with its value per line, a backslash at the end of all but the last:
 * only those that placement decides (-smp, -m, -object, -numa, -overcommit, -device pxb-pcie ...).
 * Comment lines before them name the taskset pins that QEMU itself cannot set. */
int vn_render_qemu(const vn_host *host, const vn_request *request, const vn_placement *placement,
		   vn_text *ret, vn_error *err);

/* {"schema":"vnuma/placement/1", "placement":[{"guest_cell","host_cell","pins",...}], ...} */
int vn_render_json(const vn_host *host, const vn_request *request, const vn_placement *placement,
		   vn_text *ret, vn_error *err);

/* For people: where each cell went, and a text picture of the host with the guest in it. */
int vn_render_table(const vn_host *host, const vn_request *request, const vn_placement *placement,
		    const vn_style *style, vn_text *ret, vn_error *err);

/* A picture; request and placement NULL: the host alone. */
int vn_render_svg(const vn_host *host, const vn_request *request, const vn_placement *placement,
		  vn_text *ret, vn_error *err);

/* The host as a table with its picture. */
int vn_render_host_table(const vn_host *host, const vn_style *style, vn_text *ret, vn_error *err);

/* What vn_place explained. A refusal (placement NULL): per node what was asked and what was there.
 * Else why this place: what it costs. */
int vn_render_explain(const vn_host *host, const vn_request *request, const vn_placement *placement,
		      const vn_explain *explain, const vn_style *style, vn_text *ret,
		      vn_error *err);

#endif
