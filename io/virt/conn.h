/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the files of io/virt share: the connection itself, and how a call is made on it. */
#ifndef VN_VIRT_CONN_H
#define VN_VIRT_CONN_H

#include "virt/virt.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

struct vn_virt {
	virConnectPtr conn;
	char *wanted; /* the URI that was asked for; NULL: libvirt's default */
	char *uri;
	enum vn_virt_access access;
	bool reopened;	 /* once is all */
	virErrorPtr why; /* of the last failure, kept while the connection was looked at; or NULL */
};

/* What libvirt said last, as an error about `what` ("guest 'web'"). */
int virt_fail(const vn_virt *virt, vn_error *err, const char *format, ...) VN_PRINTF(3, 4);

/* Keep libvirt's last error: any later call of it, freeing a handle too, forgets it. */
void virt_keep_error(vn_virt *virt);

/* The last failure had this code of libvirt's (VIR_ERR_NO_DOMAIN). */
bool virt_has_failed_as(const vn_virt *virt, int code);

/* The connection was lost and there is a new one: what failed can be tried again. */
bool virt_is_new(vn_virt *virt);

/* Call act(connection, arg), which returns a negative number when libvirt failed; again on a new
 * connection if the old one is lost. */
typedef int virt_act(virConnectPtr conn, void *arg);
int virt_call(vn_virt *virt, virt_act *act, void *arg);

/* The same on a guest; `once`: not again. `what` is what failed, in words: "be started". */
typedef int virt_domain_act(virDomainPtr domain, void *arg);
int virt_on_guest(vn_virt *virt, const char *name, virt_domain_act *act, void *arg, bool once,
		  const char *what, vn_error *err);

/* Handles of libvirt that end with their scope. */
static inline void virt_domain_free_at(virDomainPtr *domain)
{
	if (*domain)
		virDomainFree(*domain);
}
#define VIRT_DOMAIN __attribute__((cleanup(virt_domain_free_at))) virDomainPtr
void virt_string_free(char **string);
#define VIRT_STRING __attribute__((cleanup(virt_string_free))) char *

/* CPU maps of libvirt: bit i of byte i/8. */
vn_cpuset virt_cpus_of(const unsigned char *map, int bytes);
enum { VIRT_MAP_BYTES = VN_CPU_MAX / 8 };
/* ret: [VIRT_MAP_BYTES]; returns how many of them are needed. */
int virt_map_of(const vn_cpuset *cpus, unsigned char *ret);

unsigned virt_flags(unsigned affect); /* VIR_DOMAIN_AFFECT_... */

#endif
