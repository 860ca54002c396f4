/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connection: opened quietly, opened once more when the daemon was restarted, and the errors of
 * libvirt as ours. */
#include "virt/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REOPEN_TRIES = 25, REOPEN_WAIT_MS = 200 };

/* libvirt prints every error to stderr unless it is given a function. */
static void keep_quiet(void *context, virErrorPtr why)
{
	(void)context;
	(void)why;
}

void virt_string_free(char **string)
{
	free(*string);
}

/* ---- errors ---- */

/* What is the caller's to mend is bad input (exit 2); the rest is the system's (3). */
static enum vn_code code_of(int libvirt)
{
	static const struct {
		int libvirt;
		enum vn_code code;
	} codes[] = {
		{ VIR_ERR_NO_DOMAIN, VN_E_INPUT },
		{ VIR_ERR_XML_ERROR, VN_E_SYNTAX },
		{ VIR_ERR_XML_DETAIL, VN_E_SYNTAX },
		{ VIR_ERR_XML_INVALID_SCHEMA, VN_E_SYNTAX },
		{ VIR_ERR_CONFIG_UNSUPPORTED, VN_E_RANGE },
		{ VIR_ERR_INVALID_ARG, VN_E_RANGE },
		{ VIR_ERR_DOM_EXIST, VN_E_INPUT },
		{ VIR_ERR_NO_MEMORY, VN_E_NOMEM },
		{ VIR_ERR_NO_CONNECT, VN_E_INPUT },
	};

	for (size_t i = 0; i < VN_LEN(codes); i++)
		if (codes[i].libvirt == libvirt)
			return codes[i].code;
	return VN_E_SYSTEM;
}

/* libvirt's last error, or the one that was kept when the connection was looked at. */
static const virError *last_error(const vn_virt *virt)
{
	const virError *why = virGetLastError();

	return why && why->code ? why : virt->why;
}

int virt_fail(const vn_virt *virt, vn_error *err, const char *format, ...)
{
	const virError *why = last_error(virt);
	enum vn_code code = code_of(why ? why->code : VIR_ERR_INTERNAL_ERROR);
	char what[160];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return vn_fail_line(err, code, virt->uri, 0, 0, "%s: %s", what,
			    why && why->message ? why->message : "libvirt does not say why");
}

void virt_keep_error(vn_virt *virt)
{
	const virError *now = virGetLastError();

	if (!now || !now->code)
		return;
	virFreeError(virt->why);
	virt->why = virSaveLastError();
}

bool virt_has_failed_as(const vn_virt *virt, int code)
{
	const virError *why = last_error(virt);

	return why && why->code == code;
}

/* ---- open ---- */

/* Nobody is asked for a password: standard output is for the answer. */
static int refuse(virConnectCredentialPtr credentials, unsigned int n, void *context)
{
	(void)credentials;
	(void)n;
	(void)context;
	return -1;
}

static virConnectPtr open_once(const char *uri, enum vn_virt_access access)
{
	virConnectAuth auth = { NULL, 0, refuse, NULL };
	virConnectPtr conn =
		virConnectOpenAuth(uri, &auth, access == VN_VIRT_READ ? VIR_CONNECT_RO : 0);

	if (conn)
		virConnSetErrorFunc(conn, NULL, keep_quiet);
	return conn;
}

/* What a missing daemon or a missing right looks like, in fewer words than libvirt's. */
static int fail_open(const char *uri, vn_error *err)
{
	const virError *why = virGetLastError();

	return vn_fail(err, code_of(why ? why->code : 0), "libvirt%s%s%s cannot be reached: %s",
		       uri ? " at '" : "", uri ? uri : "", uri ? "'" : "",
		       why && why->message ? why->message : "libvirt does not say why");
}

int vn_virt_open(const char *uri, enum vn_virt_access access, vn_virt **ret, vn_error *err)
{
	VN_AUTO(vn_virt) virt = calloc(1, sizeof(*virt));

	if (!virt || (uri && !(virt->wanted = strdup(uri))))
		return vn_fail(err, VN_E_NOMEM, "no memory for the connection");
	virSetErrorFunc(NULL, keep_quiet);
	virt->access = access;
	virt->conn = open_once(uri, access);
	if (!virt->conn)
		return fail_open(uri, err);
	virt->uri = virConnectGetURI(virt->conn);
	if (!virt->uri)
		return fail_open(uri, err);
	*ret = VN_STEAL(virt);
	return VN_OK;
}

void vn_virt_free(vn_virt *virt)
{
	if (!virt)
		return;
	if (virt->conn)
		virConnectClose(virt->conn);
	virFreeError(virt->why);
	free(virt->wanted);
	free(virt->uri);
	free(virt);
}

const char *vn_virt_uri(const vn_virt *virt)
{
	return virt->uri;
}

/* "qemu:///system", "qemu+unix:///session?socket=..." */
bool vn_virt_is_local(const vn_virt *virt)
{
	static const char *const local[] = { "qemu:///", "qemu+unix:///" };

	for (size_t i = 0; i < VN_LEN(local); i++)
		if (!strncmp(virt->uri, local[i], strlen(local[i])))
			return true;
	return false;
}

/* ---- calls ---- */

static bool is_lost(vn_virt *virt)
{
	virt_keep_error(virt);
	return virConnectIsAlive(virt->conn) != 1;
}

/* The daemon that goes down is given five seconds to come up. */
static bool reopen(vn_virt *virt)
{
	const struct timespec wait = { .tv_nsec = REOPEN_WAIT_MS * 1000000L };
	virConnectPtr conn = NULL;

	if (virt->reopened)
		return false;
	virt->reopened = true;
	for (int i = 0; i < REOPEN_TRIES; i++) {
		conn = open_once(virt->wanted, virt->access);
		if (conn)
			break;
		nanosleep(&wait, NULL);
	}
	if (!conn)
		return false;
	virConnectClose(virt->conn);
	virt->conn = conn;
	return true;
}

bool virt_is_new(vn_virt *virt)
{
	return is_lost(virt) && reopen(virt);
}

int virt_call(vn_virt *virt, virt_act *act, void *arg)
{
	int r;

	virFreeError(virt->why);
	virt->why = NULL;
	r = act(virt->conn, arg);
	if (r < 0 && virt_is_new(virt))
		r = act(virt->conn, arg);
	return r;
}

struct on_guest {
	vn_virt *virt;
	const char *name;
	virt_domain_act *act;
	void *arg;
	bool once;
	bool done; /* act has been called */
	bool lost; /* and nobody knows what came of it */
};

static int on_guest(virConnectPtr conn, void *arg)
{
	struct on_guest *on = arg;
	VIRT_DOMAIN domain = NULL;
	int r;

	if (on->once && on->done) {
		on->lost = true;
		return -1;
	}
	domain = virDomainLookupByName(conn, on->name);
	if (!domain)
		return -1;
	on->done = true;
	r = on->act(domain, on->arg);
	if (r < 0)
		virt_keep_error(on->virt); /* before the handle is freed */
	return r;
}

int virt_on_guest(vn_virt *virt, const char *name, virt_domain_act *act, void *arg, bool once,
		  const char *what, vn_error *err)
{
	struct on_guest on = { virt, name, act, arg, once, false, false };

	if (virt_call(virt, on_guest, &on) >= 0)
		return VN_OK;
	if (on.lost)
		return vn_fail_line(err, VN_E_SYSTEM, virt->uri, 0, 0,
				    "the connection was lost while guest '%.80s' was to %s; it is "
				    "not known whether that was done",
				    name, what);
	return virt_fail(virt, err, "guest '%.80s' cannot %s", name, what);
}

/* ---- CPU maps ---- */

vn_cpuset virt_cpus_of(const unsigned char *map, int bytes)
{
	vn_cpuset cpus = { 0 };

	for (int i = 0; i < bytes && i < VIRT_MAP_BYTES; i++)
		for (unsigned bit = 0; bit < 8; bit++)
			if (map[i] >> bit & 1)
				vn_cpuset_add(&cpus, (unsigned)i * 8 + bit);
	return cpus;
}

int virt_map_of(const vn_cpuset *cpus, unsigned char *ret)
{
	int bytes = 1;

	memset(ret, 0, VIRT_MAP_BYTES);
	VN_CPUSET_EACH(cpu, cpus) {
		ret[cpu / 8] = (unsigned char)(ret[cpu / 8] | 1 << cpu % 8);
		bytes = cpu / 8 + 1;
	}
	return bytes;
}

unsigned virt_flags(unsigned affect)
{
	return (affect & VN_VIRT_AFFECT_LIVE ? VIR_DOMAIN_AFFECT_LIVE : 0u) |
	       (affect & VN_VIRT_AFFECT_DEFINED ? VIR_DOMAIN_AFFECT_CONFIG : 0u);
}
