/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the parts of the QEMU writer share. They read the XML that vn_render_xml made, so that both
 * forms of a placement say the same. */
#ifndef VNUMA_RENDER_QEMU_H
#define VNUMA_RENDER_QEMU_H

#include "render/xmledit.h"
#include "vnuma/render.h"

typedef struct vn_qemu {
	const vn_host *host;
	const vn_request *request;
	const vn_placement *placement;
	const xmlNode *domain;
	const xmlNode *devices; /* NULL if there are none */
	vn_text comments;	/* lines that begin with '#' */
	vn_text options;	/* one option with its value per line */
} vn_qemu;

/* Begin a line; the caller appends the rest of it to what is returned. */
vn_text *vn_qemu_option(vn_qemu *qemu);
vn_text *vn_qemu_comment(vn_qemu *qemu);

/* The parts. The document is libvirt's to check: a value that is absent counts as libvirt's
 * default, and one that is malformed as absent. */
void vn_qemu_write_cells(vn_qemu *qemu);   /* -object and -numa */
void vn_qemu_write_memdevs(vn_qemu *qemu); /* DIMMs and their kind */
void vn_qemu_write_buses(vn_qemu *qemu);   /* expander buses and their ports */
void vn_qemu_write_pins(vn_qemu *qemu);	   /* comments */

/* libvirt rounds memory up to whole MiB. */
uint64_t vn_qemu_round_kib(uint64_t kib);
uint64_t vn_qemu_cells_kib(const vn_qemu *qemu); /* the sum of the cells: -m */
uint64_t vn_qemu_size_kib(const xmlNode *node);	 /* text with its unit=; 0 if absent */

#endif
