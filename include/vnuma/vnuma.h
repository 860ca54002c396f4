/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libvnuma in one include. The flow: vn_host_read, vn_request_parse_xml, vn_place, vn_render_xml.
 */
#ifndef VNUMA_VNUMA_H
#define VNUMA_VNUMA_H

#include "vnuma/base.h"
#include "vnuma/doctor.h"
#include "vnuma/fleet.h"
#include "vnuma/fleet_advice.h"
#include "vnuma/guest.h"
#include "vnuma/host.h"
#include "vnuma/place.h"
#include "vnuma/render.h"
#include "vnuma/running.h"
#include "vnuma/sim.h"

#endif
