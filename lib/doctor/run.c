/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Runs every check, the host's first, then those of each guest, in the order of the table. A check
 * that reported nothing has passed. */
#include <stdio.h>
#include <string.h>

#include "doctor/look.h"

/* In the order of vn_checks. */
static vn_check_run *const runs[] = {
	vn_check_wide,		    /* VN001 */
	vn_check_floating,	    /* VN002 */
	vn_check_apart,		    /* VN003 */
	vn_check_cell_spread,	    /* VN004 */
	vn_check_node_memory,	    /* VN005 */
	vn_check_node_pages,	    /* VN006 */
	vn_check_pools,		    /* VN007 */
	vn_check_threads,	    /* VN008 */
	vn_check_sockets,	    /* VN009 */
	vn_check_topology,	    /* VN010 */
	vn_check_overcommitted,	    /* VN011 */
	vn_check_core_shared,	    /* VN012 */
	vn_check_emulator,	    /* VN013 */
	vn_check_iothreads,	    /* VN014 */
	vn_check_devices,	    /* VN015 */
	vn_check_device_buses,	    /* VN016 */
	vn_check_placement_auto,    /* VN017 */
	vn_check_numad,		    /* VN018 */
	vn_check_balancing,	    /* VN019 */
	vn_check_ksm,		    /* VN020 */
	vn_check_thp,		    /* VN021 */
	vn_check_zone_reclaim,	    /* VN022 */
	vn_check_swap,		    /* VN023 */
	vn_check_locked,	    /* VN024 */
	vn_check_isolated,	    /* VN025 */
	vn_check_cgroup,	    /* VN026 */
	vn_check_interrupts,	    /* VN027 */
	vn_check_governor,	    /* VN028 */
	vn_check_memory_nodes,	    /* VN029 */
	vn_check_uneven,	    /* VN030 */
	vn_check_cache,		    /* VN031 */
	vn_check_partial_cells,	    /* VN032 */
	vn_check_missing_cpus,	    /* VN033 */
	vn_check_memory_modes,	    /* VN034 */
	vn_check_drift,		    /* VN035 */
	vn_check_housekeeping,	    /* VN036 */
	vn_check_locked_growing,    /* VN037 */
	vn_check_distances,	    /* VN038 */
	vn_check_memory_devices,    /* VN039 */
	vn_check_planned_elsewhere, /* VN040 */
	vn_check_helpers,	    /* VN041 */
	vn_check_resctrl,	    /* VN042 */
};
static_assert(VN_LEN(runs) == VN_CHECK_COUNT, "a function for every check");

static void say_how_many_more(vn_look *look, vn_finding *last)
{
	VN_AUTO_TEXT text = VN_TEXT_INIT;
	char *kept;

	vn_text_addf(&text, "%s; %u more like this", last->evidence,
		     look->reported - VN_FINDINGS_EACH_MAX);
	kept = text.failed ? NULL : vn_arena_strndup(look->arena, text.bytes, text.len);
	look->no_memory |= !kept;
	last->evidence = kept ? kept : "";
}

static void run_one(vn_look *look, size_t number, const vn_subject *subject)
{
	uint32_t first = look->n;

	look->check = &vn_checks[number];
	look->subject = subject;
	look->reported = 0;
	if (subject && !subject->config)
		vn_look_skip(look, "its XML cannot be read%s%s",
			     subject->guest->unreadable.code ? ": " : "",
			     subject->guest->unreadable.text);
	else
		runs[number](look, subject);
	if (!look->reported)
		vn_look_find(look, VN_CHECK_PASS, -1, "%s", "");
	for (uint32_t i = first; i < look->n; i++)
		vn_look_write_remedies(look, &look->findings[i]);
	if (look->reported > VN_FINDINGS_EACH_MAX && look->n > first)
		say_how_many_more(look, &look->findings[look->n - 1]);
}

static void run_all(vn_look *look)
{
	for (size_t i = 0; i < VN_CHECK_COUNT; i++)
		if (!vn_checks[i].of_guest)
			run_one(look, i, NULL);
	for (uint32_t g = 0; g < look->n_subjects; g++) {
		look->repinned = (vn_cpuset){ 0 };
		for (size_t i = 0; look->subjects[g].examined && i < VN_CHECK_COUNT; i++)
			if (vn_checks[i].of_guest)
				run_one(look, i, &look->subjects[g]);
	}
}

static int mark_examined(const vn_look *look, vn_diagnosis *to, vn_error *err)
{
	to->examined =
		vn_arena_alloc(to->arena, look->running->n_guests + 1, sizeof(*to->examined));
	if (!to->examined)
		return vn_fail(err, VN_E_NOMEM, "no memory for the findings");
	for (uint32_t g = 0; g < look->n_subjects; g++) {
		to->examined[look->subjects[g].index] = look->subjects[g].examined;
		to->n_guests += look->subjects[g].examined;
	}
	return VN_OK;
}

int vn_doctor_run(const vn_running *running, const vn_doctor_options *options, vn_diagnosis **ret,
		  vn_error *err)
{
	VN_AUTO(vn_arena)
	arena = vn_arena_new();
	vn_diagnosis *diagnosis = arena ? vn_arena_alloc(arena, 1, sizeof(*diagnosis)) : NULL;
	vn_look *look = arena ? vn_arena_alloc(arena, 1, sizeof(*look)) : NULL;
	int r;

	assert(running->host);
	if (!diagnosis || !look)
		return vn_fail(err, VN_E_NOMEM, "no memory for the findings");
	look->arena = diagnosis->arena = arena;
	if ((r = vn_look_at(running, options ? options->examine : NULL, look, err)) < 0)
		return r;
	run_all(look);
	if (look->no_memory)
		return vn_fail(err, VN_E_NOMEM, "no memory for the findings");
	if ((r = mark_examined(look, diagnosis, err)) < 0)
		return r;
	diagnosis->running = running;
	diagnosis->n = look->n;
	diagnosis->findings = look->findings;
	memcpy(diagnosis->counts, look->counts, sizeof(diagnosis->counts));
	*ret = diagnosis;
	(void)VN_STEAL(arena);
	return VN_OK;
}

void vn_diagnosis_free(vn_diagnosis *diagnosis)
{
	if (diagnosis)
		vn_arena_free(diagnosis->arena);
}
