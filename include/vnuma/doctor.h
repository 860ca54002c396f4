/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The doctor: 42 checks of a host and the guests on it. One table says what each check is, for the
 * run, for `vnuma doctor --explain`, for the man page and for the JSON. A check looks at a
 * vn_running and reports findings; nothing is asked of libvirt or the kernel here, and nothing is
 * changed. What is not known makes a check SKIP with the fact that is missing, never PASS. */
#ifndef VNUMA_DOCTOR_H
#define VNUMA_DOCTOR_H

#include "vnuma/running.h"

/* ---- the checks ---- */

/* In the order of how bad it is. */
enum vn_check_status {
	VN_CHECK_PASS, /* looked at, nothing to say; also where it does not concern the guest */
	VN_CHECK_SKIP, /* could not be looked at: `evidence` says which fact is not known */
	VN_CHECK_INFO, /* may be as it should be */
	VN_CHECK_WARN, /* costs performance or predictability */
	VN_CHECK_FAIL, /* the guest does not start, is killed, or does not get what it was promised
			*/
	VN_CHECK_STATUS_COUNT
};
extern const char *const vn_check_status_names[VN_CHECK_STATUS_COUNT]; /* "PASS", ... */

enum { VN_CHECK_COUNT = 42 };

typedef struct vn_check {
	const char *id;		       /* stable: "VN001" */
	const char *name;	       /* stable: "wide-without-cells" */
	bool of_guest;		       /* it is about one guest at a time; else about the host */
	enum vn_check_status severity; /* what it reports at most */
	const char *title;	       /* what is checked, at most 48 bytes: a noun or a clause */
	const char *why;	       /* what goes wrong, and how it is found; a paragraph */
	const char *fix; /* what to do in general; GUEST, CPUS, NODE ... stand for values */
} vn_check;
extern const vn_check vn_checks[VN_CHECK_COUNT];

/* By id ("VN012", case not significant) or name; NULL if there is none. */
const vn_check *vn_check_find(const char *id_or_name);

/* ---- findings ---- */

/* A change that can be made while the guest runs, beside the command that does it. */
enum vn_remedy_kind {
	VN_REMEDY_NONE,
	VN_REMEDY_VCPUPIN,	/* number: the vCPU; cpus */
	VN_REMEDY_EMULATORPIN,	/* cpus */
	VN_REMEDY_IOTHREADPIN,	/* number: the I/O thread; cpus */
	VN_REMEDY_MEMORY_NODES, /* nodes; only for memory in mode 'restrictive' */
	VN_REMEDY_KIND_COUNT
};
typedef struct vn_remedy {
	enum vn_remedy_kind kind;
	uint32_t number;
	vn_cpuset cpus;
	vn_nodeset nodes;
} vn_remedy;

enum vn_fix_kind {
	VN_FIX_NONE,
	VN_FIX_COMMAND, /* one or more shell commands, one on a line */
	VN_FIX_XML,	/* a fragment of the domain XML, to be written with `virsh edit` */
	VN_FIX_WORDS,	/* what to do, in words */
	VN_FIX_KIND_COUNT
};
extern const char *const vn_fix_kind_names[VN_FIX_KIND_COUNT];

typedef struct vn_finding {
	const vn_check *check;
	enum vn_check_status status;
	int32_t guest;	      /* index into running->guests; -1: the host */
	int32_t node;	      /* OS number of the node that it is about; -1: none */
	const char *evidence; /* one sentence with the numbers; "" for PASS */
	enum vn_fix_kind fix_kind;
	const char *fix; /* "" for none */
	uint32_t n_remedies;
	const vn_remedy *remedies; /* what of the fix can be done while the guest runs */
} vn_finding;

/* At most so many findings of one check about one guest are listed, and so many in all; the rest is
 * counted: the last listed one says how many there are besides. */
enum { VN_FINDINGS_EACH_MAX = 8, VN_FINDINGS_MAX = 1 << 18 };

/* What was found. Owns its memory; `running` has to outlive it. */
typedef struct vn_diagnosis {
	vn_arena *arena;
	const vn_running *running;
	uint32_t n;
	const vn_finding *findings; /* the host's first, then guest by guest; by check in each */
	uint32_t counts[VN_CHECK_STATUS_COUNT]; /* of all findings, listed or not */
	uint32_t n_guests;			/* that were examined */
	bool *examined;				/* [running->n_guests] */
} vn_diagnosis;
void vn_diagnosis_free(vn_diagnosis *diagnosis); /* accepts NULL */
VN_DEFINE_AUTO(vn_diagnosis)

typedef struct vn_doctor_options {
	/* Guests to report on, by index: [running->n_guests]; NULL: every one that is not off. A
	 * guest that is off and examined is looked at as if it were started now; the other guests
	 * that are off take nothing. */
	const bool *examine;
} vn_doctor_options;

/* Run every check. running->host is as it was read: vn_running_account has not been called, the
 * checks count for themselves what the guests take.
 * Errors: VN_E_NOMEM. */
int vn_doctor_run(const vn_running *running, const vn_doctor_options *options, vn_diagnosis **ret,
		  vn_error *err);

#endif
