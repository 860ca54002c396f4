/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writers: a placement as libvirt XML, QEMU arguments, JSON, table and picture; a host as table and
 * picture; the guests that run on it. Everything is appended to a vn_text; nothing is printed. */
#ifndef VNUMA_RENDER_H
#define VNUMA_RENDER_H

#include "vnuma/doctor.h"
#include "vnuma/running.h"

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

/* The same for the first of n placements, best first, with all n under "alternatives". */
int vn_render_json_alternatives(const vn_host *host, const vn_request *request,
				const vn_placement *placements, uint32_t n, vn_text *ret,
				vn_error *err);

/* The k best placements: their nodes, the parts of their cost, and the first part by which each is
 * behind the best. */
int vn_render_alternatives(const vn_host *host, const vn_placement *placements, uint32_t n,
			   const vn_style *style, vn_text *ret, vn_error *err);

/* What vn_place explained. A refusal (placement NULL): per node what was asked and what was there.
 * Else why this place: what it costs. */
int vn_render_explain(const vn_host *host, const vn_request *request, const vn_placement *placement,
		      const vn_explain *explain, const vn_style *style, vn_text *ret,
		      vn_error *err);

/* For each cell of a placement, why it is not on one of the other nodes. */
int vn_render_others(const vn_host *host, const vn_request *request,
		     const vn_place_options *options, const vn_placement *placement,
		     const vn_style *style, vn_text *ret, vn_error *err);

/* What would help a refused guest, one line for each. What is NULL was not asked. */
typedef struct vn_advice {
	const vn_shortfall *shortfall;
	const vn_most *most;
	const vn_moves *moves;
	const char *const *names; /* of the residents that `moves` is about */
} vn_advice;
int vn_render_advice(const vn_host *host, const vn_request *request, const vn_advice *advice,
		     const vn_style *style, vn_text *ret, vn_error *err);

/* ---- what runs ---- */

typedef struct vn_show {
	const vn_running *running; /* accounted: vn_running_account */
	const vn_running *before;  /* the same some time ago: waits are since then; NULL: since each
				      thread began */
	uint64_t interval_ms;	   /* between both */
	const char *const *names;  /* only these guests; NULL: all that are not off */
	size_t n_names;
	const char *note; /* how the guests were found, when libvirt did not tell; NULL: it did */
} vn_show;

/* Guests with the CPUs that each of their threads may use, their memory by node, and the host's
 * nodes with what is taken. */
int vn_render_show_table(const vn_show *show, const vn_style *style, vn_text *ret, vn_error *err);
/* {"schema":"vnuma/show/1", ...}, docs/show.schema.json */
int vn_render_show_json(const vn_show *show, vn_text *ret, vn_error *err);
int vn_render_show_svg(const vn_show *show, vn_text *ret, vn_error *err);

/* ---- the doctor ---- */

/* For people: the host, then guest by guest; `all` lists each check that passed too. */
int vn_render_doctor(const vn_diagnosis *diagnosis, bool all, const vn_style *style, vn_text *ret,
		     vn_error *err);
/* {"schema":"vnuma/doctor/1", "findings":[{"id","name","status","guest",...}], ...} */
int vn_render_doctor_json(const vn_diagnosis *diagnosis, vn_text *ret, vn_error *err);
/* What a check is; NULL: all of them. As JSON: {"schema":"vnuma/doctor-checks/1", "checks":[...]}
 */
int vn_render_doctor_explain(const vn_check *check, const vn_style *style, vn_text *ret,
			     vn_error *err);
int vn_render_doctor_explain_json(const vn_check *check, vn_text *ret, vn_error *err);
/* ---- what was measured ---- */

int vn_render_measure_table(const vn_measurement *measured, const vn_host *host,
			    const vn_style *style, vn_text *ret, vn_error *err);
/* Two heat maps: latency and bandwidth, the better the lighter. */
int vn_render_measure_svg(const vn_measurement *measured, const vn_host *host, vn_text *ret,
			  vn_error *err);

#endif
