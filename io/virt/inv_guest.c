/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One guest: its state, its domain XML read twice (as libvirt reads it, and as a plan begins), its
 * threads, and what its balloon says. */
#include "virt/inventory.h"

#include <stdlib.h>
#include <string.h>

static enum vn_guest_state state_of(virDomainPtr domain)
{
	int state = VIR_DOMAIN_NOSTATE, reason;

	if (virDomainIsActive(domain) != 1)
		return VN_GUEST_OFF;
	if (virDomainGetState(domain, &state, &reason, 0) < 0)
		return VN_GUEST_RUNNING;
	return state == VIR_DOMAIN_PAUSED || state == VIR_DOMAIN_PMSUSPENDED ? VN_GUEST_PAUSED
									     : VN_GUEST_RUNNING;
}

static char *keep(vn_running *running, const char *text)
{
	return vn_arena_strndup(running->arena, text, strlen(text));
}

static int no_memory(vn_error *err)
{
	return vn_fail(err, VN_E_NOMEM, "no memory for the guests");
}

/* ---- the document ---- */

static int parse(vn_guest *guest, const char *xml, vn_error *err)
{
	int r = vn_request_parse_xml_as_is(guest->name, xml, strlen(xml), &guest->config,
					   &guest->unreadable);

	if (r == VN_OK)
		r = vn_request_parse_xml(guest->name, xml, strlen(xml), &guest->policy,
					 &guest->unreadable);
	if (r == VN_E_NOMEM)
		return vn_fail(err, r, "%s", guest->unreadable.text);
	return VN_OK;
}

static int read_document(vn_virt *virt, virDomainPtr domain, vn_guest *guest, vn_error *err)
{
	VIRT_STRING xml = virDomainGetXMLDesc(domain, 0);

	if (!xml) {
		virt_fail(virt, &guest->unreadable, "the XML of guest '%.80s'", guest->name);
		guest->unreadable.source = NULL; /* the connection may end before the inventory */
		return VN_OK;
	}
	return parse(guest, xml, err);
}

/* ---- memory statistics ---- */

static void read_memory(virDomainPtr domain, vn_guest *guest)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	int n = virDomainMemoryStats(domain, stats, VN_LEN(stats), 0);
	bool unused = false, available = false;

	for (int i = 0; i < n; i++) {
		switch (stats[i].tag) {
		case VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON:
			guest->balloon_known = true;
			guest->balloon_kib = stats[i].val;
			break;
		case VIR_DOMAIN_MEMORY_STAT_RSS:
			guest->rss_known = true;
			guest->rss_kib = stats[i].val;
			break;
		case VIR_DOMAIN_MEMORY_STAT_UNUSED:
			unused = true;
			guest->guest_unused_kib = stats[i].val;
			break;
		case VIR_DOMAIN_MEMORY_STAT_AVAILABLE:
			available = true;
			guest->guest_available_kib = stats[i].val;
			break;
		default: break;
		}
	}
	guest->guest_stats_known = unused && available;
}

/* libvirt's test driver makes them up. */
static bool tells_memory(const vn_virt *virt)
{
	const char *type = virConnectGetType(virt->conn);

	return type && !strcasecmp(type, "QEMU");
}

/* ---- the guest ---- */

int virt_read_guest(vn_virt *virt, virDomainPtr domain, unsigned which, vn_running *running,
		    vn_guest *guest, vn_error *err)
{
	const char *name = virDomainGetName(domain);
	char uuid[VIR_UUID_STRING_BUFLEN] = "";
	int r;

	virDomainGetUUIDString(domain, uuid);
	*guest = (vn_guest){ .name = keep(running, name ? name : ""), .uuid = keep(running, uuid) };
	if (!guest->name || !guest->uuid)
		return no_memory(err);
	guest->state = state_of(domain);
	if ((r = read_document(virt, domain, guest, err)) < 0)
		return r;
	if (guest->state == VN_GUEST_OFF)
		return VN_OK;
	if ((r = virt_read_threads(virt, domain, which, running, guest, err)) < 0)
		return r;
	guest->no_threads.source = NULL;
	if (tells_memory(virt))
		read_memory(domain, guest);
	return VN_OK;
}
