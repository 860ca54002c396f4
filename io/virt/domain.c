/* SPDX-License-Identifier: LGPL-2.1-or-later
 * One guest: found, its documents, its life. */
#include "virt/conn.h"

#include <stdlib.h>
#include <string.h>

/* ---- find ---- */

struct find {
	const char *name;
	vn_virt_guest *ret;
	bool too_long;
};

static int describe(virDomainPtr domain, struct find *find)
{
	const char *name = virDomainGetName(domain);
	int running = virDomainIsActive(domain), persistent = virDomainIsPersistent(domain);

	if (!name || running < 0 || persistent < 0)
		return -1;
	find->too_long = strlen(name) >= sizeof(find->ret->name);
	if (find->too_long)
		return 0;
	*find->ret = (vn_virt_guest){ .running = running, .persistent = persistent };
	memcpy(find->ret->name, name, strlen(name));
	return virDomainGetUUIDString(domain, find->ret->uuid);
}

static int find_guest(virConnectPtr conn, void *arg)
{
	struct find *find = arg;
	VIRT_DOMAIN domain = virDomainLookupByName(conn, find->name);

	if (!domain && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
		domain = virDomainLookupByUUIDString(conn, find->name);
	/* of what is no UUID libvirt says so: that there is no such name is what counts */
	if (!domain && virGetLastErrorCode() == VIR_ERR_INVALID_ARG)
		domain = virDomainLookupByName(conn, find->name);
	return domain ? describe(domain, find) : -1;
}

int vn_virt_find(vn_virt *virt, const char *name, vn_virt_guest *ret, vn_error *err)
{
	vn_virt_guest guest;
	struct find find = { name, &guest, false };

	if (virt_call(virt, find_guest, &find) < 0) {
		if (virt_has_failed_as(virt, VIR_ERR_NO_DOMAIN))
			return vn_fail_line(err, VN_E_INPUT, virt->uri, 0, 0,
					    "there is no guest '%.120s'", name);
		return virt_fail(virt, err, "guest '%.80s'", name);
	}
	if (find.too_long)
		return vn_fail_line(err, VN_E_RANGE, virt->uri, 0, 0,
				    "the name of guest '%.80s...' has over %zu bytes", name,
				    sizeof(ret->name) - 1);
	*ret = guest;
	return VN_OK;
}

/* ---- documents ---- */

struct document {
	unsigned int flags;
	char *xml;
};

static int get_xml(virDomainPtr domain, void *arg)
{
	struct document *document = arg;

	document->xml = virDomainGetXMLDesc(domain, document->flags);
	return document->xml ? 0 : -1;
}

int vn_virt_xml(vn_virt *virt, const char *name, enum vn_virt_document which, vn_text *ret,
		vn_error *err)
{
	struct document document = { 0 };
	int r;

	if (which == VN_VIRT_DEFINED_XML)
		document.flags = VIR_DOMAIN_XML_INACTIVE;
	/* a connection that only reads is not told the passwords */
	if (which == VN_VIRT_DEFINED_XML && virt->access == VN_VIRT_CHANGE)
		document.flags |= VIR_DOMAIN_XML_SECURE;
	r = virt_on_guest(virt, name, get_xml, &document, false, "show its XML", err);
	if (r < 0)
		return r;
	vn_text_add(ret, document.xml);
	free(document.xml);
	return vn_text_done(ret, err);
}

/* ---- life ---- */

static int define(virConnectPtr conn, void *arg)
{
	VIRT_DOMAIN domain = virDomainDefineXMLFlags(conn, arg, 0);

	return domain ? 0 : -1;
}

int vn_virt_define(vn_virt *virt, const char *name, const char *xml, vn_error *err)
{
	if (virt_call(virt, define, (void *)(uintptr_t)xml) >= 0)
		return VN_OK;
	return virt_fail(virt, err, "guest '%.80s' cannot be defined", name);
}

/* libvirt's test driver starts no guest paused: there it is stopped right afterwards. */
static bool starts_no_paused(void)
{
	return virGetLastErrorCode() == VIR_ERR_INVALID_ARG;
}

static int start(virDomainPtr domain, void *arg)
{
	(void)arg;
	if (virDomainCreateWithFlags(domain, VIR_DOMAIN_START_PAUSED) == 0)
		return 0;
	if (!starts_no_paused() || virDomainCreate(domain) < 0)
		return -1;
	return virDomainSuspend(domain);
}

int vn_virt_start(vn_virt *virt, const char *name, vn_error *err)
{
	return virt_on_guest(virt, name, start, NULL, true, "be started", err);
}

struct create {
	const char *xml;
	bool done;
};

/* Not twice: a guest of that name would be in its own way. */
static int create(virConnectPtr conn, void *arg)
{
	struct create *what = arg;
	VIRT_DOMAIN domain = NULL;

	if (!what->done) {
		what->done = true;
		domain = virDomainCreateXML(conn, what->xml, VIR_DOMAIN_START_PAUSED);
		if (domain || !starts_no_paused())
			return domain ? 0 : -1;
		domain = virDomainCreateXML(conn, what->xml, 0);
	}
	return domain ? virDomainSuspend(domain) : -1;
}

int vn_virt_create(vn_virt *virt, const char *name, const char *xml, vn_error *err)
{
	struct create what = { xml, false };

	if (virt_call(virt, create, &what) >= 0)
		return VN_OK;
	return virt_fail(virt, err, "guest '%.80s' cannot be started", name);
}

static int resume(virDomainPtr domain, void *arg)
{
	(void)arg;
	return virDomainResume(domain);
}

int vn_virt_resume(vn_virt *virt, const char *name, vn_error *err)
{
	return virt_on_guest(virt, name, resume, NULL, false, "go on", err);
}

static int destroy(virDomainPtr domain, void *arg)
{
	(void)arg;
	return virDomainDestroy(domain);
}

/* What is off, or gone, has ended. */
int vn_virt_destroy(vn_virt *virt, const char *name, vn_error *err)
{
	vn_error why = { 0 };
	int r = virt_on_guest(virt, name, destroy, NULL, false, "be ended", &why);

	if (r == VN_OK || virt_has_failed_as(virt, VIR_ERR_NO_DOMAIN) ||
	    virt_has_failed_as(virt, VIR_ERR_OPERATION_INVALID))
		return VN_OK;
	if (err)
		*err = why;
	return r;
}
